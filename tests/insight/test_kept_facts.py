"""Kept facts change nothing but the time a report takes."""

from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from crm_core.db import Sessions, unit_of_work
from crm_core.reporting import Report
from insight import kept_facts
from insight.kept_facts import keep_up, tail
from insight.reports import read_report
from tests.support.reported import flat, keep_rules, reach
from tests.support.simulated_day import OPENS_AT, write_events
from tests.support.warehouse import LATER, later_day, question

ASKED = question(0, 3)


async def kept_up(sessions: Sessions, batch: int = 7) -> None:
    is_done = False
    while not is_done:
        async with unit_of_work(sessions) as session:
            is_done = await keep_up(session, LATER, batch)


async def tail_of(sessions: Sessions, as_of: datetime = LATER) -> list[int] | None:
    async with sessions() as session:
        return await tail(session, as_of)


async def report(sessions: Sessions, **only: str) -> Report:
    async with sessions() as session:
        return await read_report(session, reach(), question(0, 3, **only))


async def from_events(sessions: Sessions, **only: str) -> dict[str, object]:
    """As it is without kept facts; they are put back."""
    async with sessions() as session:
        await session.execute(text("delete from report_state"))
        return flat(await read_report(session, reach(), question(0, 3, **only)))


async def test_a_report_is_the_same_from_events_from_kept_facts_and_with_a_tail(sessions: Sessions) -> None:
    await keep_rules(sessions)
    told = [each for number in range(3) for each in later_day(number).told]
    is_late = [place % 4 == 0 and each.event.kind != "conversation_opened" for place, each in enumerate(told)]
    await write_events(sessions, [each for each, late in zip(told, is_late, strict=True) if not late])
    assert await tail_of(sessions) is None
    await kept_up(sessions)
    kept = await report(sessions)
    assert flat(kept) == pytest.approx(await from_events(sessions))
    assert kept.now["first_response_open_p50"].value != kept.now["first_response_p50"].value
    await write_events(sessions, [each for each, late in zip(told, is_late, strict=True) if late])
    changed = await tail_of(sessions)
    assert changed
    for only in ({}, {"queue": "returns"}, {"agent": "1"}):
        assert flat(await report(sessions, **only)) == pytest.approx(await from_events(sessions, **only))
    await kept_up(sessions)
    assert flat(await report(sessions)) == pytest.approx(await from_events(sessions))


async def test_without_the_tail_a_report_would_be_old(sessions: Sessions) -> None:
    """The broken variant: the kept facts alone."""
    await kept_up(sessions)
    await write_events(sessions, later_day(0).told)
    async with sessions() as session:
        await session.execute(text("update report_state set since = 9e15"))
        old = await read_report(session, reach(), ASKED)
    assert old.now["offered"].value == 0
    assert (await report(sessions)).now["offered"].value


async def test_a_transaction_that_ends_late_is_in_the_tail(sessions: Sessions, database_url: str) -> None:
    opened = "insert into event (at, conversation_id, kind, actor) values ('2026-11-23 10:00+00', %s, 'queued', 'bot')"
    with psycopg.connect(database_url) as slow, psycopg.connect(database_url, autocommit=True) as quick:
        slow.execute(opened, [1])
        quick.execute(opened, [2])
        await kept_up(sessions)
        assert (await report(sessions)).now["offered"].value == 1
        slow.commit()
    assert (await report(sessions)).now["offered"].value == 2
    await kept_up(sessions)
    assert (await report(sessions)).now["offered"].value == 2


async def test_a_look_back_is_made_of_the_events(sessions: Sessions) -> None:
    """Kept facts know what happened since."""
    await write_events(sessions, later_day(0).told)
    await kept_up(sessions)
    assert await tail_of(sessions, OPENS_AT + timedelta(hours=1)) is None


async def test_a_tail_that_is_too_long_is_made_of_the_events(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_facts, "LONGEST_TAIL", 3)
    await kept_up(sessions)
    await write_events(sessions, later_day(0).told)
    assert await tail_of(sessions) is None
