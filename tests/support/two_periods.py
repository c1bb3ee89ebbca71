"""Three weeks before a bot and three weeks with it: the same simulated day again and again, told of later days."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from crm_core.db import Sessions
from crm_core.events import EventKind
from insight.simulated_events import Told
from tests.support.simulated_day import OPENS_AT, simulated_day, write_events

DAYS = 21
SEEDS = 4
INTRODUCED = OPENS_AT.date() - timedelta(days=DAYS)
FIRST, LAST_BEFORE = INTRODUCED - timedelta(days=DAYS), INTRODUCED - timedelta(days=1)
LAST = OPENS_AT.date() - timedelta(days=1)
APART = 10_000  # conversations of one day
BY_BOT = frozenset({EventKind.INTENT_RECOGNISED, EventKind.BOT_REPLIED})


async def write_two_periods(sessions: Sessions) -> None:
    drawn = [simulated_day(seed, 40, first_id=1_000_000).told for seed in range(SEEDS)]
    for number in range(2 * DAYS):
        day = drawn[number % SEEDS]
        told = day if number >= DAYS else _without_bot(day)
        await write_events(sessions, [_moved(each, number) for each in told])


def _without_bot(told: Sequence[Told]) -> list[Told]:
    """Only those who came to people, without what the bot said."""
    human = {each.event.conversation_id for each in told if each.event.kind is EventKind.QUEUED}
    return [
        each for each in told
        if each.event.kind not in BY_BOT and (each.event.conversation_id is None or each.event.conversation_id in human)
    ]  # fmt: skip


def _moved(each: Told, number: int) -> Told:
    ids = each.event.conversation_id
    event = replace(
        each.event, conversation_id=None if ids is None else ids + number * APART,
        contact_id=None if ids is None else ids + number * APART,
    )  # fmt: skip
    return replace(each, at=each.at - timedelta(days=2 * DAYS - number), event=event)
