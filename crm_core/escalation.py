"""What a broken promise causes: the desk is told, and who still waits goes where help is."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import JsonObject
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.models_routing import SlaClock
from crm_core.routing_rules import read_rules
from crm_core.signals import Signal, Topic, publish
from crm_core.states import ConversationState


async def escalate(session: AsyncSession, now: datetime, conversation: models.Conversation, clock: SlaClock) -> None:
    """By the policy's `escalate_to`: who waits moves there and keeps their place, who is served stays there."""
    policy = (await read_rules(session)).policies.get(clock.policy)
    if policy is None or policy.escalate_to is None:
        return
    detail: JsonObject = {
        "clock": clock.kind, "policy": clock.policy, "from_queue": conversation.queue_key,
        "to_queue": policy.escalate_to,
    }  # fmt: skip
    await record(session, now, [Event(EventKind.ESCALATED, SYSTEM, conversation.id, conversation.contact_id, detail)])
    if conversation.state == ConversationState.QUEUED:
        conversation.queue_key = policy.escalate_to
        await session.flush()
        await publish(session, Signal(Topic.LINE, conversation.id))
    await publish(session, Signal(Topic.CONVERSATION, conversation.id))
