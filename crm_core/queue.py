"""Offers: made by routing, answered by agents, let go when their time is over; nobody is offered to two."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId, JsonObject, UserId
from crm_core.conversations import Trigger, lock_conversation, move
from crm_core.errors import AgentAway, Conflict
from crm_core.events import SYSTEM, Actor
from crm_core.free_agents import rooms_for, rooms_of
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.routing_rules import Rules, read_rules
from crm_core.routing_values import Assignment, Candidate
from crm_core.routing_view import read_agents
from crm_core.signals import Signal, Topic, publish
from crm_core.states import AgentState, ConversationState

OFFER_TIMEOUT_S = 30
PASSED_BY_S = 60  # who declined is asked again after this, should nobody else have taken it


class Letting(StrEnum):
    """How an offer ended without being taken."""

    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    AWAY = "away"


async def offer(
    session: AsyncSession, now: datetime, rules: Rules, assignments: Sequence[Assignment]
) -> list[Assignment]:
    """Make these offers; those that no longer hold come back.

    The conversations are locked first and the agents next, so whatever routing believed is checked against the rows:
    somebody else may have taken the one, and the other may have gone or have their hands full.
    """
    waiting = await _still_waiting(session, [each.waiting.id for each in assignments])
    agents = {
        agent.id: agent
        for agent in await read_agents(session, rules, sorted({each.agent_id for each in assignments}), lock=True)
    }
    refused = []
    for assignment in assignments:
        conversation, agent = waiting.get(assignment.waiting.id), agents.get(assignment.agent_id)
        if conversation is None or agent is None or not _has_room(agent, assignment):
            refused.append(assignment)
            continue
        load = assignment.waiting.need.load
        agents[agent.id] = replace(agent, holding=agent.holding.plus(load, 1))
        await _offer_one(session, now, rules, conversation, (UserId(agent.id), assignment.reason.as_json()))
    return refused


async def _still_waiting(session: AsyncSession, ids: Collection[int]) -> dict[int, models.Conversation]:
    """Locked; whom somebody else is just busy with is left to them."""
    conversation = models.Conversation
    statement = (
        select(conversation)
        .where(conversation.id.in_(ids), conversation.state == ConversationState.QUEUED)
        .order_by(conversation.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in await session.scalars(statement)}


def _has_room(agent: Candidate, assignment: Assignment) -> bool:
    return not rooms_of(agent).isdisjoint(rooms_for(assignment.waiting.need))


async def _offer_one(
    session: AsyncSession,
    now: datetime,
    rules: Rules,
    conversation: models.Conversation,
    choice: tuple[UserId, JsonObject],
) -> None:
    """To whom, and why to them."""
    agent_id, reason = choice
    queue = rules.queues.get(conversation.queue_key or "")
    timeout_s = queue.offer_timeout_s if queue is not None else OFFER_TIMEOUT_S
    waited_s = (now - conversation.queued_at).total_seconds() if conversation.queued_at else None
    conversation.agent_id = agent_id
    conversation.offer = {
        "at": now.isoformat(), "until": (now + timedelta(seconds=timeout_s)).isoformat(),
        "agent_id": agent_id, "reason": reason,
    }  # fmt: skip
    detail: JsonObject = {
        "agent_id": agent_id, "queue": conversation.queue_key, "waited_s": waited_s,
        "timeout_s": timeout_s, **reason,
    }  # fmt: skip
    await move(session, now, conversation, Trigger.OFFER, (SYSTEM, detail))
    payload: JsonObject = {"offered_at": now.isoformat()}
    await enqueue(session, now, NewJob(JobKind.OFFER, ConversationId(conversation.id), payload, timeout_s))


async def offer_directly(
    session: AsyncSession, now: datetime, conversation: models.Conversation, agent_id: UserId, reason: JsonObject
) -> None:
    """Past routing, to whom a colleague chose; how much they hold already is left to them to judge.

    Raises AgentAway for who is not available. Declined or left alone it keeps its place in line.
    """
    await require_available(session, agent_id)
    await _offer_one(session, now, await read_rules(session), conversation, (agent_id, reason))


async def require_available(session: AsyncSession, agent_id: UserId) -> None:
    """Locked, so that who goes away at this moment keeps no offer."""
    agent = await session.get(models.User, agent_id, with_for_update={"key_share": True}, populate_existing=True)
    if agent is None or agent.disabled_at is not None or agent.state != AgentState.AVAILABLE:
        raise AgentAway("This colleague is not available at the moment; choose somebody else or a queue.")


async def decline(session: AsyncSession, now: datetime, conversation: models.Conversation, agent_id: UserId) -> None:
    """“Not me”: it goes on to the next. Raises Conflict when it is not offered to `agent_id` (any more)."""
    if conversation.state != ConversationState.OFFERED or conversation.agent_id != agent_id:
        raise Conflict("This conversation is not offered to you (any more).")
    await let_go(session, now, conversation, Letting.DECLINED)


async def let_go(session: AsyncSession, now: datetime, conversation: models.Conversation, how: Letting) -> None:
    """Back to its place in line. Who declined is passed by for a while."""
    agent_id = conversation.agent_id
    assert agent_id is not None  # noqa: S101 - an offered conversation has one
    conversation.passed_by = [*conversation.passed_by, agent_id]
    detail: JsonObject = {"agent_id": agent_id, "queue": conversation.queue_key, "how": how.value}
    actor = Actor.agent(agent_id) if how is Letting.DECLINED else SYSTEM
    await move(session, now, conversation, Trigger.DECLINE, (actor, detail))
    payload: JsonObject = {"ask_again": agent_id}
    await enqueue(session, now, NewJob(JobKind.OFFER, ConversationId(conversation.id), payload, PASSED_BY_S))


async def offer_job(
    session: AsyncSession, now: datetime, conversation_id: ConversationId, payload: JsonObject
) -> int | None:
    """An offer's time is over, or somebody may be asked again. The agent who let an offer pass, if any.

    A job of an earlier offer finds another one there, or none, and does nothing.
    """
    conversation = await lock_conversation(session, conversation_id)
    if "ask_again" in payload:
        await _ask_again(session, conversation, payload["ask_again"])
        return None
    offered = conversation.offer or {}
    if conversation.state != ConversationState.OFFERED or offered.get("at") != payload.get("offered_at"):
        return None
    agent_id = conversation.agent_id
    await let_go(session, now, conversation, Letting.TIMED_OUT)
    return agent_id


async def _ask_again(session: AsyncSession, conversation: models.Conversation, agent_id: object) -> None:
    if agent_id in conversation.passed_by:
        conversation.passed_by = [each for each in conversation.passed_by if each != agent_id]
        await session.flush()
        await publish(session, Signal(Topic.LINE, conversation.id))


async def withdraw_offers(session: AsyncSession, now: datetime, agent_id: UserId) -> None:
    """Who goes away or offline keeps no offer.

    We hold the agent's row here, so we may not wait for a conversation that somebody has in hand: a job comes back
    for those.
    """
    conversation = models.Conversation
    offered = (
        select(conversation)
        .where(_offered_to(agent_id))
        .order_by(conversation.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    for row in (await session.scalars(offered)).all():
        await let_go(session, now, row, Letting.AWAY)
    if await session.scalar(select(conversation.id).where(_offered_to(agent_id)).limit(1)) is not None:
        await enqueue(session, now, NewJob(JobKind.OFFER, payload={"withdraw": agent_id}))


def _offered_to(agent_id: int) -> ColumnElement[bool]:
    conversation = models.Conversation
    return (conversation.agent_id == agent_id) & (conversation.state == ConversationState.OFFERED)


async def offers_of_absent(session: AsyncSession, agent_id: int) -> list[ConversationId]:
    """What is still offered to somebody who is not here."""
    agent = await session.get(models.User, agent_id)
    if agent is None or (agent.state == AgentState.AVAILABLE and agent.disabled_at is None):
        return []
    found = await session.scalars(select(models.Conversation.id).where(_offered_to(agent_id)))
    return [ConversationId(conversation_id) for conversation_id in found]


async def withdraw_offer(session: AsyncSession, now: datetime, conversation_id: ConversationId, agent_id: int) -> None:
    """Take one offer back, if it still stands."""
    conversation = await lock_conversation(session, conversation_id)
    if conversation.state == ConversationState.OFFERED and conversation.agent_id == agent_id:
        await let_go(session, now, conversation, Letting.AWAY)
