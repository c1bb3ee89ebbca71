"""Who may be the same customer: what speaks for it, and the merges a person made of it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require, visible_conversations
from crm_core.contacts import Merge, merge_contacts, unmerge_contacts
from crm_core.contracts import ContactId, ConversationId
from crm_core.conversations import lock_conversation
from crm_core.errors import Conflict, NotFound
from crm_core.events import Actor

MOST_KIN = 10


class EvidenceKind(StrEnum):
    SAME_CUSTOMER = "same_customer"  # both proved to be the same customer of the ERP
    CLAIMS_ADDRESS = "claims_address"  # a channel proved an address that the other one has


@dataclass(frozen=True, slots=True)
class Evidence:
    """`value` is the customer's number or the address."""

    kind: EvidenceKind
    value: str


@dataclass(frozen=True, slots=True)
class Kin:
    """Another contact who may be the same person, with everything that speaks for it."""

    contact_id: ContactId
    name: str | None
    addresses: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class PastMerge:
    """A merge that can be taken back."""

    id: int
    name: str | None
    addresses: tuple[str, ...]
    at: datetime


# Each row is one piece of evidence between the contact and another one that stands.
_EVIDENCE = text("""
with refs as (
    select customer_ref from contact where id = :contact_id and customer_ref is not null
    union select customer_ref from conversation
    where contact_id = :contact_id and customer_ref is not null and verified_at is not null
), found as (
    select c.id as contact_id, 'same_customer' as kind, c.customer_ref as value
    from contact c join refs using (customer_ref)
    union select v.contact_id, 'same_customer', v.customer_ref
    from conversation v join refs using (customer_ref) where v.verified_at is not null
    union select a.contact_id, 'claims_address', a.uri
    from address_claim k join address a on a.uri = k.uri where k.contact_id = :contact_id
    union select k.contact_id, 'claims_address', a.uri
    from address_claim k join address a on a.uri = k.uri where a.contact_id = :contact_id
)
select f.contact_id, f.kind, f.value from found f join contact c on c.id = f.contact_id
where f.contact_id <> :contact_id and c.merged_into is null and c.erased_at is null
order by f.contact_id, f.kind desc, f.value
limit 100
""")


async def kin_of(session: AsyncSession, reach: Reach, contact_id: int) -> list[Kin]:
    """Contacts with evidence of whom the viewer may see a conversation."""
    found: defaultdict[int, list[Evidence]] = defaultdict(list)
    for row in await session.execute(_EVIDENCE, {"contact_id": contact_id}):
        found[row.contact_id].append(Evidence(EvidenceKind(row.kind), row.value))
    seen = select(models.Conversation.contact_id).where(
        models.Conversation.contact_id.in_(found), visible_conversations(reach)
    )
    visible = set(await session.scalars(seen)) if found else set[int]()
    names, addresses = await _who(session, list(visible))
    return [
        Kin(ContactId(kin), names.get(kin), tuple(addresses[kin]), tuple(evidence))
        for kin, evidence in found.items()
        if kin in visible
    ][:MOST_KIN]


async def _who(session: AsyncSession, ids: list[int]) -> tuple[dict[int, str | None], dict[int, list[str]]]:
    contacts = await session.execute(select(models.Contact.id, models.Contact.name).where(models.Contact.id.in_(ids)))
    names = {row.id: row.name for row in contacts}
    statement = select(models.Address.contact_id, models.Address.uri).where(models.Address.contact_id.in_(ids))
    addresses: defaultdict[int, list[str]] = defaultdict(list)
    for contact_id, uri in await session.execute(statement.order_by(models.Address.id)):
        addresses[contact_id].append(uri)
    return names, addresses


async def merges_into(session: AsyncSession, contact_id: int) -> list[PastMerge]:
    """Merges into this contact that were not undone, newest first."""
    merge, address = models.ContactMerge, models.Address
    statement = (
        select(merge.id, models.Contact.name, merge.moved, merge.at)
        .join(models.Contact, models.Contact.id == merge.source_id)
        .where(merge.target_id == contact_id, merge.undone_at.is_(None))
        .order_by(merge.id.desc())
    )
    past = []
    for row in await session.execute(statement):
        moved = row.moved.get("addresses")
        ids = moved if isinstance(moved, list) else []
        uris = await session.scalars(select(address.uri).where(address.id.in_(ids)).order_by(address.id))
        past.append(PastMerge(row.id, row.name, tuple(uris), row.at))
    return past


async def merge_kin(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, kin_id: ContactId
) -> None:
    """Make `kin_id` one with the contact of the conversation, by evidence only.

    Raises Forbidden for who may not merge, Conflict when nothing speaks for it (any more).
    """
    conversation = await lock_conversation(session, conversation_id)
    require(reach, Action.MERGE, conversation)
    kin = next((one for one in await kin_of(session, reach, conversation.contact_id) if one.contact_id == kin_id), None)
    if kin is None:
        raise Conflict("Nothing speaks for these two being one customer (any more).")
    evidence = "; ".join(f"{one.kind} {one.value}" for one in kin.evidence)
    actor = Actor.agent(reach.viewer.user_id)
    await merge_contacts(session, now, actor, Merge(kin_id, ContactId(conversation.contact_id), evidence))


async def unmerge_kin(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, merge_id: int
) -> None:
    """Take back a merge into the contact of the conversation. Raises NotFound for any other merge."""
    conversation = await lock_conversation(session, conversation_id)
    require(reach, Action.MERGE, conversation)
    merge = await session.get(models.ContactMerge, merge_id)
    if merge is None or merge.target_id != conversation.contact_id:
        raise NotFound("There is no such merge into this contact.")
    await unmerge_contacts(session, now, Actor.agent(reach.viewer.user_id), merge_id)
