"""A person's data: all of it handed over, or all of it forgotten (GDPR articles 15, 17 and 20)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, RowMapping, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models, models_phone
from crm_core.access import Action, Reach, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import ContactId, ConversationId, Json, JsonObject
from crm_core.conversations import close, lock_conversation
from crm_core.erasure import ERASED, ERASURE_STEPS, Person, person_of
from crm_core.errors import Conflict
from crm_core.events import SYSTEM, Actor, Event, EventKind, record
from crm_core.models_campaigns import CampaignMember, Consent
from crm_core.models_contacts import AddressClaim
from crm_core.models_desk import HeldReply
from crm_core.models_oversight import QualityReview
from crm_core.models_sales import Lead
from crm_core.schema import Base
from crm_core.states import ConversationState


@dataclass(frozen=True, slots=True)
class ErasedContact:
    """One line of the ledger. It says nothing of who it was; keep a copy beside the backups, not inside them."""

    contact_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many contacts a restore had brought back, and the tokens of files that are to be deleted again."""

    contacts: int
    tokens: tuple[str, ...]


async def export_contact(session: AsyncSession, now: datetime, reach: Reach, contact_id: ContactId) -> JsonObject:
    """As collect_contact, for a member of staff. Raises Forbidden."""
    require_role(reach.viewer, Action.EXPORT)
    return await collect_contact(session, now, Actor.agent(reach.viewer.user_id), contact_id)


async def collect_contact(session: AsyncSession, now: datetime, actor: Actor, contact_id: ContactId) -> JsonObject:
    """Everything stored about the person, table by table, as plain JSON. That it was exported is recorded."""
    person = await person_of(session, contact_id)
    content: JsonObject = {"exported_at": now.isoformat()}
    for name, (model, condition) in _tables_of(person).items():
        columns = [column for column in model.__table__.columns if column.computed is None]
        statement = select(*columns).where(condition).order_by(*model.__table__.primary_key)
        content[name] = [_plain(row) for row in (await session.execute(statement)).mappings()]
    await record(session, now, [Event(EventKind.CONTACT_EXPORTED, actor, None, contact_id)])
    await append(session, now, Deed(AuditAction.CONTACT_EXPORTED, actor, f"contact:{contact_id}"))
    return content


def _tables_of(person: Person) -> dict[str, tuple[type[Base], ColumnElement[bool]]]:
    ids, threads = person.contact_ids, person.conversation_ids
    event, merge = models.Event, models.ContactMerge
    return {
        "contacts": (models.Contact, models.Contact.id.in_(ids)),
        "addresses": (models.Address, models.Address.contact_id.in_(ids)),
        "claims": (AddressClaim, AddressClaim.contact_id.in_(ids)),
        "merges": (merge, merge.source_id.in_(ids) | merge.target_id.in_(ids)),
        "conversations": (models.Conversation, models.Conversation.id.in_(threads)),
        "messages": (models.Message, models.Message.conversation_id.in_(threads)),
        "held": (HeldReply, HeldReply.conversation_id.in_(threads)),
        "attachments": (models.AttachmentRow, models.AttachmentRow.conversation_id.in_(threads)),
        "corrections": (models.NluCorrection, models.NluCorrection.conversation_id.in_(threads)),
        "surveys": (models.Survey, models.Survey.conversation_id.in_(threads)),
        "reviews": (QualityReview, QualityReview.conversation_id.in_(threads)),
        "received": (models.InboundPayload, models.InboundPayload.contact_id.in_(ids)),
        "events": (event, event.contact_id.in_(ids) | event.conversation_id.in_(threads)),
        "calls": (models_phone.Call, models_phone.Call.conversation_id.in_(threads)),
        "consents": (Consent, Consent.contact_id.in_(ids)),
        "campaigns": (CampaignMember, CampaignMember.contact_id.in_(ids)),
        "leads": (Lead, Lead.contact_id.in_(ids)),
        "jobs": (models.Job, models.Job.conversation_id.in_(threads)),
    }


def _plain(row: RowMapping) -> JsonObject:
    return {str(name): _plain_value(value) for name, value in row.items()}


def _plain_value(value: object) -> Json:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value  # type: ignore[return-value]  # every other column type is JSON already


async def erase_contact(session: AsyncSession, now: datetime, actor: Actor, contact_id: ContactId) -> list[str]:
    """Forget the person; figures stay, and name nobody. Returns the tokens of files that are to be deleted.

    Raises Conflict while a colleague has a conversation with them. What the bot still talks about ends.
    """
    person = await person_of(session, contact_id, lock=True)
    await _require_no_colleague(session, person)
    tokens = await _forget(session, now, actor, person)
    await append(session, now, Deed(AuditAction.CONTACT_ERASED, actor, f"contact:{contact_id}"))
    return tokens


async def _require_no_colleague(session: AsyncSession, person: Person) -> None:
    statement = select(models.Conversation.id).where(
        models.Conversation.id.in_(person.conversation_ids),
        models.Conversation.state.not_in([ConversationState.CLOSED, ConversationState.BOT]),
    )
    if await session.scalar(statement.limit(1)) is not None:
        raise Conflict("A colleague still works on a conversation with this person: resolve it first.")


async def _forget(session: AsyncSession, now: datetime, actor: Actor, person: Person) -> list[str]:
    await _close_all(session, now, person)
    attachment = models.AttachmentRow
    files = select(attachment.token).where(attachment.conversation_id.in_(person.conversation_ids))
    tokens = list((await session.scalars(files)).all())
    for step in ERASURE_STEPS:
        await step(session, now, person)
    for contact_id in person.contact_ids:
        await session.execute(insert(models.Erasure).values(contact_id=contact_id, actor=actor.name, at=now))
        await record(session, now, [Event(EventKind.CONTACT_ERASED, actor, None, contact_id)])
    session.expire_all()
    return tokens


async def _close_all(session: AsyncSession, now: datetime, person: Person) -> None:
    """So that no turn that is still thinking can write what it remembers into an erased conversation."""
    statement = select(models.Conversation.id).where(
        models.Conversation.id.in_(person.conversation_ids), models.Conversation.state != ConversationState.CLOSED
    )
    for conversation_id in (await session.scalars(statement)).all():
        conversation = await lock_conversation(session, ConversationId(conversation_id))
        await close(session, now, conversation, ERASED, SYSTEM)


async def erasure_ledger(session: AsyncSession) -> list[ErasedContact]:
    """Every erasure, oldest first: to be kept where a restore of the database does not reach it."""
    rows = await session.execute(select(models.Erasure.contact_id, models.Erasure.at).order_by(models.Erasure.id))
    return [ErasedContact(contact_id, at) for contact_id, at in rows]


async def replay_erasures(session: AsyncSession, now: datetime, ledger: Sequence[ErasedContact] = ()) -> Replayed:
    """After a restore: erase again whoever a ledger names, the kept one or the database's own, and the backup revived.

    A contact made after the erasure is somebody else: ids count on from where the backup ended.
    """
    erased = {line.contact_id: line.at for line in (*await erasure_ledger(session), *ledger)}
    contact = models.Contact
    revived = select(contact.id, contact.created_at).where(contact.id.in_(erased), contact.erased_at.is_(None))
    tokens: list[str] = []
    done: set[int] = set()
    for contact_id, created_at in (await session.execute(revived)).all():
        if created_at <= erased[contact_id] and contact_id not in done:
            person = await person_of(session, ContactId(contact_id), lock=True)
            tokens += await _forget(session, now, SYSTEM, person)
            done.update(person.contact_ids)
    return Replayed(len(done), tuple(tokens))
