"""What forgetting a person does, table by table; each step leaves the figures and takes the person."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models, models_phone
from crm_core.campaign_results import settle_lots
from crm_core.contacts import standing_contact
from crm_core.contracts import ContactId, Json
from crm_core.models_campaigns import CampaignMember, Consent
from crm_core.models_contacts import AddressClaim
from crm_core.models_desk import HeldReply
from crm_core.models_oversight import QualityReview
from crm_core.models_sales import Lead
from crm_core.schema import Base

ERASED = "erased"
# what an event may keep: numbers, and words of our own that name nobody
KEPT_EVENT_KEYS = frozenset({
    "message_id", "message_ids", "through", "intent", "confidence", "zone", "language", "model", "flow", "slot",
    "load", "entry", "how", "why", "state", "position", "p50_s", "p80_s", "promised_p50_s", "promised_p80_s", "method",
    "due_at_s", "callback_at_s", "timeout_s", "slack_s", "skills", "ring", "idle_s", "candidates", "is_last_agent",
    "interrupts", "clock", "policy", "target_s", "channel",
    "action", "ms", "code", "reason", "queue", "agent_id", "from_agent_id", "from_state", "waited_s", "first",
    "disposition", "score", "scorecard", "survey", "changed", "from_queue", "to_queue", "to_agent_id", "note_id",
    "until_s", "merge_id", "job_id", "kind", "tries", "source", "from_intent", "urgent", "upset", "earlier_contacts",
    "to_conversation_id", "continues", "duration_s", "outcome", "call_id", "campaign_id",
    "arm", "is_hold_out", "purpose", "version", "lead_id", "stage", "from_stage",
})  # fmt: skip
_OWN_WORD = re.compile(r"[A-Za-z0-9_.:/#-]{1,80}")


@dataclass(frozen=True, slots=True)
class Person:
    """The contact that stands, all that were merged into it, and every conversation of theirs."""

    contact_ids: tuple[int, ...]
    conversation_ids: tuple[int, ...]


async def person_of(session: AsyncSession, contact_id: ContactId, *, lock: bool = False) -> Person:
    """Merges are followed both ways: up to the contact that stands, down to all merged into it."""
    standing = int(await standing_contact(session, contact_id))
    found, fresh = {standing}, {standing}
    while fresh:
        merged = await session.scalars(select(models.Contact.id).where(models.Contact.merged_into.in_(fresh)))
        fresh = set(merged) - found
        found |= fresh
    contact_ids = tuple(sorted(found))
    contact, conversation = models.Contact, models.Conversation
    contacts = select(contact.id).where(contact.id.in_(contact_ids)).order_by(contact.id)
    conversations = select(conversation.id).where(conversation.contact_id.in_(contact_ids)).order_by(conversation.id)
    if lock:
        await session.execute(contacts.with_for_update())
        conversations = conversations.with_for_update()
    return Person(contact_ids, tuple((await session.scalars(conversations)).all()))


Step = Callable[[AsyncSession, datetime, Person], Awaitable[None]]


async def delete_payloads(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _remove(session, models.InboundPayload, models.InboundPayload.contact_id.in_(person.contact_ids))


async def delete_addresses(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _remove(session, models.Address, models.Address.contact_id.in_(person.contact_ids))


async def delete_jobs(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _remove(session, models.Job, models.Job.conversation_id.in_(person.conversation_ids))


async def delete_attachments(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _remove(session, models.AttachmentRow, models.AttachmentRow.conversation_id.in_(person.conversation_ids))


async def delete_held(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _remove(session, HeldReply, HeldReply.conversation_id.in_(person.conversation_ids))


async def delete_corrections(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _remove(session, models.NluCorrection, models.NluCorrection.conversation_id.in_(person.conversation_ids))


async def delete_claims(session: AsyncSession, _now: datetime, person: Person) -> None:
    """What others claim of this person's addresses goes with them."""
    claim, address = AddressClaim, models.Address
    theirs = select(address.uri).where(address.contact_id.in_(person.contact_ids)).scalar_subquery()
    await _remove(session, claim, claim.contact_id.in_(person.contact_ids) | claim.uri.in_(theirs))


async def delete_calls(session: AsyncSession, _now: datetime, person: Person) -> None:
    """Their legs and what was said last go with them; how long they took stands in the events."""
    call = models_phone.Call
    await _remove(session, call, call.conversation_id.in_(person.conversation_ids))


async def blank_messages(session: AsyncSession, _now: datetime, person: Person) -> None:
    values: dict[str, object] = {"text": ERASED, "content": {}, "nlu": None, "external_id": None, "delivery_code": None}
    await _blank(session, models.Message, models.Message.conversation_id.in_(person.conversation_ids), values)


