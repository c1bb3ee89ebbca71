"""What happens by the clock: idle bot conversations are closed, and the gauges are read."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.metrics import Metrics
from crm_core import jobs, models
from crm_core.contracts import ConversationId
from crm_core.conversations import close, lock_conversation
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.events import SYSTEM
from crm_core.states import ConversationState

log = structlog.get_logger(__name__)

LEADER_KEY = 7_316_002
IDLE = timedelta(hours=2)
UNANSWERED = timedelta(days=14)  # what we began ourselves stays open for an answer
GAUGES_EVERY_S, CLOSE_EVERY_S = 5.0, 60.0
BATCH = 100


async def close_idle(sessions: Sessions, now: datetime) -> int:
    """Close what the bot finished and the customer left; one process at a time, by advisory lock."""
    conversation = models.Conversation
    idle = select(conversation.id).where(
        conversation.state == ConversationState.BOT, conversation.last_message_at < now - IDLE,
        conversation.last_inbound_at.is_not(None) | (conversation.last_message_at < now - UNANSWERED),
    )  # fmt: skip
    async with unit_of_work(sessions) as session:
        leads = await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": LEADER_KEY})
        found = (await session.scalars(idle.limit(BATCH))).all() if leads else []
        for conversation_id in found:
            found_idle = await lock_conversation(session, ConversationId(conversation_id))
            if found_idle.state == ConversationState.BOT and found_idle.last_message_at < now - IDLE:
                await close(session, now, found_idle, "bot_finished", SYSTEM)
    return len(found)


async def read_gauges(sessions: Sessions, metrics: Metrics, queue_keys: list[str], now: datetime) -> None:
    waiting = (
        select(models.Conversation.queue_key, func.count(), func.min(models.Conversation.queued_at))
        .where(models.Conversation.state.in_([ConversationState.QUEUED, ConversationState.OFFERED]))
        .group_by(models.Conversation.queue_key)
    )
    async with unit_of_work(sessions) as session:
        backlog = await jobs.backlog(session, now)
        by_queue = {key: (count, since) for key, count, since in await session.execute(waiting)}
    metrics.jobs_due.set(backlog.due)
    metrics.jobs_buried.set(backlog.buried)
    metrics.jobs_oldest_seconds.set(backlog.oldest_s)
    for key in queue_keys:
        count, since = by_queue.get(key, (0, None))
        metrics.queue_length.labels(key).set(count)
        metrics.queue_oldest_seconds.labels(key).set((now - since).total_seconds() if since else 0.0)


async def every(seconds: float, chore: Callable[[datetime], Awaitable[object]], name: str) -> None:
    """Do `chore` for ever; a lost database is logged and tried again next time."""
    while True:
        try:
            await chore(utc_now())
        except (SQLAlchemyError, OSError) as error:
            log.warning("chore.failed", chore=name, error=type(error).__name__)
        await asyncio.sleep(seconds)
