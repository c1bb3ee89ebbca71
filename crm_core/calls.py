"""A telephone call from its first ring to its end: its conversation, its state between requests, what was answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contacts import ensure_contact
from crm_core.contracts import Address, ConversationId, InboxId, JsonObject
from crm_core.conversations import Trigger, close, lock_conversation, move
from crm_core.events import CONTACT, SYSTEM, Actor, Event, EventKind, record
from crm_core.models_phone import Call, CallAnswer, CallDirection, CallLeg
from crm_core.signals import Signal, Topic, publish
from crm_core.states import ConversationState as State
from crm_core.states import Direction, Visibility

RING_AGAIN_AFTER = timedelta(minutes=1)
CALLBACK_WORTH = timedelta(days=3)
CLAIM_DIES_AFTER = timedelta(seconds=12)  # a process that died while it thought


@dataclass(frozen=True, slots=True)
class NewCall:
    """`memory` is what the bot knows at the start."""

    inbox_id: InboxId
    external_id: str
    address: Address
    state: JsonObject
    memory: JsonObject
    language: str | None = None


async def open_call(session: AsyncSession, now: datetime, new: NewCall) -> Call:
    """The call and its conversation; a repeated request finds the first one's."""
    known = await find_call(session, new.inbox_id, new.external_id)
    if known is not None:
        return known
    contact = await ensure_contact(session, now, new.address)
    times = dict.fromkeys(("opened_at", "state_at", "last_message_at", "last_inbound_at"), now)
    conversation_id = await session.scalar(
        insert(models.Conversation)
        .values(
            contact_id=contact.id, inbox_id=new.inbox_id, address_id=contact.address_id, thread_key=new.external_id,
            language=contact.language or new.language, bot_memory=new.memory, **times,
        )
        .on_conflict_do_update(  # the partial index is found by a literal only, once the statement is prepared
            index_elements=["contact_id", "inbox_id", "thread_key"],
            index_where=sql("state <> 'closed'"), set_={"last_inbound_at": now},
        )
        .returning(models.Conversation.id)
    )  # fmt: skip
    values = {"inbox_id": new.inbox_id, "external_id": new.external_id, "conversation_id": conversation_id}
    inserted = await session.scalar(
        insert(Call)
        .values(**values, direction=CallDirection.IN.value, state=new.state, started_at=now)
        .on_conflict_do_nothing()
        .returning(Call.id)
    )
    if inserted is not None:
        kinds = (EventKind.CONVERSATION_OPENED, EventKind.CALL_ANSWERED)
        await record(session, now, [Event(kind, CONTACT, conversation_id, contact.id) for kind in kinds])
        await publish(session, Signal(Topic.CONVERSATION, int(conversation_id or 0)))
    return await get_call(session, new.inbox_id, new.external_id)


