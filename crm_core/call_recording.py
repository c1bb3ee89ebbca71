"""The recording of a call that is going on, as the agent sees it: running, paused, and the wish to pause it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Integer, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require
from crm_core.contracts import ConversationId
from crm_core.conversations import lock_conversation
from crm_core.errors import Conflict
from crm_core.events import EventKind
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.models_phone import Call


class Recording(StrEnum):
    NONE = "none"
    RUNNING = "running"
    PAUSED = "paused"  # until the end of the call


async def recording_of(session: AsyncSession, conversation_id: int) -> Recording:
    """Of the call that is going on in this conversation; the caller has asked for access."""
    call_id = await _recorded_call(session, conversation_id)
    if call_id is None:
        return Recording.NONE
    paused = select(func.count()).where(
        models.Event.conversation_id == conversation_id, models.Event.kind == EventKind.RECORDING_PAUSED.value,
        models.Event.data["call_id"].astext.cast(Integer) == call_id,
    )  # fmt: skip
    return Recording.PAUSED if await session.scalar(paused) else Recording.RUNNING


async def ask_to_pause(session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId) -> None:
    """The carrier is told by a job. Raises Forbidden, NotFound, and Conflict when nothing is being recorded."""
    require(reach, Action.REPLY, await lock_conversation(session, conversation_id))
    call_id = await _recorded_call(session, conversation_id)
    if call_id is None:
        raise Conflict("This call is not being recorded.")
    job = NewJob(JobKind.PAUSE_RECORDING, conversation_id, {"call_id": call_id}, dedupe_key=f"pause:{call_id}")
    await enqueue(session, now, job)


async def _recorded_call(session: AsyncSession, conversation_id: int) -> int | None:
    going_on = select(Call.id).where(
        Call.conversation_id == conversation_id, Call.ended_at.is_(None), Call.recording_id.is_not(None)
    )
    return await session.scalar(going_on.order_by(Call.id.desc()).limit(1))
