"""Contacts and their addresses: canonical forms, lookup by constraint, merge and un-merge."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from crm_core import models
from crm_core.consents import carry_withdrawal
from crm_core.contracts import Address, AddressKind, ContactId, Identity, JsonObject
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import Actor, Event, EventKind, record
from crm_core.states import ConversationState

_EMAIL = re.compile(r"[^\s\x00-\x1f\x7f\ud800-\udfff\"()<>%*,:;\[\\\]@]{1,64}@([\w-]{1,63}\.){1,8}[\w-]{2,63}")
ANY_COUNTRY = "ZZ"  # no region: only a number with its country code can be read


def canonical_email(value: str) -> str:
    """Trimmed, with domain and local part in lower case. Raises InvalidInput when it is no address."""
    email = value.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise InvalidInput("This is not an e-mail address; write it like name@example.com.")
    return email


def canonical_phone(value: str, country: str) -> str:
    """E.164 (ITU-T), read as dialled from `country` (ISO 3166). Raises InvalidInput for an impossible number."""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException as error:
        raise InvalidInput("This is not a telephone number; write it with the country code.") from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidInput("This telephone number has too many or too few digits.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@dataclass(frozen=True, slots=True)
class KnownContact:
    """The contact behind an address; merged contacts are already followed to the one that stands."""

    id: ContactId
    address_id: int
    language: str | None
    customer_ref: str | None
    verified: bool


_STANDING = text("""
    with recursive chain(id, merged_into) as (
        select id, merged_into from contact where id = :contact_id
        union all select c.id, c.merged_into from contact c join chain on c.id = chain.merged_into)
    select id from chain where merged_into is null
""")


_CLAIM = text("""
    insert into address_claim (contact_id, uri, at)
    select :contact_id, uri, :now from address where uri = :uri and contact_id <> :contact_id
    on conflict do nothing
""")


async def ensure_contact(session: AsyncSession, now: datetime, address: Address) -> KnownContact:
    """The contact of `address`, made when new. Two first messages at once make one contact, by the unique URI."""
    known = await add_contact(session, now, address) or await find_contact(session, address)
    if known is None:
        raise NotFound("The address vanished while it was read; try again.")
    return known


_ADD = text("""
with fresh as (
    select nextval(pg_get_serial_sequence('contact', 'id')) as id
), added as (
    insert into address (uri, contact_id, created_at) select :uri, id, :now from fresh
    on conflict do nothing
    returning id, contact_id
), known as (
    insert into contact (id, created_at) select contact_id, :now from added
)
select id, contact_id from added
""")


async def add_contact(session: AsyncSession, now: datetime, address: Address) -> KnownContact | None:
    """A new contact with `address`; None when somebody has it already."""
    row = (await session.execute(_ADD, {"uri": address.uri, "now": now})).one_or_none()
    return KnownContact(ContactId(row.contact_id), row.id, None, None, verified=False) if row is not None else None


async def find_contact(session: AsyncSession, address: Address) -> KnownContact | None:
    """The contact of `address`, or None when nobody has it."""
    row = (
        await session.execute(
            select(
                models.Contact.id, models.Address.id.label("address_id"), models.Contact.language,
                models.Contact.customer_ref, models.Address.verified_at,
            )
            .join(models.Contact, models.Contact.id == models.Address.contact_id)
            .where(models.Address.uri == address.uri)
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    return KnownContact(
        ContactId(row.id),
        row.address_id,
        row.language,
        row.customer_ref,
        verified=row.verified_at is not None,
    )


async def add_identity(session: AsyncSession, now: datetime, contact_id: ContactId, identity: Identity) -> None:
    """Note what a channel proved: name and ERP customer replace older ones, addresses are added as verified by it now.

    An address that somebody else has stays theirs; that both have it is kept as evidence that they are one person. The
    time is that of the last proof: who writes from a proven address without proof, in a conversation of its own, has
    proven nothing.
    """
    values = {
        "name": models.Contact.name if identity.name is None else identity.name,
        "customer_ref": models.Contact.customer_ref if identity.customer_ref is None else identity.customer_ref,
    }
    await session.execute(update(models.Contact).where(models.Contact.id == contact_id).values(**values))
    for address in _proven_addresses(identity):
        verified = {"verified_at": now, "verified_how": "channel"}
        statement = insert(models.Address).values(uri=address.uri, contact_id=contact_id, created_at=now, **verified)
        own = models.Address.contact_id == contact_id
        await session.execute(
            statement.on_conflict_do_update(index_elements=["uri"], set_=verified, where=own).execution_options(
                synchronize_session=False
            )
        )
        await session.execute(_CLAIM, {"contact_id": contact_id, "uri": address.uri, "now": now})


def _proven_addresses(identity: Identity) -> Iterator[Address]:
    """In canonical form; what is no address proves none, and is no reason to refuse the message."""
    with suppress(InvalidInput):
        if identity.email:
            yield Address(AddressKind.MAILTO, canonical_email(identity.email))
    with suppress(InvalidInput):
        if identity.phone:
            yield Address(AddressKind.TEL, canonical_phone(identity.phone, ANY_COUNTRY))


async def name_contact(session: AsyncSession, contact_id: int, name: str | None) -> None:
    """Call a contact who has no name yet as the ERP does."""
    if name:
        nameless = (models.Contact.id == contact_id) & models.Contact.name.is_(None)
        await session.execute(
            update(models.Contact).where(nameless).values(name=name).execution_options(synchronize_session=False)
        )


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge to carry out: everything of `source` becomes `target`'s, because of `evidence`."""

    source: ContactId
    target: ContactId
    evidence: str


