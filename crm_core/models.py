"""The tables. Rows never leave the core and its readers; relations are joined by hand where they are needed."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Computed, ForeignKey, Identity, Index, Integer, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import DeliveryState, JsonObject
from crm_core.schema import Base, one_of
from crm_core.states import (
    AgentState,
    Author,
    ConversationState,
    CorrectionState,
    Direction,
    JobState,
    Role,
    Visibility,
)


class Contact(Base):
    """The customer as a person. A merged contact keeps `merged_into` and can be un-merged."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str | None]
    language: Mapped[str | None]
    time_zone: Mapped[str | None]
    customer_ref: Mapped[str | None] = mapped_column(index=True)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Address(Base):
    """Where a contact is reached; inserted before its contact, hence the deferred key."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", deferrable=True, initially="DEFERRED"), index=True)
    uri: Mapped[str] = mapped_column(unique=True)
    verified_at: Mapped[datetime | None]
    verified_how: Mapped[str | None]
    unreachable_at: Mapped[datetime | None]  # a hard bounce, STOP, a blocked bot
    unreachable_why: Mapped[str | None]
    created_at: Mapped[datetime]


class ContactMerge(Base):
    """What a merge moved, so that it can be taken back."""

    __tablename__ = "contact_merge"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    actor: Mapped[str]
    evidence: Mapped[str]
    moved: Mapped[JsonObject] = mapped_column(JSONB)
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Erasure(Base):
    """Which contacts were erased, without a trace of who they were: replayed after a restore."""

    __tablename__ = "erasure"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int]
    actor: Mapped[str]
    at: Mapped[datetime]


class Inbox(Base):
    """One configured account of a channel; rows follow `channels.yml`."""

    __tablename__ = "inbox"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(Boolean, server_default=sql("true"))
    # the customer fetches from our store (web chat): a stored message is a sent one
    pulled: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    reopens_within_days: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    leaves_after_s: Mapped[int | None] = mapped_column(Integer)  # a visitor who is not seen for so long has left


class User(Base):
    """A person who logs in to the desk."""

    __tablename__ = "app_user"
    __table_args__ = (one_of("role", Role), one_of("state", AgentState))
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    role: Mapped[str]
    teams: Mapped[list[str]] = mapped_column(JSONB, server_default=sql("'[]'"))
    language: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str | None]
    capacity: Mapped[int] = mapped_column(Integer, server_default=sql("5"))
    # the most of a kind at once, where it is less than the capacity: {"call": 0, "chat": 3}
    limits: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    idle_since: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default=AgentState.OFFLINE.value)
    state_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LoginSession(Base):
    """A log-in; the cookie holds the token, the row only its hash."""

    __tablename__ = "login_session"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[str]
    user_agent: Mapped[str]
    how: Mapped[str] = mapped_column(server_default="password")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OneTimeLink(Base):
    """First admin, invitation or reset: used once, for a while."""

    __tablename__ = "one_time_link"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Attempt(Base):
    """A try that is counted against a limit (log-in, verification); `subject` is a keyed hash."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_kind_subject_at", "kind", "subject", "at"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[bytes]
    at: Mapped[datetime]


class Conversation(Base):
    """One thread with a contact in an inbox until closed."""

    __tablename__ = "conversation"
    __table_args__ = (
        one_of("state", ConversationState),
        CheckConstraint("(agent_id is not null) = (state in ('offered','assigned','wrap_up'))"
                        " or state in ('closed','snoozed')", name="owner"),
        Index("uq_conversation_open", "contact_id", "inbox_id", "thread_key", unique=True,
              postgresql_where=sql("state <> 'closed'")),
        Index("ix_conversation_live", "state", "queue_key",
              postgresql_where=sql("state not in ('closed','bot')")),
        Index("ix_conversation_agent", "agent_id", postgresql_where=sql("state <> 'closed'")),
        Index("ix_conversation_last_message_at", "last_message_at"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    # where they last wrote from
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id", ondelete="SET NULL"))
    thread_key: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default=ConversationState.BOT.value)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    queue_key: Mapped[str | None]
    language: Mapped[str | None]
    subject: Mapped[str | None]
    intent: Mapped[str | None]
    customer_ref: Mapped[str | None]  # the ERP customer this conversation is verified for
    verified_at: Mapped[datetime | None]
    verified_how: Mapped[str | None]
    bot_memory: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    handoff: Mapped[JsonObject | None] = mapped_column(JSONB)
    # last inbound message that the bot dealt with
    answered_through: Mapped[int] = mapped_column(server_default=sql("0"))
    opened_at: Mapped[datetime]
    last_message_at: Mapped[datetime]
    last_inbound_at: Mapped[datetime | None]
    state_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # the promised first reply
    route_by: Mapped[datetime | None]  # the same, moved by value and risk: the place in line
    callback_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]  # an agent asked for a supervisor
    offer: Mapped[JsonObject | None] = mapped_column(JSONB)  # the last one: until when, and why to this agent
    estimate: Mapped[JsonObject | None] = mapped_column(JSONB)  # the wait that was promised
    passed_by: Mapped[list[int]] = mapped_column(JSONB, server_default=sql("'[]'"))  # who declined, this time in line
    first_replied_at: Mapped[datetime | None]  # by a person
    closed_at: Mapped[datetime | None]
    disposition: Mapped[str | None]
    left_at: Mapped[datetime | None]  # gave up waiting: answered in writing, until they are back
    last_agent_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))  # of before it was reopened
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))  # the one closed before


