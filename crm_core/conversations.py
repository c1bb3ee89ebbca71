"""The life of a conversation: one table of legal transitions, and the verbs that use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.callbacks import Trough, book_callback, quarter_with_room
from crm_core.contracts import ConversationId, JsonObject, UserId
from crm_core.customer_values import AT_RISK, value_of
from crm_core.errors import AlreadyTaken, Conflict, IllegalTransition, NotFound
from crm_core.events import BOT, SYSTEM, Actor, Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.line import Entry, enter_line
from crm_core.signals import Signal, Topic, publish
from crm_core.sla import ClockKind
from crm_core.sla_clocks import end_clocks, terms_of
from crm_core.states import ConversationState as State
from crm_core.wait_estimates import promised

LATELY = timedelta(days=30)
CALLBACK = "callback"  # the reason of a handoff whose customer wants to be called


class Trigger(StrEnum):
    """What makes a conversation change hands."""

    HAND_OFF = "hand_off"
    OFFER = "offer"
    DECLINE = "decline"
    ACCEPT = "accept"
    TAKE_OVER = "take_over"
    TRANSFER = "transfer"
    WRAP_UP = "wrap_up"
    RESUME = "resume"
    SNOOZE = "snooze"
    WAKE = "wake"
    CLOSE = "close"
    ABANDON = "abandon"
    REOPEN = "reopen"
    LEAVE = "leave"  # out of the live line; answered in writing
    RETURN = "return"


TRANSITIONS: Mapping[tuple[State, Trigger], State] = {
    (State.BOT, Trigger.HAND_OFF): State.QUEUED,
    (State.BOT, Trigger.ACCEPT): State.ASSIGNED,  # a person takes over from the bot
    (State.BOT, Trigger.CLOSE): State.CLOSED,
    (State.QUEUED, Trigger.OFFER): State.OFFERED,
    (State.QUEUED, Trigger.ACCEPT): State.ASSIGNED,
    (State.QUEUED, Trigger.TRANSFER): State.QUEUED,
    (State.QUEUED, Trigger.ABANDON): State.CLOSED,
    (State.QUEUED, Trigger.CLOSE): State.CLOSED,
    (State.OFFERED, Trigger.ACCEPT): State.ASSIGNED,
    (State.OFFERED, Trigger.DECLINE): State.QUEUED,
    (State.OFFERED, Trigger.ABANDON): State.CLOSED,
    (State.ASSIGNED, Trigger.TRANSFER): State.QUEUED,
    (State.ASSIGNED, Trigger.WRAP_UP): State.WRAP_UP,
    (State.ASSIGNED, Trigger.SNOOZE): State.SNOOZED,
    (State.ASSIGNED, Trigger.CLOSE): State.CLOSED,
    (State.WRAP_UP, Trigger.RESUME): State.ASSIGNED,
    (State.WRAP_UP, Trigger.CLOSE): State.CLOSED,
    (State.SNOOZED, Trigger.WAKE): State.ASSIGNED,
    (State.SNOOZED, Trigger.TRANSFER): State.QUEUED,
    (State.SNOOZED, Trigger.CLOSE): State.CLOSED,
    (State.CLOSED, Trigger.REOPEN): State.QUEUED,
    (State.QUEUED, Trigger.LEAVE): State.QUEUED,
    (State.OFFERED, Trigger.LEAVE): State.QUEUED,
    (State.QUEUED, Trigger.RETURN): State.QUEUED,
    (State.OFFERED, Trigger.RETURN): State.QUEUED,
    (State.CLOSED, Trigger.RETURN): State.QUEUED,
    **{(state, Trigger.TAKE_OVER): State.ASSIGNED for state in State if state is not State.CLOSED},
}

# a hand-off is told as `handoff_requested` by `hand_off`, its place in line as `queued` by `enter_line`
EVENT_OF: Mapping[Trigger, EventKind] = {
    Trigger.HAND_OFF: EventKind.HANDOFF_REQUESTED,
    Trigger.OFFER: EventKind.OFFERED,
    Trigger.DECLINE: EventKind.DECLINED,
    Trigger.ACCEPT: EventKind.ASSIGNED,
    Trigger.TAKE_OVER: EventKind.ASSIGNED,
    Trigger.TRANSFER: EventKind.TRANSFERRED,
    Trigger.WRAP_UP: EventKind.WRAP_UP_STARTED,
    Trigger.RESUME: EventKind.ASSIGNED,
    Trigger.SNOOZE: EventKind.SNOOZED,
    Trigger.WAKE: EventKind.RESUMED,
    Trigger.CLOSE: EventKind.CLOSED,
    Trigger.ABANDON: EventKind.ABANDONED,
    Trigger.REOPEN: EventKind.REOPENED,
    Trigger.LEAVE: EventKind.ABANDONED,
    Trigger.RETURN: EventKind.RETURNED,
}

OWNED = frozenset({State.OFFERED, State.ASSIGNED, State.WRAP_UP})
IN_HAND = OWNED | {State.QUEUED}  # what routing looks at


@dataclass(frozen=True, slots=True)
class HandoffSignals:
    """What may put a conversation before others: how it is written, what the order is worth, how often they came."""

    urgent: bool = False
    upset: bool = False
    order_value: str | None = None  # “129.90 EUR”
    earlier_contacts: int = 0  # conversations of the same contact in the last thirty days
    customer_money: float | None = None  # expected of the customer in the coming months
    at_risk: bool = False  # bought often, and not of late

    def as_json(self) -> JsonObject:
        return {
            "urgent": self.urgent, "upset": self.upset, "order_value": self.order_value,
            "earlier_contacts": self.earlier_contacts, "customer_money": self.customer_money, "at_risk": self.at_risk,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handoff:
    """What the bot learned, so that nobody asks the customer twice; shown to the agent as a card.

    `found` and `told` are sentences in `language`; `slots` are the values the customer gave.
    """

    reason: str
    queue_key: str
    intent: str | None
    language: str
    wants: str = ""
    found: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)
    order_number: str | None = None
    signals: HandoffSignals = HandoffSignals()

    def as_json(self) -> JsonObject:
        return {
            "reason": self.reason, "queue_key": self.queue_key, "intent": self.intent, "language": self.language,
            "wants": self.wants, "found": list(self.found), "told": list(self.told), "slots": dict(self.slots),
            "order_number": self.order_number, "signals": self.signals.as_json(),
        }  # fmt: skip


async def lock_conversation(session: AsyncSession, conversation_id: ConversationId) -> models.Conversation:
    """The row, locked until the commit: the first thing every writer of a conversation does."""
    conversation = await session.get(models.Conversation, conversation_id, with_for_update=True, populate_existing=True)
    if conversation is None:
        raise NotFound("There is no such conversation.")
    return conversation


async def move(
    session: AsyncSession,
    now: datetime,
    conversation: models.Conversation,
    trigger: Trigger,
    event: tuple[Actor, JsonObject],
) -> State:
    """Carry a locked conversation over one legal transition and record it. Raises IllegalTransition."""
    before = State(conversation.state)
    after = TRANSITIONS.get((before, trigger))
    if after is None:
        raise IllegalTransition(f"A conversation that is {before} cannot {trigger.replace('_', ' ')}.")
    conversation.state, conversation.state_at, holder = after.value, now, conversation.agent_id
    if after not in OWNED and after is not State.SNOOZED and after is not State.CLOSED:
        conversation.agent_id = None
    if after is State.ASSIGNED:
        conversation.last_agent_id = None
    await session.flush()
    actor, detail = event
    happened = Event(EVENT_OF[trigger], actor, conversation.id, conversation.contact_id, detail)
    await record(session, now, [happened])
    await publish(session, Signal(Topic.CONVERSATION, conversation.id))
    if before in OWNED and after not in OWNED:
        await _note_idle(session, now, holder)
    if before in IN_HAND or after in IN_HAND:
        await publish(session, Signal(Topic.LINE, conversation.id, str(holder or "")))
    return after


async def _note_idle(session: AsyncSession, now: datetime, agent_id: int | None) -> None:
    """From when they wait for their next contact: of agents equally apt, who waited longest takes it."""
    row = update(models.User).where(models.User.id == agent_id).values(idle_since=now)
    await session.execute(row.execution_options(synchronize_session=False))


async def hand_off(
    session: AsyncSession,
    now: datetime,
    conversation: models.Conversation,
    handoff: Handoff,
    trough: Trough = quarter_with_room,
) -> None:
    """From the bot into a queue, with the card; how often they came lately is counted here.

    Who asked to be called back keeps the place and gets a time from `trough`.
    """
    signals = await _with_what_is_known(session, now, conversation, handoff.signals)
    handoff = replace(handoff, signals=signals)
    conversation.queue_key, conversation.handoff = handoff.queue_key, handoff.as_json()
    detail: JsonObject = {
        "reason": handoff.reason, "queue": handoff.queue_key, "intent": handoff.intent,
        "urgent": signals.urgent, "upset": signals.upset, "earlier_contacts": signals.earlier_contacts,
    }  # fmt: skip
    await move(session, now, conversation, Trigger.HAND_OFF, (BOT, detail))
    await enter_line(session, now, conversation, (Entry.HANDOFF, BOT))
    if handoff.reason == CALLBACK:
        await book_callback(session, now, conversation, trough)


async def _with_what_is_known(
    session: AsyncSession, now: datetime, conversation: models.Conversation, signals: HandoffSignals
) -> HandoffSignals:
    """Of the contact before, and of the customer by their purchases."""
    earlier = await _earlier_contacts(session, now, conversation)
    known = await value_of(session, conversation.customer_ref)
    if known is None:
        return replace(signals, earlier_contacts=earlier)
    return replace(
        signals, earlier_contacts=earlier, customer_money=known.money, at_risk=known.segment == AT_RISK
    )  # fmt: skip


async def _earlier_contacts(session: AsyncSession, now: datetime, conversation: models.Conversation) -> int:
    other = models.Conversation
    statement = select(func.count()).where(
        other.contact_id == conversation.contact_id, other.id != conversation.id, other.opened_at > now - LATELY
    )
    return int(await session.scalar(statement) or 0)


async def accept(session: AsyncSession, now: datetime, conversation_id: ConversationId, agent_id: UserId) -> None:
    """`agent_id` takes it; of two agents at once the second gets AlreadyTaken. Accepting one's own again is fine."""
    conversation = await lock_conversation(session, conversation_id)
    taken = conversation.state in (State.ASSIGNED, State.WRAP_UP, State.SNOOZED)
    if taken and conversation.agent_id == agent_id:
        return
    offered_to_other = conversation.state == State.OFFERED and conversation.agent_id != agent_id
    if taken or offered_to_other:
        raise AlreadyTaken("Somebody else has taken this conversation.")
    how = "offer" if conversation.state == State.OFFERED else "manual"
    conversation.agent_id = agent_id
    detail = await _assigned(session, now, conversation, how)
    await move(session, now, conversation, Trigger.ACCEPT, (Actor.agent(agent_id), detail))


