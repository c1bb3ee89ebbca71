"""An agent passes a conversation on: to a colleague, to a supervisor, or to a later time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require
from crm_core.agent_work import add_note, allowed
from crm_core.contracts import ConversationId, JsonObject, UserId
from crm_core.conversations import TRANSITIONS, Trigger, lock_conversation, move
from crm_core.errors import IllegalTransition, InvalidInput, NotFound
from crm_core.events import SYSTEM, Actor, Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.line import Entry, enter_line
from crm_core.queue import offer_directly, require_available
from crm_core.saying import release_held
from crm_core.signals import Signal, Topic, publish
from crm_core.states import AgentState, ConversationState, Role

LONGEST_SNOOZE = timedelta(days=90)
_HELD = (ConversationState.OFFERED, ConversationState.ASSIGNED, ConversationState.WRAP_UP)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who is available now; `load` is how many conversations they hold."""

    id: UserId
    name: str
    role: Role
    load: int


async def colleagues(session: AsyncSession, reach: Reach, conversation_id: ConversationId) -> list[Colleague]:
    """Whom the conversation could be given to: who holds least comes first."""
    conversation = await session.get(models.Conversation, conversation_id)
    if conversation is None:
        raise NotFound("There is no such conversation.")
    require(reach, Action.TRANSFER, conversation)
    found = await session.execute(_available(reach))
    return [Colleague(UserId(row.id), row.name, Role(row.role), row.load) for row in found]


def _available(reach: Reach) -> Select[tuple[int, str, str, int]]:
    user, conversation = models.User, models.Conversation
    held = select(func.count()).where(conversation.agent_id == user.id, conversation.state.in_(_HELD)).scalar_subquery()
    is_here = (user.state == AgentState.AVAILABLE) & user.disabled_at.is_(None) & (user.id != reach.viewer.user_id)
    return select(user.id, user.name, user.role, held.label("load")).where(is_here).order_by(held, user.name)


async def transfer_to_agent(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, agent_id: UserId
) -> None:
    """Offered to one colleague, with everything known; who declines leaves it to the line of its queue.

    Raises AgentAway, and InvalidInput for giving it to oneself.
    """
    conversation = await allowed(session, reach, Action.TRANSFER, conversation_id)
    if agent_id == reach.viewer.user_id:
        raise InvalidInput("It is yours already; choose a colleague.")
    await require_available(session, agent_id)
    await _give(session, now, reach, conversation, (agent_id, "transfer"))


async def _give(
    session: AsyncSession,
    now: datetime,
    reach: Reach,
    conversation: models.Conversation,
    to: tuple[UserId, str],
) -> None:
    (agent_id, how), giver = to, reach.viewer
    await release_held(session, now, conversation)
    actor, queue = Actor.agent(giver.user_id), conversation.queue_key
    detail: JsonObject = {"from_queue": queue, "to_queue": queue, "to_agent_id": agent_id}
    await move(session, now, conversation, Trigger.TRANSFER, (actor, detail))
    await enter_line(session, now, conversation, (Entry.TRANSFER, actor))
    reason: JsonObject = {"how": how, "from_agent_id": giver.user_id}
    await offer_directly(session, now, conversation, agent_id, reason)
    conversation.offer = {**(conversation.offer or {}), "from_name": giver.name}
    await session.flush()


async def escalate_to_supervisor(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, why: str
) -> str | None:
    """Offered to the supervisor who holds least: their name. `why` becomes a note.

    None while no supervisor is here: it stays with its agent, marked, until one takes it over.
    """
    conversation = await allowed(session, reach, Action.ESCALATE, conversation_id)
    if (ConversationState(conversation.state), Trigger.TRANSFER) not in TRANSITIONS:
        raise IllegalTransition("Only a conversation that is open can be escalated.")
    note_id = await add_note(session, now, reach, conversation_id, why)
    supervisor = await _free_supervisor(session, reach)
    conversation.escalated_at = now
    await session.flush()
    detail: JsonObject = {
        "from_agent_id": reach.viewer.user_id, "to_agent_id": supervisor.id if supervisor else None,
        "queue": conversation.queue_key, "note_id": note_id,
    }  # fmt: skip
    actor = Actor.agent(reach.viewer.user_id)
    await record(session, now, [Event(EventKind.ESCALATED, actor, conversation.id, conversation.contact_id, detail)])
    await publish(session, Signal(Topic.CONVERSATION, conversation.id))
    if supervisor is None:
        return None
    await _give(session, now, reach, conversation, (UserId(supervisor.id), "escalation"))
    return supervisor.name


async def _free_supervisor(session: AsyncSession, reach: Reach) -> models.User | None:
    """Locked; one who is just changing their state is passed by."""
    user = models.User
    first = _available(reach).with_only_columns(user).where(user.role == Role.SUPERVISOR).limit(1)
    locked = first.with_for_update(of=user, key_share=True, skip_locked=True)
    return (await session.scalars(locked.execution_options(populate_existing=True))).one_or_none()


async def snooze(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, until: datetime
) -> None:
    """Out of sight until then, or until the customer writes. Raises InvalidInput for a time that is past or far off."""
    conversation = await allowed(session, reach, Action.SNOOZE, conversation_id)
    if not now < until <= now + LONGEST_SNOOZE:
        raise InvalidInput(f"Choose a time within the next {LONGEST_SNOOZE.days} days.")
    conversation.snoozed_until = until
    agent = Actor.agent(reach.viewer.user_id)
    detail: JsonObject = {"agent_id": conversation.agent_id, "until_s": until.timestamp()}
    await move(session, now, conversation, Trigger.SNOOZE, (agent, detail))
    payload: JsonObject = {"until": until.isoformat()}
    delay_s = (until - now).total_seconds()
    await enqueue(session, now, NewJob(JobKind.WAKE, conversation_id, payload, delay_s))


async def wake(session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId) -> None:
    """Before its time, by its agent."""
    conversation = await allowed(session, reach, Action.SNOOZE, conversation_id)
    detail: JsonObject = {"agent_id": conversation.agent_id, "why": "chosen"}
    await move(session, now, conversation, Trigger.WAKE, (Actor.agent(reach.viewer.user_id), detail))


async def wake_job(session: AsyncSession, now: datetime, conversation_id: ConversationId, payload: JsonObject) -> None:
    """At its time. The job of an earlier snooze finds another time there, or a conversation that is awake."""
    conversation = await lock_conversation(session, conversation_id)
    until = conversation.snoozed_until
    if conversation.state != ConversationState.SNOOZED or until is None:
        return
    if until == datetime.fromisoformat(str(payload["until"])):
        detail: JsonObject = {"agent_id": conversation.agent_id, "why": "due"}
        await move(session, now, conversation, Trigger.WAKE, (SYSTEM, detail))