class Message(Base):
    """One utterance, in or out, or a note. Writers lock the conversation first, so ids follow commits."""

    __tablename__ = "message"
    __table_args__ = (
        one_of("direction", Direction),
        one_of("author", Author),
        one_of("visibility", Visibility),
        one_of("delivery", DeliveryState),
        Index("uq_message_external", "inbox_id", "external_id", unique=True,
              postgresql_where=sql("external_id is not null")),
        Index("ix_message_conversation_id_id", "conversation_id", "id"),
        Index("ix_message_open_sends", "delivery",
              postgresql_where=sql("delivery in ('in_doubt','failed')")),
        Index("ix_message_search", "search", postgresql_using="gin"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    direction: Mapped[str]
    author: Mapped[str]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    visibility: Mapped[str] = mapped_column(server_default=Visibility.PUBLIC.value)
    text: Mapped[str]
    # choices, card, pressed choice
    content: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    nlu: Mapped[JsonObject | None] = mapped_column(JSONB)
    language: Mapped[str | None]
    external_id: Mapped[str | None]
    delivery: Mapped[str | None]
    delivery_code: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    # stems of the text; PostgreSQL keeps it
    search: Mapped[str | None] = mapped_column(TSVECTOR, Computed("message_vector(language, text)"), deferred=True)


class AttachmentRow(Base):
    """A stored file; `token` is unguessable and is the whole permission of a customer's link."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    token: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]


class InboundPayload(Base):
    """What the provider sent, to the byte, so that a failed parse can be replayed."""

    __tablename__ = "inbound_payload"
    __table_args__ = (UniqueConstraint("inbox_id", "external_id"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    external_id: Mapped[str]
    contact_id: Mapped[int | None] = mapped_column(index=True)
    raw: Mapped[bytes]
    received_at: Mapped[datetime]


class Event(Base):
    """What happened: append-only, and the one source of every figure."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_conversation_id_id", "conversation_id", "id"),
        Index("ix_event_kind_at", "kind", "at"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    conversation_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    kind: Mapped[str]
    actor: Mapped[str]
    data: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    # ids are given before the commit, so only this tells what a reader may have missed
    transaction_id: Mapped[int | None] = mapped_column(
        server_default=sql("cast(cast(pg_current_xact_id() as text) as bigint)"), index=True
    )


class Job(Base):
    """What must still happen. Done jobs are deleted; buried ones wait for a person."""

    __tablename__ = "job"
    __table_args__ = (
        one_of("state", JobState),
        Index("ix_job_due", "run_at", postgresql_where=sql("state = 'ready'")),
        Index("uq_job_dedupe", "kind", "dedupe_key", unique=True,
              postgresql_where=sql("dedupe_key is not null")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    conversation_id: Mapped[int | None]
    payload: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    state: Mapped[str] = mapped_column(server_default=JobState.READY.value)
    # a claimed job's lease is its next run_at: a dead worker's job comes back by itself
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    claimed_by: Mapped[str | None]
    dedupe_key: Mapped[str | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]


class Survey(Base):
    """A question asked after a conversation, and its answer."""

    __tablename__ = "survey"
    __table_args__ = (
        UniqueConstraint("conversation_id", "kind"),
        CheckConstraint("score between 1 and 5", name="score"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    kind: Mapped[str]
    sent_at: Mapped[datetime]
    score: Mapped[int | None] = mapped_column(Integer)
    comment: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class NluCorrection(Base):
    """What a colleague says a message meant. `text` is the sentence to learn, once a reviewer approved it."""

    __tablename__ = "nlu_correction"
    __table_args__ = (
        one_of("state", CorrectionState),
        Index("ix_nlu_correction_open", "id", postgresql_where=sql("state = 'open'")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    intent_was: Mapped[str]
    intent: Mapped[str]
    text: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=CorrectionState.OPEN.value)
    corrected_by: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    reviewed_at: Mapped[datetime | None]
