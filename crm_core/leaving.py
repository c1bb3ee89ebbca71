"""Visitors in line: seen, gone, and what becomes of their place."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.continuation import ways_on
from crm_core.contracts import ConversationId
from crm_core.conversations import Trigger, abandoned, close, lock_conversation, move
from crm_core.events import CONTACT, SYSTEM
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.line import WAITING, Entry, enter_line
from crm_core.models_desk import VisitorPresence
from crm_core.reopening import came_back
from crm_core.states import ConversationState

SEEN_EVERY = timedelta(seconds=20)  # how exactly it is known when somebody was seen last

_SEEN = text("""
insert into visitor_presence as known (conversation_id, seen_at) values (:conversation_id, :now)
on conflict (conversation_id) do update set seen_at = excluded.seen_at where known.seen_at <= :before
""")


async def visitor_seen(session: AsyncSession, now: datetime, conversation_id: ConversationId) -> None:
    """The page of somebody in line is open. Who had left is back in the live line."""
    values = {"conversation_id": conversation_id, "now": now, "before": now - SEEN_EVERY}
    await session.execute(_SEEN, values)
    left = select(models.Conversation.left_at).where(models.Conversation.id == conversation_id)
    if await session.scalar(left) is not None:
        await came_back(session, now, await lock_conversation(session, conversation_id))


async def presence_job(session: AsyncSession, now: datetime, conversation_id: ConversationId) -> None:
    """Is a visitor in line still there? If not, they left; if so, this is asked again when it could be otherwise."""
    conversation = await lock_conversation(session, conversation_id)
    inbox = await session.get_one(models.Inbox, conversation.inbox_id)
    is_awaited = conversation.state in WAITING and conversation.left_at is None and conversation.callback_at is None
    if not is_awaited or inbox.leaves_after_s is None:
        return
    seen_at = await _last_seen(session, conversation)
    leaves_at = seen_at + timedelta(seconds=inbox.leaves_after_s)
    if leaves_at <= now:
        await leave_line(session, now, conversation)
        return
    delay_s = (leaves_at - now).total_seconds() + SEEN_EVERY.total_seconds()
    again = NewJob(JobKind.PRESENCE, conversation_id, delay_s=delay_s, dedupe_key=str(conversation_id))
    await enqueue(session, now, again)


async def _last_seen(session: AsyncSession, conversation: models.Conversation) -> datetime:
    statement = select(func.max(VisitorPresence.seen_at)).where(VisitorPresence.conversation_id == conversation.id)
    seen = (await session.scalar(statement), conversation.queued_at, conversation.last_inbound_at)
    return max((at for at in seen if at is not None), default=conversation.state_at)


async def leave_line(session: AsyncSession, now: datetime, conversation: models.Conversation) -> None:
    """The place is given up. Who can be reached elsewhere is answered in writing; others when they return."""
    reachable = await ways_on(session, conversation)
    if reachable:
        await move(session, now, conversation, Trigger.LEAVE, (CONTACT, await abandoned(session, now, conversation)))
        conversation.left_at = now
        await enter_line(session, now, conversation, (Entry.LEFT, SYSTEM))
    else:
        await close(session, now, conversation, None, SYSTEM)
        conversation.left_at = now
    key = "left_line_kept" if reachable else "left_line"
    await enqueue(session, now, NewJob(JobKind.TELL, ConversationId(conversation.id), {"say": key}))


def is_waiting(state: str | None) -> bool:
    """Whether somebody in this state is in line."""
    return state is not None and ConversationState(state) in WAITING
