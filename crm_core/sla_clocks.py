"""Running promises: started, paused and met with what causes it; warned of and broken by jobs at the very moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId, JsonObject
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.models_routing import SlaClock
from crm_core.routing_rules import Rules, read_rules
from crm_core.routing_values import Load, load_of
from crm_core.signals import Signal, Topic, publish
from crm_core.sla import CALENDAR_TIME, Clock, ClockKind, Target

RESPONSES = (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE)


class Moment(StrEnum):
    """What a timer is for."""

    WARN = "warn"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules, and the kind of contact they are asked for."""

    rules: Rules
    load: Load


async def terms_of(session: AsyncSession, conversation: models.Conversation) -> Terms:
    channel = await session.scalar(select(models.Inbox.channel).where(models.Inbox.id == conversation.inbox_id))
    load = load_of(channel or "")
    if load is Load.CHAT and conversation.left_at is not None:  # nobody sits there and waits
        load = Load.MAIL
    return Terms(await read_rules(session), load)


async def start_clock(
    session: AsyncSession, now: datetime, conversation: models.Conversation, kind: ClockKind, terms: Terms
) -> None:
    """Nothing where nothing is promised, or where this promise runs already."""
    queue_key, rules = conversation.queue_key or "", terms.rules
    target, policy = rules.target(queue_key, kind, terms.load), rules.policy(queue_key)
    if target is None or policy is None:
        return
    due_at = Clock(now).due_at(target)
    row = insert(SlaClock).values(
        conversation_id=conversation.id, kind=kind.value, policy=policy.key, queue_key=queue_key,
        target_s=target.seconds, started_at=now, running_since=now, due_at=due_at,
    )  # fmt: skip
    clock = await session.scalar(row.on_conflict_do_nothing().returning(SlaClock))
    if clock is not None:
        await _tell(session, now, conversation, EventKind.SLA_STARTED, clock)
        await _set_timers(session, now, clock, target)


async def end_clocks(
    session: AsyncSession, now: datetime, conversation: models.Conversation, kinds: Collection[ClockKind]
) -> None:
    """What was promised has happened, in time or late; a late one has told so when it broke."""
    for clock in await _running(session, conversation.id, kinds):
        clock.ended_at, clock.running_since = now, None
        if clock.breached_at is None:
            await _tell(session, now, conversation, EventKind.SLA_MET, clock)
    await session.flush()


async def customer_wrote(session: AsyncSession, now: datetime, conversation: models.Conversation) -> None:
    """To a person: the next reply is due, and a paused resolution goes on."""
    terms = await terms_of(session, conversation)
    if not await _running(session, conversation.id, RESPONSES):
        await start_clock(session, now, conversation, ClockKind.NEXT_RESPONSE, terms)
    for clock in await _running(session, conversation.id, (ClockKind.RESOLUTION,)):
        if clock.running_since is None:
            target, going = _target(clock, terms), _clock(clock).resume(now)
            clock.running_since, clock.due_at = going.running_since, going.due_at(target)
            await session.flush()
            await _set_timers(session, now, clock, target)


async def person_replied(session: AsyncSession, now: datetime, conversation: models.Conversation) -> None:
    """The reply is given; now the customer is waited for, and that time is not ours."""
    await end_clocks(session, now, conversation, RESPONSES)
    running = await _running(session, conversation.id, (ClockKind.RESOLUTION,))
    terms = await terms_of(session, conversation) if running else None
    for clock in running:
        if terms is not None and clock.running_since is not None:
            paused = _clock(clock).pause(_target(clock, terms), now)
            clock.running_since, clock.spent_s, clock.due_at = None, paused.spent_s, None
    await session.flush()


async def timer_fired(
    session: AsyncSession, now: datetime, conversation: models.Conversation, clock_id: int, moment: Moment
) -> SlaClock | None:
    """The clock that broke just now; None when there was only to warn, or nothing any more.

    A timer of before a pause finds its clock not due and does nothing.
    """
    clock = await session.get(SlaClock, clock_id, with_for_update=True, populate_existing=True)
    if clock is None or clock.ended_at is not None or clock.running_since is None or clock.breached_at is not None:
        return None
    target = _target(clock, await terms_of(session, conversation))
    going = _clock(clock)
    due_at, warn_at = going.due_at(target), going.warn_at(target)
    if moment is Moment.DUE and due_at is not None and due_at <= now:
        clock.breached_at = now
        return await _told(session, now, conversation, EventKind.SLA_BREACHED, clock)
    if moment is Moment.WARN and clock.warned_at is None and warn_at is not None and warn_at <= now:
        clock.warned_at = now
        await _told(session, now, conversation, EventKind.SLA_WARNED, clock)
    return None


async def _told(
    session: AsyncSession, now: datetime, conversation: models.Conversation, kind: EventKind, clock: SlaClock
) -> SlaClock:
    await session.flush()
    await _tell(session, now, conversation, kind, clock)
    await publish(session, Signal(Topic.CONVERSATION, conversation.id))
    return clock


async def _running(session: AsyncSession, conversation_id: int, kinds: Collection[ClockKind]) -> list[SlaClock]:
    """Those that have not ended, paused ones included."""
    statement = select(SlaClock).where(
        SlaClock.conversation_id == conversation_id, SlaClock.ended_at.is_(None), SlaClock.kind.in_(kinds)
    )
    return list(await session.scalars(statement.order_by(SlaClock.id)))


def _clock(row: SlaClock) -> Clock:
    return Clock(row.running_since, row.spent_s)


def _target(row: SlaClock, terms: Terms) -> Target:
    """As it was promised, counted as it is counted now."""
    found = terms.rules.target(row.queue_key, ClockKind(row.kind), terms.load)
    return Target(row.target_s, CALENDAR_TIME) if found is None else Target(row.target_s, found.time, found.warn_at)


async def _set_timers(session: AsyncSession, now: datetime, row: SlaClock, target: Target) -> None:
    clock, conversation_id = _clock(row), ConversationId(row.conversation_id)
    for moment, at in ((Moment.WARN, clock.warn_at(target)), (Moment.DUE, clock.due_at(target))):
        if at is not None:
            payload: JsonObject = {"clock_id": row.id, "moment": moment.value}
            delay_s = max((at - now).total_seconds(), 0.0)
            await enqueue(session, now, NewJob(JobKind.SLA, conversation_id, payload, delay_s))


async def _tell(
    session: AsyncSession, now: datetime, conversation: models.Conversation, kind: EventKind, clock: SlaClock
) -> None:
    detail: JsonObject = {
        "clock": clock.kind, "policy": clock.policy, "queue": clock.queue_key, "target_s": clock.target_s,
        "due_at_s": clock.due_at.timestamp() if clock.due_at else None,
    }  # fmt: skip
    await record(session, now, [Event(kind, SYSTEM, conversation.id, conversation.contact_id, detail)])
