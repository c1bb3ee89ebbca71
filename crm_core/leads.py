"""Leads: who may buy, whose they are, what comes next; won when the ERP shows an order, lost for a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, RowMapping, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from config.sales_files import Sales
from crm_core import models
from crm_core.access import Action, Reach, Viewer, require, require_role
from crm_core.contracts import ContactId, ConversationId, JsonObject
from crm_core.conversations import lock_conversation
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import SYSTEM, Actor, Event, EventKind, record
from crm_core.models_campaigns import CampaignMember
from crm_core.models_sales import Lead
from crm_core.plain_text import storable
from crm_core.states import Role

_SEES_ALL = (Role.SUPERVISOR, Role.ADMIN)
MOST_CHARACTERS = 500
MOST_VALUE = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class LeadView:
    id: int
    contact_name: str | None
    address: str | None
    conversation_id: int | None
    owner_id: int
    owner_name: str
    stage: str
    value: Decimal | None
    next_step: str | None
    next_step_on: date | None
    created_at: datetime
    stage_at: datetime


@dataclass(frozen=True, slots=True)
class LeadChange:
    """What the form of a lead says; `owner_id` None leaves it as it is."""

    stage: str
    value: Decimal | None
    next_step: str
    next_step_on: date | None
    owner_id: int | None = None


async def make_lead(
    session: AsyncSession, now: datetime, reach: Reach, sales: Sales, conversation_id: ConversationId
) -> int:
    """Of the contact of a conversation, the viewer's own. One that is open already stays as it is; its id."""
    require_role(reach.viewer, Action.SELL)
    conversation = await lock_conversation(session, conversation_id)
    require(reach, Action.NOTE, conversation)
    contact_id, first = conversation.contact_id, sales.stages[0].key
    opened = select(func.min(models.Conversation.opened_at)).where(models.Conversation.contact_id == contact_id)
    statement = insert(Lead).values(
        contact_id=contact_id, conversation_id=conversation.id, owner_id=reach.viewer.user_id, stage=first,
        campaign_id=await _campaign_of(session, contact_id), created_at=now, stage_at=now,
        first_contact_at=await session.scalar(opened) or now,
    )  # fmt: skip
    made = await session.scalar(statement.on_conflict_do_nothing().returning(Lead.id))
    if made is None:
        own = select(Lead.id).where(Lead.contact_id == contact_id, Lead.closed_at.is_(None))
        return int(await session.scalar(own) or 0)
    detail: JsonObject = {"lead_id": made, "stage": first}
    actor = Actor.agent(reach.viewer.user_id)
    await record(session, now, [Event(EventKind.LEAD_CREATED, actor, conversation.id, contact_id, detail)])
    return int(made)


async def _campaign_of(session: AsyncSession, contact_id: int) -> int | None:
    """The last one that wrote to them."""
    latest = (
        select(CampaignMember.campaign_id)
        .where(CampaignMember.contact_id == contact_id, CampaignMember.posted_at.is_not(None))
        .order_by(CampaignMember.posted_at.desc())
    )
    return await session.scalar(latest.limit(1))


