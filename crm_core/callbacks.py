"""Calling back: the place in line is kept, and the call is put where the load is low."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import JsonObject
from crm_core.events import CONTACT, Event, EventKind, record
from crm_core.routing_rules import Rules
from crm_core.signals import Signal, Topic, publish
from crm_core.sla_clocks import terms_of
from crm_core.states import AgentState, ConversationState

QUARTER = timedelta(minutes=15)
MOST_QUARTERS = 200  # looked at before the first one is taken after all
CALLS_AN_AGENT = 0.5  # of calls back in a quarter of an hour: the rest of their time belongs to who waits now

# When a call to this queue may be promised, from `now` on. The forecast's troughs take the place of the default.
Trough = Callable[[AsyncSession, datetime, Rules, str], Awaitable[datetime]]


async def quarter_with_room(session: AsyncSession, now: datetime, rules: Rules, queue_key: str) -> datetime:
    """The next quarter of an hour that is open and in which not enough calls are promised yet."""
    hours, booked = rules.hours(queue_key), await _booked(session, now, queue_key)
    room = max(1, int(await _agents(session, rules, queue_key) * CALLS_AN_AGENT))
    first = hours.next_open(_next_quarter(now)) or _next_quarter(now)
    quarter: datetime | None = first.astimezone(UTC)
    for _ in range(MOST_QUARTERS):
        if quarter is None:
            break
        if booked.get(quarter, 0) < room:
            return quarter
        quarter = hours.next_open(quarter + QUARTER)
        quarter = None if quarter is None else quarter.astimezone(UTC)
    return first


def _next_quarter(now: datetime) -> datetime:
    begun_s = now.timestamp() // QUARTER.total_seconds() * QUARTER.total_seconds()
    return datetime.fromtimestamp(begun_s, UTC) + QUARTER


async def _booked(session: AsyncSession, now: datetime, queue_key: str) -> dict[datetime, int]:
    conversation = models.Conversation
    statement = (
        select(conversation.callback_at, func.count())
        .where(
            conversation.queue_key == queue_key, conversation.callback_at >= now,
            conversation.state != ConversationState.CLOSED,
        )
        .group_by(conversation.callback_at)
    )  # fmt: skip
    return {at: number for at, number in await session.execute(statement) if at is not None}


async def _agents(session: AsyncSession, rules: Rules, queue_key: str) -> int:
    teams = rules.teams(queue_key)
    statement = select(models.User.teams).where(
        models.User.state == AgentState.AVAILABLE, models.User.disabled_at.is_(None)
    )
    return sum(1 for theirs in await session.scalars(statement) if not teams.isdisjoint(theirs))


async def book_callback(
    session: AsyncSession, now: datetime, conversation: models.Conversation, trough: Trough = quarter_with_room
) -> datetime:
    """For who stands in line: they keep their place, and are offered from the promised moment on."""
    terms = await terms_of(session, conversation)
    queue_key = conversation.queue_key or ""
    at = await trough(session, now, terms.rules, queue_key)
    conversation.callback_at = at
    await session.flush()
    detail: JsonObject = {"queue": queue_key, "callback_at_s": at.timestamp()}
    requested = Event(EventKind.CALLBACK_REQUESTED, CONTACT, conversation.id, conversation.contact_id, detail)
    await record(session, now, [requested])
    await publish(session, Signal(Topic.LINE, conversation.id))
    return at
