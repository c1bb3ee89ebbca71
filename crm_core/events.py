"""What happened, written once and never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import JsonObject


class EventKind(StrEnum):
    """Past tense. Adding one is free; changing the meaning of one is a decision to write down."""

    CONVERSATION_OPENED = "conversation_opened"
    MESSAGE_RECEIVED = "message_received"
    LANGUAGE_DETECTED = "language_detected"
    INTENT_RECOGNISED = "intent_recognised"
    INTENT_CLARIFIED = "intent_clarified"
    NLU_FELL_BACK = "nlu_fell_back"
    INTENT_CORRECTED = "intent_corrected"
    CORRECTION_REVIEWED = "correction_reviewed"
    FLOW_STARTED = "flow_started"
    FLOW_COMPLETED = "flow_completed"
    FLOW_CANCELLED = "flow_cancelled"
    SLOT_FILLED = "slot_filled"
    KNOWLEDGE_ANSWERED = "knowledge_answered"
    ERP_ANSWERED = "erp_answered"
    ERP_FAILED = "erp_failed"
    BOT_REPLIED = "bot_replied"
    IDENTITY_VERIFIED = "identity_verified"
    IDENTITY_REFUSED = "identity_refused"
    HANDOFF_REQUESTED = "handoff_requested"
    QUEUED = "queued"
    OFFERED = "offered"
    DECLINED = "declined"
    ASSIGNED = "assigned"
    AGENT_REPLIED = "agent_replied"
    PROGRAM_REPLIED = "program_replied"
    NOTE_ADDED = "note_added"
    WHISPERED = "whispered"
    TRANSFERRED = "transferred"
    ESCALATED = "escalated"
    HELD = "held"
    RESUMED = "resumed"
    SNOOZED = "snoozed"
    WRAP_UP_STARTED = "wrap_up_started"
    CLOSED = "closed"
    REOPENED = "reopened"
    ABANDONED = "abandoned"
    RETURNED = "returned"  # who gave up waiting is back
    WAIT_ESTIMATED = "wait_estimated"
    CALLBACK_REQUESTED = "callback_requested"
    CALLBACK_PLACED = "callback_placed"
    SLA_STARTED = "sla_started"
    SLA_WARNED = "sla_warned"
    SLA_BREACHED = "sla_breached"
    SLA_MET = "sla_met"
    CALL_RINGING = "call_ringing"
    CALL_ANSWERED = "call_answered"
    CALL_ENDED = "call_ended"
    RECORDING_ALLOWED = "recording_allowed"
    RECORDING_REFUSED = "recording_refused"
    RECORDING_PAUSED = "recording_paused"
    MESSAGE_SENT = "message_sent"
    MESSAGE_DELIVERED = "message_delivered"
    MESSAGE_READ = "message_read"
    MESSAGE_FAILED = "message_failed"
    MESSAGE_EDITED = "message_edited"
    SEND_SETTLED = "send_settled"
    TRANSCRIPT_ASKED_FOR = "transcript_asked_for"
    CONTINUED_ELSEWHERE = "continued_elsewhere"
    ADDRESS_REACHABLE = "address_reachable"
    ADDRESS_UNREACHABLE = "address_unreachable"
    SURVEY_SENT = "survey_sent"
    SURVEY_ANSWERED = "survey_answered"
    SCORED = "scored"
    CONTACTS_MERGED = "contacts_merged"
    CONTACTS_UNMERGED = "contacts_unmerged"
    CONTACT_EXPORTED = "contact_exported"
    CONTACT_ERASED = "contact_erased"
    AGENT_STATE_CHANGED = "agent_state_changed"
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    LOGGED_OUT = "logged_out"
    JOB_BURIED = "job_buried"
    JOB_SETTLED = "job_settled"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `contact`, `bot`, `system`, `agent:<id>` or, of a program, `key:<id>`."""

    name: str

    @staticmethod
    def agent(user_id: int) -> "Actor":
        return Actor(f"agent:{user_id}")


CONTACT, BOT, SYSTEM = Actor("contact"), Actor("bot"), Actor("system")


@dataclass(frozen=True, slots=True)
class Event:
    """`data` holds ids, keys and numbers; text of people stays in messages."""

    kind: EventKind
    actor: Actor
    conversation_id: int | None = None
    contact_id: int | None = None
    data: JsonObject = field(default_factory=dict)


async def record(session: AsyncSession, now: datetime, events: Sequence[Event]) -> None:
    """Append `events`, all at `now`."""
    if not events:
        return
    rows = [
        {
            "at": now, "kind": event.kind.value, "actor": event.actor.name, "data": event.data,
            "conversation_id": event.conversation_id, "contact_id": event.contact_id,
        }
        for event in events
    ]  # fmt: skip
    await session.execute(insert(models.Event), rows)