async def _assigned(session: AsyncSession, now: datetime, conversation: models.Conversation, how: str) -> JsonObject:
    """What `assigned` tells: the outcome beside the promise, so that promises can be checked."""
    terms = await terms_of(session, conversation)
    return {
        "agent_id": conversation.agent_id, "queue": conversation.queue_key, "load": terms.load.value,
        "waited_s": _waited_s(now, conversation), "how": how, **promised(conversation.estimate),
    }  # fmt: skip


def _waited_s(now: datetime, conversation: models.Conversation) -> float | None:
    """Since it came into line; None for who never did."""
    return (now - conversation.queued_at).total_seconds() if conversation.queued_at else None


async def take_over(session: AsyncSession, now: datetime, conversation: models.Conversation, agent_id: UserId) -> None:
    """`agent_id` takes a locked conversation from the bot, the line or a colleague; one's own stays as it is."""
    if conversation.agent_id == agent_id and conversation.state == State.ASSIGNED:
        return
    left, state = conversation.agent_id, conversation.state
    conversation.agent_id = agent_id
    detail = await _assigned(session, now, conversation, "take_over")
    detail |= {"from_agent_id": left, "from_state": state}
    await move(session, now, conversation, Trigger.TAKE_OVER, (Actor.agent(agent_id), detail))
    await publish(session, Signal(Topic.LINE, conversation.id, str(left or "")))


