"""Bringing an agent to the telephone: whose turn it is, who took it, and who did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId, JsonObject, UserId
from crm_core.conversations import Trigger, accept, lock_conversation, move
from crm_core.events import SYSTEM, Actor, Event, EventKind, record
from crm_core.models_phone import Call, CallLeg, LegState
from crm_core.routing import Router
from crm_core.routing_rules import read_rules
from crm_core.routing_view import read_agents, read_waiting
from crm_core.states import AgentState
from crm_core.states import ConversationState as State

MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """An agent whose telephone is to ring."""

    leg_id: int
    agent_id: int
    email: str


@dataclass(frozen=True, slots=True)
class Telephones:
    """Who can be rung: agents by their e-mail at the desk."""

    emails: frozenset[str]


async def next_leg(session: AsyncSession, now: datetime, call: Call, phones: Telephones) -> Rung | None:
    """Offer the call to the next agent with a telephone.

    An agent who accepted at the desk is rung first of all. None when somebody is rung already, nobody is free, or
    enough were tried.
    """
    conversation = await lock_conversation(session, ConversationId(call.conversation_id))
    if await _is_rung(session, call):
        return None
    if conversation.state == State.ASSIGNED:
        return await _ring(session, now, call, await _owner(session, conversation, phones))
    if conversation.state != State.QUEUED or await tries_of(session, call) >= MOST_TRIES:
        return None
    agent = await _best_agent(session, now, call, await _free_agents(session, call, phones))
    if agent is None:
        return None
    conversation.agent_id = agent.id
    await move(session, now, conversation, Trigger.OFFER, (SYSTEM, {"agent_id": agent.id}))
    return await _ring(session, now, call, agent)


async def tries_of(session: AsyncSession, call: Call) -> int:
    missed = select(func.count()).where(CallLeg.call_id == call.id, CallLeg.outcome != "taken")
    return int(await session.scalar(missed) or 0)


async def _is_rung(session: AsyncSession, call: Call) -> bool:
    busy = select(CallLeg.id).where(CallLeg.call_id == call.id, CallLeg.state != LegState.OVER)
    return await session.scalar(busy.limit(1)) is not None


async def _owner(session: AsyncSession, conversation: models.Conversation, phones: Telephones) -> models.User | None:
    agent = await session.get(models.User, conversation.agent_id)
    return agent if agent is not None and agent.email in phones.emails else None


async def _free_agents(session: AsyncSession, call: Call, phones: Telephones) -> list[models.User]:
    """Available, with a telephone they are not on, not tried for this call."""
    user, leg = models.User, CallLeg
    statement = (
        select(user)
        .where(
            user.state == AgentState.AVAILABLE, user.disabled_at.is_(None), user.email.in_(phones.emails),
            ~exists().where(leg.agent_id == user.id, leg.state != LegState.OVER),
            ~exists().where(leg.agent_id == user.id, leg.call_id == call.id),
        )
        .order_by(user.id)
        .with_for_update(of=user, skip_locked=True)
    )  # fmt: skip
    return list(await session.scalars(statement))


async def _best_agent(
    session: AsyncSession, now: datetime, call: Call, free: Sequence[models.User]
) -> models.User | None:
    """Whom routing would offer the call to: skills, language and room as for everything else."""
    rules = await read_rules(session)
    router = Router(rules.rings())
    for candidate in await read_agents(session, rules, [agent.id for agent in free]):
        router.agent_changed(candidate)
    for waiting in await read_waiting(session, now, rules, [call.conversation_id], calls=True):
        router.add_waiting(waiting)
    chosen = [assignment.agent_id for assignment in router.next_assignments(now.timestamp())]
    return next((agent for agent in free if agent.id in chosen), None)


async def _ring(session: AsyncSession, now: datetime, call: Call, agent: models.User | None) -> Rung | None:
    if agent is None:
        return None
    values = {"call_id": call.id, "agent_id": agent.id, "state": LegState.RINGING.value, "created_at": now}
    leg_id = await session.scalar(insert(CallLeg).values(**values).returning(CallLeg.id))
    detail: JsonObject = {"agent_id": agent.id, "call_id": call.id}
    await record(session, now, [Event(EventKind.CALL_RINGING, SYSTEM, call.conversation_id, None, detail)])
    return Rung(int(leg_id or 0), agent.id, agent.email)


async def lock_leg(session: AsyncSession, leg_id: int) -> CallLeg | None:
    """The call before its leg, as everywhere, so that two requests never wait for each other."""
    leg = await session.get(CallLeg, leg_id)
    if leg is None:
        return None
    await session.get(Call, leg.call_id, with_for_update=True, populate_existing=True)
    return await session.get(CallLeg, leg_id, with_for_update=True, populate_existing=True)


async def take_leg(session: AsyncSession, now: datetime, leg: CallLeg, call: Call) -> bool:
    """The agent pressed the key. False when the customer is gone or somebody else has them."""
    if leg.state != LegState.RINGING or (call.ended_at is not None and call.callback_wanted_at is None):
        return False
    conversation = await lock_conversation(session, ConversationId(call.conversation_id))
    takeable = {State.QUEUED, State.OFFERED, State.ASSIGNED}
    if conversation.state not in takeable or conversation.agent_id not in (None, leg.agent_id):
        return False
    await accept(session, now, ConversationId(conversation.id), UserId(leg.agent_id))
    leg.state, leg.outcome = LegState.TAKEN.value, "taken"
    await session.flush()
    return True


async def end_leg(session: AsyncSession, now: datetime, leg: CallLeg, call: Call, outcome: str) -> None:
    """No answer, no key, refused, failed, or hung up; who had not taken it gives the conversation back."""
    was_taken, leg.state = leg.state == LegState.TAKEN, LegState.OVER.value
    if leg.outcome is None:
        leg.outcome = outcome
    await session.flush()
    conversation = await lock_conversation(session, ConversationId(call.conversation_id))
    if was_taken or conversation.state != State.OFFERED or conversation.agent_id != leg.agent_id:
        return
    detail: JsonObject = {"agent_id": leg.agent_id, "reason": outcome}
    await move(session, now, conversation, Trigger.DECLINE, (Actor.agent(leg.agent_id), detail))
