"""The words that columns may hold."""

from enum import StrEnum


class ConversationState(StrEnum):
    BOT = "bot"
    QUEUED = "queued"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    WRAP_UP = "wrap_up"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Author(StrEnum):
    CONTACT = "contact"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Visibility(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"
    WHISPER = "whisper"  # from who supervises, for one agent only


class Role(StrEnum):
    AGENT = "agent"
    LEAD = "lead"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API key may be used for."""

    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_WRITE = "conversations:write"
    MESSAGES_WRITE = "messages:write"
    NOTES_READ = "notes:read"
    NOTES_WRITE = "notes:write"
    WHISPERS_READ = "whispers:read"
    EVENTS_READ = "events:read"
    ORDERS_READ = "orders:read"
    REPORTS_READ = "reports:read"
    EXPORTS_READ = "exports:read"


class DeliveryOutcome(StrEnum):
    """What became of an event that was to be sent to a webhook."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class AgentState(StrEnum):
    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


class CorrectionState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class JobState(StrEnum):
    READY = "ready"
    BURIED = "buried"


class AbilityKind(StrEnum):
    SKILL = "skill"
    LANGUAGE = "language"


class RuleKind(StrEnum):
    QUEUE = "queue"
    CALENDAR = "calendar"
    POLICY = "policy"


class PracticeState(StrEnum):
    """A run of a lesson; one that was left counts for nothing."""

    OFFERED = "offered"
    ACTIVE = "active"
    FINISHED = "finished"
    LEFT = "left"
