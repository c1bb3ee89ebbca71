"""Consent to be written to: given by the person, taken back at any time, and effective at once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.campaign_values import MemberState, Purpose, Reason
from crm_core.contracts import DeliveryState, JsonObject
from crm_core.events import SYSTEM, Actor, Event, EventKind, record
from crm_core.models_campaigns import CampaignMember, Consent


class ConsentSource(StrEnum):
    """Where somebody said so."""

    AGENT = "agent"
    IMPORT = "import"
    LINK = "link"
    STOP_WORD = "stop_word"
    PROVIDER = "provider"  # a carrier told us of STOP
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Said:
    """Who noted it, where it was said, and which text they agreed to."""

    actor: Actor
    source: ConsentSource
    text_version: str | None = None
    purpose: Purpose = Purpose.MARKETING
    agreed_at: datetime | None = None  # where it was noted later than it was said


@dataclass(frozen=True, slots=True)
class ConsentView:
    is_given: bool
    at: datetime | None
    source: str
    text_version: str | None


async def consent_of(session: AsyncSession, contact_id: int) -> ConsentView | None:
    """To marketing; None for who was never asked."""
    statement = select(Consent).where(Consent.contact_id == contact_id, Consent.purpose == Purpose.MARKETING)
    row = (await session.scalars(statement)).one_or_none()
    if row is None:
        return None
    is_given = row.withdrawn_at is None
    return ConsentView(is_given, row.given_at if is_given else row.withdrawn_at, row.source, row.text_version)


async def give_consent(session: AsyncSession, now: datetime, contact_id: int, said: Said) -> bool:
    """False when it was given already, to the same text."""
    statement = insert(Consent).values(
        contact_id=contact_id, purpose=said.purpose.value, source=said.source.value,
        text_version=said.text_version, given_at=said.agreed_at or now,
    )  # fmt: skip
    renewed = Consent.withdrawn_at.is_not(None) | Consent.text_version.is_distinct_from(said.text_version)
    values = {
        "source": said.source.value, "text_version": said.text_version, "given_at": said.agreed_at or now,
        "withdrawn_at": None,
    }  # fmt: skip
    changed = await session.scalar(
        statement.on_conflict_do_update(index_elements=["contact_id", "purpose"], set_=values, where=renewed)
        .returning(Consent.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return False
    await record(session, now, [_event(EventKind.CONSENT_GIVEN, contact_id, said)])
    return True


async def withdraw_consent(session: AsyncSession, now: datetime, contact_id: int, said: Said) -> bool:
    """Whoever has not agreed is noted as having refused. Nothing more of a campaign goes out from this commit on.

    False when it was withdrawn already.
    """
    statement = insert(Consent).values(
        contact_id=contact_id, purpose=said.purpose.value, source=said.source.value, withdrawn_at=now
    )
    values = {"source": said.source.value, "withdrawn_at": now}
    changed = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["contact_id", "purpose"], set_=values, where=Consent.withdrawn_at.is_(None)
        )
        .returning(Consent.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return False
    await record(session, now, [_event(EventKind.CONSENT_WITHDRAWN, contact_id, said)])
    await call_off(session, now, CampaignMember.contact_id == contact_id, Reason.UNSUBSCRIBED)
    return True


def _event(kind: EventKind, contact_id: int, said: Said) -> Event:
    detail: JsonObject = {"purpose": said.purpose.value, "source": said.source.value, "version": said.text_version}
    return Event(kind, said.actor, None, contact_id, detail)


async def call_off(session: AsyncSession, now: datetime, whose: ColumnElement[bool], reason: Reason) -> int:
    """Who waits is left out; of what was posted, whatever no channel has in hand yet stays here. How many waited."""
    left_out = (
        update(CampaignMember)
        .where(whose, CampaignMember.state == MemberState.WAITING)
        .values(state=MemberState.SKIPPED.value, reason=reason.value)
        .returning(CampaignMember.campaign_id, CampaignMember.contact_id)
        .execution_options(synchronize_session=False)
    )
    skipped = (await session.execute(left_out)).all()
    await record(session, now, [skip_event(campaign, contact, reason) for campaign, contact in skipped])
    posted = select(CampaignMember.message_id).where(whose, CampaignMember.message_id.is_not(None))
    pending = (
        update(models.Message)
        .where(models.Message.id.in_(posted), models.Message.delivery == DeliveryState.PENDING)
        .values(delivery=DeliveryState.FAILED.value, delivery_code=reason.value)
        .returning(models.Message.id, models.Message.conversation_id)
        .execution_options(synchronize_session=False)
    )
    for message_id, conversation_id in (await session.execute(pending)).all():
        detail: JsonObject = {"message_id": message_id, "code": reason.value}
        await record(session, now, [Event(EventKind.MESSAGE_FAILED, SYSTEM, conversation_id, None, detail)])
    return len(skipped)


def skip_event(campaign_id: int, contact_id: int, reason: Reason) -> Event:
    detail: JsonObject = {"campaign_id": campaign_id, "reason": reason.value}
    return Event(EventKind.CAMPAIGN_SKIPPED, SYSTEM, None, contact_id, detail)


async def carry_withdrawal(session: AsyncSession, now: datetime, source_id: int, target_id: int) -> None:
    """Of two contacts that become one: whoever of them said no, said it for both."""
    refused = await consent_of(session, source_id)
    if refused is not None and not refused.is_given:
        await withdraw_consent(session, now, target_id, Said(SYSTEM, ConsentSource.MERGE))