def _own(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.role in _SEES_ALL else Lead.owner_id == viewer.user_id


async def open_leads(session: AsyncSession, viewer: Viewer) -> list[LeadView]:
    """One's own, or everybody's for who supervises; the next step due first."""
    require_role(viewer, Action.SELL)
    oldest = aliased(models.Address)
    first = select(func.min(oldest.id)).where(oldest.contact_id == Lead.contact_id).scalar_subquery()
    statement = (
        select(
            Lead.id, models.Contact.name.label("contact_name"), models.Address.uri.label("address"),
            Lead.conversation_id, Lead.owner_id, models.User.name.label("owner_name"), Lead.stage, Lead.value,
            Lead.next_step, Lead.next_step_on, Lead.created_at, Lead.stage_at,
        )
        .select_from(Lead)
        .join(models.Contact, models.Contact.id == Lead.contact_id)
        .join(models.User, models.User.id == Lead.owner_id)
        .outerjoin(models.Address, models.Address.id == first)
        .where(Lead.closed_at.is_(None), _own(viewer))
        .order_by(Lead.next_step_on.asc().nulls_last(), Lead.id)
        .limit(500)
    )  # fmt: skip
    return [_view(row) for row in (await session.execute(statement)).mappings()]


def _view(row: RowMapping) -> LeadView:
    return LeadView(**row)


async def change_lead(
    session: AsyncSession, now: datetime, viewer: Viewer, sales: Sales, what: tuple[int, LeadChange]
) -> None:
    """Raises NotFound for somebody else's, InvalidInput for a stage that is none."""
    lead_id, change = what
    lead = await _locked(session, viewer, lead_id)
    _check(sales, change)
    before, lead.stage = lead.stage, change.stage
    lead.value, lead.next_step_on = change.value, change.next_step_on
    lead.next_step = storable(change.next_step).strip()[:MOST_CHARACTERS] or None
    if change.owner_id is not None and viewer.role in _SEES_ALL:
        lead.owner_id = change.owner_id
    if before != change.stage:
        lead.stage_at = now
        detail: JsonObject = {"lead_id": lead_id, "from_stage": before, "stage": change.stage}
        await _tell(session, now, viewer, (EventKind.LEAD_MOVED, lead, detail))
    await session.flush()


def _check(sales: Sales, change: LeadChange) -> None:
    if change.stage not in {stage.key for stage in sales.stages}:
        raise InvalidInput("There is no such stage (any more).")
    if change.value is not None and not 0 <= change.value < MOST_VALUE:
        raise InvalidInput("The value is a number of at most nine digits.")


async def lose_lead(session: AsyncSession, now: datetime, viewer: Viewer, sales: Sales, what: tuple[int, str]) -> None:
    """Raises InvalidInput without a reason that is known."""
    lead_id, reason = what
    if reason not in {each.key for each in sales.lost_reasons}:
        raise InvalidInput("Say why this lead is lost.")
    lead = await _locked(session, viewer, lead_id)
    lead.closed_at, lead.lost_reason = now, reason
    await session.flush()
    detail: JsonObject = {"lead_id": lead_id, "stage": lead.stage, "reason": reason}
    await _tell(session, now, viewer, (EventKind.LEAD_LOST, lead, detail))


async def _locked(session: AsyncSession, viewer: Viewer, lead_id: int) -> Lead:
    require_role(viewer, Action.SELL)
    statement = select(Lead).where(Lead.id == lead_id, _own(viewer)).with_for_update()
    lead = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if lead is None:
        raise NotFound("There is no such lead, or it is a colleague's.")
    if lead.closed_at is not None:
        raise Conflict("This lead is won or lost already.")
    return lead


async def _tell(session: AsyncSession, now: datetime, viewer: Viewer, what: tuple[EventKind, Lead, JsonObject]) -> None:
    kind, lead, detail = what
    event = Event(kind, Actor.agent(viewer.user_id), lead.conversation_id, lead.contact_id, detail)
    await record(session, now, [event])


# The first order since the lead was made, as the ERP's extract has it.
_WON = text("""
select distinct on (l.id) l.id, s.order_number, s.ordered_on,
       (select sum(o.amount) from fact_sale_line o where o.source = s.source and o.order_id = s.order_id) as amount
from lead l join contact c on c.id = l.contact_id
join fact_sale_line s on s.customer_id = c.customer_ref
    and s.stage not in ('cancelled', 'draft') and s.ordered_on >= cast(l.created_at as date)
where l.closed_at is null
order by l.id, s.ordered_on, s.order_id
""")


async def settle_won(session: AsyncSession, now: datetime) -> int:
    """Close every open lead whose customer has ordered since; how many. Doing it again changes nothing."""
    won = 0
    for lead_id, order, on, amount in (await session.execute(_WON)).all():
        values = {"closed_at": now, "won_order": order, "won_on": on, "won_amount": amount}
        row = update(Lead).where(Lead.id == lead_id, Lead.closed_at.is_(None)).values(**values)
        returned = row.returning(Lead.contact_id, Lead.conversation_id, Lead.stage)
        closed = (await session.execute(returned.execution_options(synchronize_session=False))).one_or_none()
        if closed is not None:
            detail: JsonObject = {"lead_id": lead_id, "stage": closed.stage}
            event = Event(EventKind.LEAD_WON, SYSTEM, closed.conversation_id, closed.contact_id, detail)
            await record(session, now, [event])
            won += 1
    return won


async def lead_of(session: AsyncSession, contact_id: ContactId) -> int | None:
    """The open one of a contact."""
    return await session.scalar(select(Lead.id).where(Lead.contact_id == contact_id, Lead.closed_at.is_(None)))


async def sellers(session: AsyncSession) -> Sequence[tuple[int, str]]:
    """Whom a lead may be given to."""
    user = models.User
    rows = await session.execute(select(user.id, user.name).where(user.disabled_at.is_(None)).order_by(user.name))
    return [(row.id, row.name) for row in rows]