async def require_owner(
    session: AsyncSession, conversation_id: ConversationId, agent_id: UserId
) -> models.Conversation:
    """The locked conversation, if `agent_id` owns it; Conflict otherwise."""
    conversation = await lock_conversation(session, conversation_id)
    if conversation.agent_id != agent_id or conversation.state == State.CLOSED:
        raise Conflict("This conversation is not yours (any more): accept it first.")
    return conversation


async def transfer(
    session: AsyncSession, now: datetime, conversation: models.Conversation, to_queue: str, actor: Actor
) -> None:
    """Back into a queue, at the end of its line."""
    detail: JsonObject = {"from_queue": conversation.queue_key, "to_queue": to_queue}
    conversation.queue_key = to_queue
    await move(session, now, conversation, Trigger.TRANSFER, (actor, detail))
    await enter_line(session, now, conversation, (Entry.TRANSFER, actor))


async def close(
    session: AsyncSession, now: datetime, conversation: models.Conversation, disposition: str | None, actor: Actor
) -> None:
    """End it, say why, and ask for the customer's verdict when a person or the bot helped."""
    conversation.disposition, conversation.closed_at = disposition, now
    trigger = (
        Trigger.ABANDON if conversation.state in (State.QUEUED, State.OFFERED) and actor == SYSTEM else Trigger.CLOSE
    )
    detail: JsonObject = {"disposition": disposition, "agent_id": conversation.agent_id}
    if trigger is Trigger.ABANDON:
        detail = await abandoned(session, now, conversation)
    await end_clocks(session, now, conversation, tuple(ClockKind))
    await move(session, now, conversation, trigger, (actor, detail))
    if trigger is Trigger.CLOSE:
        key = str(conversation.id)
        await enqueue(session, now, NewJob(JobKind.SURVEY, ConversationId(conversation.id), dedupe_key=key))


async def abandoned(session: AsyncSession, now: datetime, conversation: models.Conversation) -> JsonObject:
    """What `abandoned` tells."""
    load = (await terms_of(session, conversation)).load.value
    return {"queue": conversation.queue_key, "load": load, "waited_s": _waited_s(now, conversation)}


async def open_conversation_of(
    session: AsyncSession, contact_id: int, inbox_id: int, thread_key: str = ""
) -> models.Conversation | None:
    """The one conversation of this thread that is not closed."""
    statement = select(models.Conversation).where(
        models.Conversation.contact_id == contact_id, models.Conversation.inbox_id == inbox_id,
        models.Conversation.thread_key == thread_key, models.Conversation.state != State.CLOSED,
    )  # fmt: skip
    return (await session.scalars(statement)).one_or_none()
