"""The audit trail: who did or read what, in rows of which each one's hash is taken over the one before."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, Viewer, is_outsider, require_role
from crm_core.contracts import JsonObject
from crm_core.events import Actor
from crm_core.models_oversight import AuditEntry

CHAIN_LOCK = 7_316_002  # any constant: two rows at once would follow the same one
FIRST = b"\0" * 32
BATCH = 5_000
PAGE = 50
MOST_SOURCE_CHARACTERS = 60
SAME_READING = timedelta(minutes=1)  # a page and its socket read a conversation once


class AuditAction(StrEnum):
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    TRANSCRIPT_READ = "transcript_read"
    TRANSCRIPT_EXPORTED = "transcript_exported"
    SEARCHED = "searched"
    CONTACT_EXPORTED = "contact_exported"
    CONTACT_ERASED = "contact_erased"
    CONTACTS_MERGED = "contacts_merged"
    CONTACTS_UNMERGED = "contacts_unmerged"
    TAKEN_OVER = "taken_over"
    PERSON_CHANGED = "person_changed"
    CONFIGURATION_CHANGED = "configuration_changed"
    LESSON_MADE = "lesson_made"
    DATA_EXPIRED = "data_expired"
    ROSTER_CHANGED = "roster_changed"
    ARRIVALS_IMPORTED = "arrivals_imported"


@dataclass(frozen=True, slots=True)
class Deed:
    """`object` is kind and id (`conversation:12`); `detail` holds ids, keys, whole numbers: never what people wrote."""

    action: AuditAction
    actor: Actor
    object: str | None = None
    source: str | None = None
    detail: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    at: datetime
    actor: str
    action: str
    object: str | None
    source: str | None
    detail: JsonObject
    hash: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """None does not narrow."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """`head` is the last hash, to be noted where nobody can reach both; `broken` the first row that does not hold."""

    entries: int
    head: str
    broken: int | None = None


def link_hash(previous: bytes, entry: Sequence[Any]) -> bytes:
    """SHA-256 over the hash before and the row as JSON: id, time in UTC, actor, action, object, source, detail."""
    number, at, *rest = entry
    content = [number, at.astimezone(UTC).isoformat(), *rest]
    plain = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + plain.encode()).digest()


async def append(session: AsyncSession, now: datetime, deed: Deed) -> None:
    """The last thing in a transaction: until its commit, everybody else who appends waits."""
    await session.execute(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))
    last = select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    before = (await session.execute(last)).one_or_none()
    number, previous = (before.id + 1, before.hash) if before is not None else (1, FIRST)
    source = deed.source[:MOST_SOURCE_CHARACTERS] if deed.source else None
    row = (number, now, deed.actor.name, deed.action.value, deed.object, source, deed.detail)
    names = ("id", "at", "actor", "action", "object", "source", "detail")
    values = dict(zip(names, row, strict=True))
    await session.execute(insert(AuditEntry).values(**values, hash=link_hash(previous, row)))


async def note_reading(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: int, source: str | None
) -> None:
    """A transcript read by somebody who neither owns the conversation nor serves its queue."""
    conversation = models.Conversation
    row = select(conversation.agent_id, conversation.queue_key).where(conversation.id == conversation_id)
    found = (await session.execute(row)).one_or_none()
    if found is None or not is_outsider(reach, found.agent_id, found.queue_key):
        return
    reader, read = Actor.agent(reach.viewer.user_id), f"conversation:{conversation_id}"
    just_now = select(AuditEntry.id).where(
        AuditEntry.object == read, AuditEntry.actor == reader.name, AuditEntry.action == AuditAction.TRANSCRIPT_READ,
        AuditEntry.at > now - SAME_READING,
    )  # fmt: skip
    if await session.scalar(just_now.limit(1)) is None:
        await append(session, now, Deed(AuditAction.TRANSCRIPT_READ, reader, read, source))


async def audit_trail(
    session: AsyncSession, viewer: Viewer, wanted: Wanted, before: int | None = None
) -> list[Entry]:  # fmt: skip
    """One page, newest first; the next begins before its last id. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    entry = AuditEntry
    conditions = (
        (wanted.actor, entry.actor == wanted.actor), (wanted.action, entry.action == wanted.action),
        (wanted.object, entry.object == wanted.object), (before, entry.id < (before or 0)),
    )  # fmt: skip
    statement = select(*entry.__table__.columns).where(*(test for value, test in conditions if value is not None))
    if wanted.since is not None:
        statement = statement.where(entry.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(entry.at < wanted.until)
    rows: Iterable[Sequence[Any]] = await session.execute(statement.order_by(entry.id.desc()).limit(PAGE))
    return [Entry(*row) for row in rows]


async def verify_chain(session: AsyncSession) -> ChainVerdict:
    """Every row, recomputed in order."""
    number, previous = 0, FIRST
    while True:
        rows = select(*AuditEntry.__table__.columns).where(AuditEntry.id > number).order_by(AuditEntry.id).limit(BATCH)
        found: Sequence[Sequence[Any]] = (await session.execute(rows)).all()
        for *row, noted in found:
            if row[0] != number + 1 or link_hash(previous, row) != noted:
                return ChainVerdict(number, previous.hex(), row[0])
            number, previous = row[0], noted
        if len(found) < BATCH:
            return ChainVerdict(number, previous.hex())


async def holds_since(session: AsyncSession, number: int, noted: str) -> bool:
    """Whether row `number` still has the hash that was noted once; not when rows were cut off or written anew."""
    found = await session.scalar(select(AuditEntry.hash).where(AuditEntry.id == number))
    return found is not None and found.hex() == noted
