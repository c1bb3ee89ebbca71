"""Contacts as programs read and write them: by id, by address, one page after another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Reach, visible_contacts, visible_conversations
from crm_core.contacts import ANY_COUNTRY, add_contact, canonical_email, canonical_phone, standing_contact
from crm_core.contracts import Address, AddressKind, ContactId
from crm_core.conversation_head import KnownAddress
from crm_core.errors import AlreadyTaken, InvalidInput, NotFound
from crm_core.plain_text import is_storable

MOST_VALUE_CHARACTERS = 200
CHANGEABLE = ("name", "language", "time_zone")
_TELEPHONES = (AddressKind.TEL, AddressKind.WHATSAPP, AddressKind.FAX)


@dataclass(frozen=True, slots=True)
class ContactCard:
    id: int
    name: str | None
    language: str | None
    time_zone: str | None
    customer_ref: str | None
    created_at: datetime
    addresses: tuple[KnownAddress, ...]


def read_address(uri: str) -> Address:
    """`mailto:…`, `tel:+…` in the form in which we keep it. Raises InvalidInput with what to write."""
    kind, _, value = uri.partition(":")
    if kind not in set(AddressKind) or not value or len(value) > MOST_VALUE_CHARACTERS or not is_storable(value):
        kinds = ", ".join(f"{known}:…" for known in AddressKind)
        raise InvalidInput(f"Write the address with its kind: {kinds}.")
    if kind == AddressKind.MAILTO:
        return Address(AddressKind.MAILTO, canonical_email(value))
    found = AddressKind(kind)
    return Address(found, canonical_phone(value, ANY_COUNTRY) if found in _TELEPHONES else value)


async def contact_card(session: AsyncSession, reach: Reach, contact_id: int) -> ContactCard:
    """Of a contact that was merged, the one it became. Raises NotFound, alike for what is not there and not theirs."""
    standing = await standing_contact(session, ContactId(contact_id))
    rows = (await session.scalars(_contacts(reach, models.Contact.id == standing))).all()
    if not rows:
        raise NotFound("There is no such contact.")
    return (await _cards(session, rows))[0]


async def contact_page(
    session: AsyncSession, reach: Reach, after: int, limit: int, address: Address | None = None
) -> list[ContactCard]:
    """In the order of their ids, up to one more than `limit`, which says that there is another page."""
    wanted = models.Contact.id > after
    if address is not None:
        has_it = select(models.Address.contact_id).where(models.Address.uri == address.uri)
        wanted &= models.Contact.id.in_(has_it)
    statement = _contacts(reach, wanted).order_by(models.Contact.id).limit(limit + 1)
    return await _cards(session, (await session.scalars(statement)).all())


def _contacts(reach: Reach, wanted: ColumnElement[bool]) -> Select[models.Contact]:
    contact = models.Contact
    stands = contact.merged_into.is_(None) & contact.erased_at.is_(None)
    statement = select(contact).where(wanted, stands, visible_contacts(reach))
    return statement.execution_options(populate_existing=True)


async def _cards(session: AsyncSession, rows: Sequence[models.Contact]) -> list[ContactCard]:
    address = models.Address
    columns = (address.contact_id, address.uri, address.verified_at, address.verified_how, address.unreachable_why)
    theirs = select(*columns).where(address.contact_id.in_([row.id for row in rows])).order_by(address.id)
    addresses: dict[int, tuple[KnownAddress, ...]] = {}
    found: Iterable[Sequence[Any]] = await session.execute(theirs)
    for contact_id, *rest in found:
        addresses[contact_id] = (*addresses.get(contact_id, ()), KnownAddress(*rest))
    return [
        ContactCard(
            row.id, row.name, row.language, row.time_zone, row.customer_ref, row.created_at, addresses.get(row.id, ())
        )
        for row in rows
    ]  # fmt: skip


async def create_contact(
    session: AsyncSession, now: datetime, address: Address, values: Mapping[str, str | None]
) -> ContactId:
    """Its address is noted, not verified. Raises AlreadyTaken for an address that somebody has."""
    made = await add_contact(session, now, address)
    if made is None:
        raise AlreadyTaken("Somebody with this address is known already; look them up by it.")
    await _write(session, made.id, values)
    return made.id


async def change_contact(
    session: AsyncSession, reach: Reach, contact_id: int, values: Mapping[str, str | None]
) -> ContactId:
    """What is not among `values` stays. Who they are in the ERP is proven by themselves and never written here."""
    card = await contact_card(session, reach, contact_id)
    await _write(session, ContactId(card.id), values)
    return ContactId(card.id)


async def _write(session: AsyncSession, contact_id: ContactId, values: Mapping[str, str | None]) -> None:
    own = {name: values[name] for name in CHANGEABLE if name in values}
    if own:
        changed = update(models.Contact).where(models.Contact.id == contact_id).values(**own)
        await session.execute(changed.execution_options(synchronize_session=False))


async def proven_customer(session: AsyncSession, reach: Reach, contact_id: int) -> str:
    """Who they are in the ERP: as their channel proved, else as their last conversation did. Raises NotFound."""
    card = await contact_card(session, reach, contact_id)
    if card.customer_ref is not None:
        return card.customer_ref
    conversation = models.Conversation
    theirs = (conversation.contact_id == card.id) & conversation.customer_ref.is_not(None)
    newest = select(conversation.customer_ref).where(theirs, visible_conversations(reach))
    found = await session.scalar(newest.order_by(conversation.id.desc()).limit(1))
    if found is None:
        raise NotFound("This contact has not shown yet which customer they are, so their orders are not told.")
    return found
