"""Coming into a line: the place, the promise, and how long it will take."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId, JsonObject
from crm_core.events import Actor, Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.routing_rules import Rules, standing_of
from crm_core.sla import ClockKind, deadline
from crm_core.sla_clocks import Terms, start_clock, terms_of
from crm_core.states import ConversationState
from crm_core.wait_estimates import promise_wait

UNPROMISED = timedelta(hours=1)  # the place of who was promised nothing
WAITING = (ConversationState.QUEUED, ConversationState.OFFERED)


class Entry(StrEnum):
    """How a conversation came into line."""

    HANDOFF = "handoff"
    TRANSFER = "transfer"
    REOPEN = "reopen"
    LEFT = "left"  # gave up waiting, and can be answered elsewhere
    RETURN = "return"


async def enter_line(
    session: AsyncSession, now: datetime, conversation: models.Conversation, entry: tuple[Entry, Actor]
) -> None:
    """A new segment: a place by the promise of its queue, clocks, and the wait that is told. Records `queued`."""
    terms = await terms_of(session, conversation)
    conversation.queued_at, conversation.passed_by, conversation.offer, conversation.callback_at = now, [], None, None
    conversation.queue_key = await _less_full(session, terms.rules, conversation)
    _take_place(conversation, now, terms)
    await session.flush()
    how, actor = entry
    detail: JsonObject = {
        "queue": conversation.queue_key, "load": terms.load.value, "language": conversation.language,
        "due_at_s": conversation.due_at.timestamp() if conversation.due_at else None, "entry": how.value,
    }  # fmt: skip
    await record(session, now, [Event(EventKind.QUEUED, actor, conversation.id, conversation.contact_id, detail)])
    if conversation.first_replied_at is None:
        await start_clock(session, now, conversation, ClockKind.FIRST_RESPONSE, terms)
    await start_clock(session, now, conversation, ClockKind.RESOLUTION, terms)
    if terms.rules.queues:
        await promise_wait(session, now, conversation, terms)
        await tell_wait(session, now, conversation)
    await session.flush()
    await _look_after(session, now, conversation)


async def _look_after(session: AsyncSession, now: datetime, conversation: models.Conversation) -> None:
    """Where customers can be seen to leave, a job looks whether they did; who left already is looked after no more."""
    leaves_after_s = await session.scalar(
        select(models.Inbox.leaves_after_s).where(models.Inbox.id == conversation.inbox_id)
    )
    if leaves_after_s is not None and conversation.left_at is None:
        wanted = NewJob(
            JobKind.PRESENCE, ConversationId(conversation.id), delay_s=leaves_after_s, dedupe_key=str(conversation.id)
        )
        await enqueue(session, now, wanted)


async def tell_wait(session: AsyncSession, now: datetime, conversation: models.Conversation) -> None:
    """Tell place and wait in a message, on channels whose customers do not see them by themselves."""
    pulled = await session.scalar(select(models.Inbox.pulled).where(models.Inbox.id == conversation.inbox_id))
    if not pulled:
        conversation_id = ConversationId(conversation.id)
        await enqueue(session, now, NewJob(JobKind.TELL_WAIT, conversation_id, dedupe_key=str(conversation_id)))


def _take_place(conversation: models.Conversation, now: datetime, terms: Terms) -> None:
    target = terms.rules.target(conversation.queue_key, ClockKind.FIRST_RESPONSE, terms.load)
    conversation.due_at = None if target is None else target.time.add(now, target.seconds)
    promise_s = ((conversation.due_at or now + UNPROMISED) - now).total_seconds()
    signals = (conversation.handoff or {}).get("signals")
    standing = standing_of(signals if isinstance(signals, dict) else {})
    moved = deadline(now.timestamp(), promise_s, standing.value, standing.churn_risk)
    conversation.route_by = datetime.fromtimestamp(moved, UTC)


async def _less_full(session: AsyncSession, rules: Rules, entering: models.Conversation) -> str | None:
    """The queue meant, or the one it overflows into when its line is too long."""
    queue_key, conversation = entering.queue_key, models.Conversation
    queue = rules.queues.get(queue_key or "")
    if queue is None or queue.overflow.queue is None or queue.overflow.longer_than is None:
        return queue_key
    others = (conversation.queue_key == queue_key) & (conversation.id != entering.id)
    waiting = select(func.count()).where(others, conversation.state.in_(WAITING))
    length = int(await session.scalar(waiting) or 0)
    return queue.overflow.queue if length >= queue.overflow.longer_than else queue_key