async def merge_contacts(session: AsyncSession, now: datetime, actor: Actor, merge: Merge) -> int:
    """Move addresses and conversations; remember which, so that `unmerge_contacts` can put them back.

    Returns the id of the merge. Raises Conflict when one of them is merged already, when both are the same, or when
    both have a conversation open in the same thread.
    """
    await _lock_standing(session, merge.source, merge.target)
    await _require_no_twin_threads(session, merge)
    moved: dict[str, list[int]] = {}
    for name, model in (("addresses", models.Address), ("conversations", models.Conversation)):
        statement = (
            update(model)
            .where(model.contact_id == merge.source)
            .values(contact_id=merge.target)
            .returning(model.id)
            .execution_options(synchronize_session=False)
        )
        moved[name] = sorted((await session.scalars(statement)).all())
    await session.execute(
        update(models.Contact).where(models.Contact.id == merge.source).values(merged_into=merge.target)
    )
    merge_id = await session.scalar(
        insert(models.ContactMerge)
        .values(source_id=merge.source, target_id=merge.target, actor=actor.name, evidence=merge.evidence,
                moved=moved, at=now)
        .returning(models.ContactMerge.id)
    )  # fmt: skip
    detail: JsonObject = {"source": merge.source, "merge_id": merge_id}
    await record(session, now, [Event(EventKind.CONTACTS_MERGED, actor, None, merge.target, detail)])
    await carry_withdrawal(session, now, merge.source, merge.target)
    return int(merge_id or 0)


async def unmerge_contacts(session: AsyncSession, now: datetime, actor: Actor, merge_id: int) -> None:
    """Give back exactly what the merge moved.

    Raises NotFound, or Conflict when it was undone already, when a later merge moved it on, or after an erasure.
    """
    merge = await session.get(models.ContactMerge, merge_id, with_for_update=True, populate_existing=True)
    if merge is None:
        raise NotFound("There is no such merge.")
    if merge.undone_at is not None:
        raise Conflict("This merge was undone already.")
    await _lock_standing(session, ContactId(merge.target_id))
    for name, model in (("addresses", models.Address), ("conversations", models.Conversation)):
        moved = merge.moved.get(name)
        ids = moved if isinstance(moved, list) else []
        await session.execute(
            update(model)
            .where(model.id.in_(ids), model.contact_id == merge.target_id)
            .values(contact_id=merge.source_id)
            .execution_options(synchronize_session=False)
        )
    await session.execute(update(models.Contact).where(models.Contact.id == merge.source_id).values(merged_into=None))
    merge.undone_at = now
    await session.flush()
    detail: JsonObject = {"source": merge.source_id, "merge_id": merge_id}
    await record(session, now, [Event(EventKind.CONTACTS_UNMERGED, actor, None, merge.target_id, detail)])


async def _lock_standing(session: AsyncSession, *ids: ContactId) -> None:
    if len(set(ids)) != len(ids):
        raise Conflict("A contact cannot be merged with itself.")
    statement = select(models.Contact).where(models.Contact.id.in_(ids)).order_by(models.Contact.id).with_for_update()
    contacts = (await session.scalars(statement.execution_options(populate_existing=True))).all()
    if len(contacts) != len(ids):
        raise NotFound("One of the contacts does not exist.")
    if any(contact.merged_into is not None or contact.erased_at is not None for contact in contacts):
        raise Conflict("This contact was merged into another one or erased: undo the later merge first.")


async def _require_no_twin_threads(session: AsyncSession, merge: Merge) -> None:
    """Only one conversation of a contact may be open in a thread."""
    ours, theirs = aliased(models.Conversation), aliased(models.Conversation)
    statement = select(ours.id).where(
        ours.contact_id == merge.source, ours.state != ConversationState.CLOSED,
        theirs.contact_id == merge.target, theirs.state != ConversationState.CLOSED,
        ours.inbox_id == theirs.inbox_id, ours.thread_key == theirs.thread_key,
    )  # fmt: skip
    if await session.scalar(statement.limit(1)) is not None:
        raise Conflict("Both contacts have a conversation open in the same inbox: close one of them first.")


async def standing_contact(session: AsyncSession, contact_id: ContactId) -> ContactId:
    """The contact that `contact_id` was merged into, through any number of merges."""
    found = await session.scalar(_STANDING, {"contact_id": contact_id})
    if found is None:
        raise NotFound("There is no such contact.")
    return ContactId(found)
