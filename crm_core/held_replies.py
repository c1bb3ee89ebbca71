"""Undo after sending: a reply is held for a moment before it becomes a message, so nobody has seen what is taken back.

A held reply has no message id: ids must be in the order of commits, and others may be given meanwhile. Whatever
crashes, the row and its job stay: the reply is then said late, never lost and never twice.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach
from crm_core.agent_work import allowed, may_reply, storable_text
from crm_core.contracts import ConversationId, JsonObject
from crm_core.conversations import close, lock_conversation
from crm_core.errors import AlreadySent
from crm_core.events import Actor
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.models_desk import HeldReply
from crm_core.outgoing_files import StoredFile
from crm_core.saying import release_held
from crm_core.signals import Signal, Topic, publish
from crm_core.states import ConversationState

UNDO_S = 5.0
_ENDS = (ConversationState.ASSIGNED, ConversationState.WRAP_UP)


@dataclass(frozen=True, slots=True)
class Held:
    """A reply that is not said yet."""

    id: int
    text: str
    agent_id: int
    agent_name: str
    due_at: datetime
    files: Sequence[JsonObject] = ()  # as StoredFile
    closes_as: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What an agent wants said, with which files; `closes_as` ends the conversation with it, by a disposition."""

    text: str
    files: tuple[StoredFile, ...] = ()
    closes_as: str | None = None


async def hold_reply(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, draft: Draft
) -> int:
    """Said after UNDO_S unless it is taken back; the id to take it back by."""
    conversation = await may_reply(session, reach, conversation_id)
    due_at = now + timedelta(seconds=UNDO_S)
    row = HeldReply(
        conversation_id=conversation.id, agent_id=reach.viewer.user_id, text=storable_text(draft.text), created_at=now,
        due_at=due_at, files=[asdict(file) for file in draft.files], closes_as=draft.closes_as,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    payload: JsonObject = {"held_id": row.id}
    await enqueue(session, now, NewJob(JobKind.RELEASE, conversation_id, payload, UNDO_S))
    await publish(session, Signal(Topic.CONVERSATION, conversation.id))
    return row.id


async def take_back(session: AsyncSession, reach: Reach, conversation_id: ConversationId, held_id: int) -> str:
    """Its text. Raises AlreadySent for what is said, is another's, or never was."""
    await allowed(session, reach, Action.READ, conversation_id)
    own = (HeldReply.conversation_id == conversation_id) & (HeldReply.agent_id == reach.viewer.user_id)
    statement = delete(HeldReply).where(HeldReply.id == held_id, own).returning(HeldReply.text)
    text = await session.scalar(statement.execution_options(synchronize_session=False))
    if text is None:
        raise AlreadySent("This has been sent already.")
    await publish(session, Signal(Topic.CONVERSATION, conversation_id))
    return text


async def release_job(
    session: AsyncSession, now: datetime, conversation_id: ConversationId, payload: JsonObject
) -> None:
    """Its time is over. What was written before it goes first, whichever job comes first; an end comes after all."""
    held_id = payload["held_id"]
    assert isinstance(held_id, int)  # noqa: S101 - we wrote it
    conversation = await lock_conversation(session, conversation_id)
    ending = await _ending(session, conversation_id, HeldReply.id <= held_id)
    await release_held(session, now, conversation, held_id)
    if ending is not None and not await _passed_on(session, conversation_id, ending) and _may_end(conversation, ending):
        await close(session, now, conversation, str(ending.closes_as), Actor.agent(ending.agent_id))


async def _ending(session: AsyncSession, conversation_id: int, which: ColumnElement[bool]) -> HeldReply | None:
    """The newest reply that is to end the conversation."""
    ends = (HeldReply.conversation_id == conversation_id) & HeldReply.closes_as.is_not(None) & which
    return await session.scalar(select(HeldReply).where(ends).order_by(HeldReply.id.desc()).limit(1))


async def _passed_on(session: AsyncSession, conversation_id: int, ending: HeldReply) -> bool:
    """Who wrote once more meanwhile ends it with that."""
    later = select(func.max(HeldReply.id)).where(HeldReply.conversation_id == conversation_id)
    newest = await session.scalar(later)
    if newest is None:
        return False
    theirs = update(HeldReply).where(HeldReply.id == newest, HeldReply.closes_as.is_(None))
    await session.execute(theirs.values(closes_as=ending.closes_as).execution_options(synchronize_session=False))
    return True


def _may_end(conversation: models.Conversation, held: HeldReply) -> bool:
    """Still the agent's, and the customer has said nothing since."""
    wrote_since = conversation.last_inbound_at is not None and conversation.last_inbound_at > held.created_at
    return conversation.agent_id == held.agent_id and conversation.state in _ENDS and not wrote_since


async def held_replies(session: AsyncSession, conversation_id: int) -> Sequence[Held]:
    """In the order written; the caller has asked for access."""
    statement = (
        select(
            HeldReply.id, HeldReply.text, HeldReply.agent_id, models.User.name, HeldReply.due_at, HeldReply.files,
            HeldReply.closes_as,
        )
        .join(models.User, models.User.id == HeldReply.agent_id)
        .where(HeldReply.conversation_id == conversation_id)
        .order_by(HeldReply.id)
    )  # fmt: skip
    return [Held(*row) for row in await session.execute(statement)]