async def blank_conversations(session: AsyncSession, _now: datetime, person: Person) -> None:
    conversation = models.Conversation
    values: dict[str, object] = {
        "subject": None, "customer_ref": None, "bot_memory": {}, "handoff": None,
        "offer": None, "estimate": None, "passed_by": [],
        "thread_key": func.concat(ERASED, conversation.id),
    }  # fmt: skip
    await _blank(session, conversation, conversation.id.in_(person.conversation_ids), values)


async def blank_surveys(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _blank(
        session, models.Survey, models.Survey.conversation_id.in_(person.conversation_ids), {"comment": None}
    )  # fmt: skip


async def blank_reviews(session: AsyncSession, _now: datetime, person: Person) -> None:
    """A comment to the agent may speak of the customer; the score speaks of the agent."""
    theirs = QualityReview.conversation_id.in_(person.conversation_ids)
    await _blank(session, QualityReview, theirs, {"comment": None})


async def blank_contacts(session: AsyncSession, now: datetime, person: Person) -> None:
    values = {"name": None, "customer_ref": None, "time_zone": None, "erased_at": now}
    await _blank(session, models.Contact, models.Contact.id.in_(person.contact_ids), values)


async def blank_merges(session: AsyncSession, _now: datetime, person: Person) -> None:
    merge = models.ContactMerge
    theirs = merge.source_id.in_(person.contact_ids) | merge.target_id.in_(person.contact_ids)
    await _blank(session, merge, theirs, {"evidence": ERASED})


async def blank_events(session: AsyncSession, _now: datetime, person: Person) -> None:
    """Event rows are never changed but here: the law asks for it, and no figure is touched."""
    event = models.Event
    theirs = event.contact_id.in_(person.contact_ids) | event.conversation_id.in_(person.conversation_ids)
    rows = (await session.execute(select(event.id, event.data).where(theirs, event.data != {}))).all()
    changed = [{"event_id": row.id, "kept": kept_of(row.data)} for row in rows if kept_of(row.data) != row.data]
    if changed:
        table = models.Event.__table__
        statement = update(table).where(table.c.id == bindparam("event_id")).values(data=bindparam("kept"))  # type: ignore[arg-type]
        await session.execute(statement, changed)


def kept_of(happened: dict[str, Json]) -> dict[str, Json]:
    """An event's data without the person: known keys, and under them only numbers and single words of our own."""
    return {key: value for key, value in happened.items() if key in KEPT_EVENT_KEYS and _names_nobody(value)}


def _names_nobody(value: Json) -> bool:
    if isinstance(value, list):
        return all(_names_nobody(item) for item in value)
    if isinstance(value, str):
        return _OWN_WORD.fullmatch(value) is not None
    return not isinstance(value, dict)


async def delete_consents(session: AsyncSession, _now: datetime, person: Person) -> None:
    await _remove(session, Consent, Consent.contact_id.in_(person.contact_ids))


async def blank_lots(session: AsyncSession, now: datetime, person: Person) -> None:
    """What they bought is counted into the lot first; then nothing says whose it was."""
    theirs = CampaignMember.contact_id.in_(person.contact_ids)
    await settle_lots(session, now, person.contact_ids)
    values: dict[str, object] = {"customer_ref": None, "traits": {}, "state": _left_out(), "reason": _why_left_out()}
    await _blank(session, CampaignMember, theirs, values)


def _left_out() -> ColumnElement[str]:
    return case((CampaignMember.state == "waiting", "skipped"), else_=CampaignMember.state)


def _why_left_out() -> ColumnElement[str | None]:
    return case((CampaignMember.state == "waiting", "gone"), else_=CampaignMember.reason)


async def blank_leads(session: AsyncSession, _now: datetime, person: Person) -> None:
    values: dict[str, object] = {"note": None, "next_step": None, "won_order": None}
    await _blank(session, Lead, Lead.contact_id.in_(person.contact_ids), values)


ERASURE_STEPS: tuple[Step, ...] = (
    delete_payloads, delete_held, delete_claims, delete_addresses, delete_jobs, delete_attachments, delete_corrections,
    delete_calls, delete_consents, blank_lots, blank_leads, blank_messages, blank_conversations, blank_surveys,
    blank_reviews, blank_contacts, blank_merges, blank_events,
)  # fmt: skip


async def _remove(session: AsyncSession, model: type[Base], condition: ColumnElement[bool]) -> None:
    await session.execute(delete(model).where(condition).execution_options(synchronize_session=False))


async def _blank(
    session: AsyncSession, model: type[Base], condition: ColumnElement[bool], values: Mapping[str, object]
) -> None:
    await session.execute(update(model).where(condition).values(**values).execution_options(synchronize_session=False))
