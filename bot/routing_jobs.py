"""The jobs of routing: an offer's time is over, a promise is due, somebody in line asks how long it takes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from bot.replies import Replies
from crm_core import jobs, models
from crm_core.contracts import ConversationId, UserId
from crm_core.conversations import lock_conversation
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.escalation import escalate
from crm_core.held_replies import release_job
from crm_core.jobs import ClaimedJob
from crm_core.leaving import presence_job
from crm_core.line import WAITING
from crm_core.outbox import BOT_VOICE, Utterance, post
from crm_core.passing_on import wake_job
from crm_core.queue import offer_job, offers_of_absent, withdraw_offer
from crm_core.sla_clocks import Moment, timer_fired
from crm_core.staff import set_agent_state
from crm_core.states import AgentState
from crm_core.wait_estimates import wait_from

TELL_AGAIN = timedelta(minutes=5)  # two programs that answer each other are stopped by this


@dataclass(frozen=True, slots=True)
class RoutingJobs:
    """Each handler finishes its job in the transaction that carries it out."""

    sessions: Sessions
    replies: Replies
    default_language: str

    async def offer(self, job: ClaimedJob) -> None:
        """Who let an offer pass is away until they say otherwise, so that nobody waits for an empty chair again."""
        absent = job.payload.get("withdraw")
        if isinstance(absent, int):
            await withdraw_all(self.sessions, absent)
        async with unit_of_work(self.sessions) as session:
            now = utc_now()
            if job.conversation_id is not None:
                agent_id = await offer_job(session, now, job.conversation_id, job.payload)
                if agent_id is not None:
                    await set_agent_state(session, now, UserId(agent_id), AgentState.AWAY, why="offer_timed_out")
            await jobs.finish(session, [job])

    async def sla(self, job: ClaimedJob) -> None:
        async with unit_of_work(self.sessions) as session:
            if job.conversation_id is not None:
                await _fire(session, utc_now(), job.conversation_id, job)
            await jobs.finish(session, [job])

    async def wake(self, job: ClaimedJob) -> None:
        async with unit_of_work(self.sessions) as session:
            if job.conversation_id is not None:
                await wake_job(session, utc_now(), job.conversation_id, job.payload)
            await jobs.finish(session, [job])

    async def release(self, job: ClaimedJob) -> None:
        async with unit_of_work(self.sessions) as session:
            if job.conversation_id is not None:
                await release_job(session, utc_now(), job.conversation_id, job.payload)
            await jobs.finish(session, [job])

    async def presence(self, job: ClaimedJob) -> None:
        async with unit_of_work(self.sessions) as session:
            await jobs.finish(session, [job])  # first: the one that asks again has its key
            if job.conversation_id is not None:
                await presence_job(session, utc_now(), job.conversation_id)

    async def tell(self, job: ClaimedJob) -> None:
        async with unit_of_work(self.sessions) as session:
            if job.conversation_id is not None:
                conversation = await lock_conversation(session, job.conversation_id)
                said = self.replies.say(str(job.payload["say"]), conversation.language or self.default_language)
                await post(session, utc_now(), conversation, BOT_VOICE, [Utterance(said)])
            await jobs.finish(session, [job])

    async def tell_wait(self, job: ClaimedJob) -> None:
        async with unit_of_work(self.sessions) as session:
            if job.conversation_id is not None:
                await self._tell_wait(session, utc_now(), job.conversation_id)
            await jobs.finish(session, [job])

    async def _tell_wait(self, session: AsyncSession, now: datetime, conversation_id: ConversationId) -> None:
        """Place and range, on channels that show neither by themselves."""
        conversation = await lock_conversation(session, conversation_id)
        language = conversation.language or self.default_language
        said = await told_wait(session, now, conversation, self.replies, language)
        await post(session, now, conversation, BOT_VOICE, [Utterance(said)] if said else [])


async def told_wait(
    session: AsyncSession, now: datetime, conversation: models.Conversation, replies: Replies, language: str
) -> str:
    """Place and wait in words, noted as told; empty for who is in no line, or was told a moment ago."""
    told_at = (conversation.estimate or {}).get("told_at")
    is_fresh = isinstance(told_at, str) and datetime.fromisoformat(told_at) > now - TELL_AGAIN
    if conversation.state not in WAITING or conversation.callback_at is not None or is_fresh:
        return ""
    said = wait_sentence(replies, language, await place_of(session, conversation), conversation)
    conversation.estimate = {**(conversation.estimate or {}), "told_at": now.isoformat()}
    await session.flush()
    return said


async def withdraw_all(sessions: Sessions, agent_id: int) -> None:
    """Each offer in a transaction of its own: one lock at a time cannot be in anybody's way."""
    async with unit_of_work(sessions) as session:
        offered = await offers_of_absent(session, agent_id)
    for conversation_id in offered:
        async with unit_of_work(sessions) as session:
            await withdraw_offer(session, utc_now(), conversation_id, agent_id)


async def place_of(session: AsyncSession, conversation: models.Conversation) -> int:
    """From 1: how many of its queue have an earlier deadline, and itself."""
    other = models.Conversation
    before = select(func.count()).where(
        other.queue_key == conversation.queue_key, other.state.in_(WAITING),
        tuple_(other.route_by, other.id) < (conversation.route_by, conversation.id),
    )  # fmt: skip
    return int(await session.scalar(before) or 0) + 1


def wait_sentence(replies: Replies, language: str, position: int, conversation: models.Conversation) -> str:
    place = replies.say("wait_next", language) if position == 1 else replies.say("wait_place", language, n=position)
    wait = wait_from(conversation.estimate, position)
    if wait is None:
        return place
    low, high = ceil(wait.p50_s / 60), ceil(wait.p80_s / 60)
    range_ = (
        replies.say("wait_about", language, high=high)
        if low == high
        else replies.say("wait_range", language, low=low, high=high)
    )
    return f"{place} {range_}"


async def _fire(session: AsyncSession, now: datetime, conversation_id: ConversationId, job: ClaimedJob) -> None:
    conversation = await lock_conversation(session, conversation_id)
    clock_id, moment = job.payload["clock_id"], Moment(str(job.payload["moment"]))
    assert isinstance(clock_id, int)  # noqa: S101 - we wrote it
    broken = await timer_fired(session, now, conversation, clock_id, moment)
    if broken is not None:
        await escalate(session, now, conversation, broken)