async def find_call(session: AsyncSession, inbox_id: int, external_id: str, *, lock: bool = False) -> Call | None:
    statement = select(Call).where(Call.inbox_id == inbox_id, Call.external_id == external_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def get_call(session: AsyncSession, inbox_id: int, external_id: str) -> Call:
    return (await session.scalars(select(Call).where(Call.inbox_id == inbox_id, Call.external_id == external_id))).one()


async def claim_answer(session: AsyncSession, now: datetime, call_id: int, key: str) -> tuple[bool, str | None]:
    """(True, None) for whoever is to answer the request `key`; else False, with the answer once there is one."""
    statement = insert(CallAnswer).values(call_id=call_id, key=key, at=now)
    died = CallAnswer.document.is_(None) & (CallAnswer.at < now - CLAIM_DIES_AFTER)
    claimed = await session.scalar(
        statement.on_conflict_do_update(index_elements=["call_id", "key"], set_={"at": now}, where=died)
        .returning(CallAnswer.call_id)
    )  # fmt: skip
    if claimed is not None:
        return True, None
    document = select(CallAnswer.document).where(CallAnswer.call_id == call_id, CallAnswer.key == key)
    return False, await session.scalar(document)


async def keep_answer(session: AsyncSession, call_id: int, key: str, document: str, state: JsonObject) -> None:
    """What was answered, with the state it left the call in; until the call is over."""
    row = update(CallAnswer).where(CallAnswer.call_id == call_id, CallAnswer.key == key)
    await session.execute(row.values(document=document))
    await session.execute(update(Call).where(Call.id == call_id).values(state=state))


async def forget_claim(session: AsyncSession, call_id: int, key: str) -> None:
    """Whoever was to answer could not: the carrier's retry may."""
    unanswered = CallAnswer.document.is_(None)
    await session.execute(
        delete(CallAnswer).where(CallAnswer.call_id == call_id, CallAnswer.key == key, unanswered)
    )  # fmt: skip


async def end_call(session: AsyncSession, now: datetime, call: Call, duration_s: int, outcome: str) -> None:
    """The customer's line is down. The conversation ends with it, unless somebody still owes something."""
    if call.ended_at is not None:
        return
    call.ended_at, call.duration_s = now, duration_s
    await session.execute(delete(CallAnswer).where(CallAnswer.call_id == call.id))
    conversation = await lock_conversation(session, ConversationId(call.conversation_id))
    detail: JsonObject = {"call_id": call.id, "duration_s": duration_s, "outcome": outcome}
    ended = Event(EventKind.CALL_ENDED, SYSTEM, conversation.id, conversation.contact_id, detail)
    await record(session, now, [ended])
    await session.flush()
    owes = call.callback_wanted_at is not None or outcome == "voicemail"
    if conversation.state == State.BOT:
        await close(session, now, conversation, "bot_finished", SYSTEM)
    elif conversation.state in (State.QUEUED, State.OFFERED) and not owes:
        await close(session, now, conversation, None, SYSTEM)
    elif conversation.state == State.ASSIGNED and duration_s and await _was_talked_to(session, call):
        owner = Actor.agent(conversation.agent_id or 0)
        await move(session, now, conversation, Trigger.WRAP_UP, (owner, {"agent_id": conversation.agent_id}))


async def _was_talked_to(session: AsyncSession, call: Call) -> bool:
    if call.direction == CallDirection.OUT:
        return True  # placed only once the agent was there
    taken = select(CallLeg.id).where(CallLeg.call_id == call.id, CallLeg.outcome == "taken")
    return await session.scalar(taken.limit(1)) is not None


@dataclass(frozen=True, slots=True)
class LinePlace:
    """How it stands in the line: the state of the conversation, the place, and whether a leg rings or is exhausted."""

    state: str
    queue_key: str | None
    position: int | None
    tries: int
    estimate: JsonObject | None = None  # how fast the line was served when they came


async def line_place(session: AsyncSession, call: Call) -> LinePlace:
    mine = await session.get_one(models.Conversation, call.conversation_id, populate_existing=True)
    tries = await session.scalar(select(func.count()).where(CallLeg.call_id == call.id, CallLeg.outcome != "taken"))
    if mine.state not in (State.QUEUED, State.OFFERED) or mine.queued_at is None:
        return LinePlace(mine.state, mine.queue_key, None, int(tries or 0))
    other = models.Conversation
    before = select(func.count()).where(
        other.queue_key == mine.queue_key, other.state.in_([State.QUEUED, State.OFFERED]),
        other.queued_at < mine.queued_at,
    )  # fmt: skip
    position = int(await session.scalar(before) or 0) + 1
    return LinePlace(mine.state, mine.queue_key, position, int(tries or 0), mine.estimate)


async def want_callback(session: AsyncSession, now: datetime, call: Call, number: str) -> None:
    """The place in the line stays: the conversation is not touched."""
    if call.callback_wanted_at is not None:
        return
    call.callback_wanted_at, call.callback_number = now, number
    await session.flush()
    detail: JsonObject = {"call_id": call.id}
    requested = Event(EventKind.CALLBACK_REQUESTED, CONTACT, call.conversation_id, None, detail)
    await record(session, now, [requested])


@dataclass(frozen=True, slots=True)
class Progress:
    """What happened in the conversation since a message. `messages`: id, author, text and content, oldest first."""

    state: str
    language: str | None
    is_answered: bool
    memory: JsonObject
    handoff: JsonObject | None
    messages: tuple[tuple[int, str, str, JsonObject], ...]


async def progress_of(session: AsyncSession, conversation_id: int, after: int) -> Progress:
    conversation = await session.get_one(models.Conversation, conversation_id, populate_existing=True)
    message = models.Message
    said = select(message.id, message.author, message.text, message.content).where(
        message.conversation_id == conversation_id, message.direction == Direction.OUT,
        message.visibility == Visibility.PUBLIC, message.id > after,
    )  # fmt: skip
    heard = select(func.max(message.id)).where(
        message.conversation_id == conversation_id, message.direction == Direction.IN
    )
    rows = (await session.execute(said.order_by(message.id))).all()
    newest = await session.scalar(heard)
    return Progress(
        conversation.state, conversation.language, newest is None or conversation.answered_through >= newest,
        conversation.bot_memory, conversation.handoff,
        tuple((row.id, row.author, row.text, row.content) for row in rows),
    )  # fmt: skip


async def callbacks_due(session: AsyncSession, now: datetime) -> list[Call]:
    """Calls whose caller waits to be called and whose conversation an agent has accepted; not rung just now."""
    leg = CallLeg
    lately = select(leg.id).where(leg.call_id == Call.id, leg.created_at > now - RING_AGAIN_AFTER)
    statement = (
        select(Call)
        .join(models.Conversation, models.Conversation.id == Call.conversation_id)
        .where(
            Call.callback_wanted_at.is_not(None), Call.callback_placed_at.is_(None), Call.ended_at.is_not(None),
            models.Conversation.state == State.ASSIGNED, ~lately.exists(),
            Call.callback_wanted_at > now - CALLBACK_WORTH,
        )
    )  # fmt: skip
    return list((await session.scalars(statement)).all())
