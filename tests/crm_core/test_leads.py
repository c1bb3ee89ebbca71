"""A lead from its conversation to the order in the ERP, or to the reason why not."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from config.sales_files import Sales
from crm_core import models
from crm_core.contracts import Address, AddressKind, ConversationId, Inbound
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.leads import LeadChange, change_lead, lose_lead, make_lead, open_leads, settle_won
from crm_core.models_sales import Lead
from tests.support.factories import Centre
from tests.support.marketing import Marketing

SALES = Sales()


@pytest.fixture
async def marketing(centre: Centre) -> Marketing:
    return await Marketing(centre).open()


async def conversation_of(marketing: Marketing, name: str) -> ConversationId:
    """Of somebody the ERP knows."""
    await marketing.person(name, customer_ref=name)
    address = Address(AddressKind.MAILTO, f"{name.lower()}@example.com")
    received = await marketing.centre.deliver(Inbound(f"m-{name}", address, "Do you have oak?"), inbox="email")
    return received.conversation_id


async def made(marketing: Marketing, name: str, by: str = "grace") -> int:
    conversation_id = await conversation_of(marketing, name)
    centre = marketing.centre
    async with centre.work() as session:
        return await make_lead(session, centre.now, centre.reach(by), SALES, conversation_id)


async def kinds(centre: Centre) -> list[str]:
    return [row.kind for row in await centre.rows(models.Event) if row.kind.startswith("lead_")]


async def test_of_one_customer_there_is_one_open_lead(marketing: Marketing, centre: Centre) -> None:
    conversation_id = await conversation_of(marketing, "Anna")
    ids = []
    for who in ("grace", "ada"):
        async with centre.work() as session:
            ids.append(await make_lead(session, centre.now, centre.reach(who), SALES, conversation_id))
    assert ids[0] == ids[1]
    [lead] = await centre.rows(Lead)
    assert (lead.stage, lead.owner_id) == ("new", centre.staff["grace"])
    assert await kinds(centre) == ["lead_created"]


async def test_who_may_not_see_the_conversation_makes_no_lead(marketing: Marketing, centre: Centre) -> None:
    conversation_id = await conversation_of(marketing, "Anna")
    async with centre.work() as session:
        with pytest.raises(NotFound):
            await make_lead(session, centre.now, centre.reach("olga"), SALES, conversation_id)


async def test_a_lead_moves_and_its_next_step_is_kept(marketing: Marketing, centre: Centre) -> None:
    lead_id = await made(marketing, "Anna")
    change = LeadChange("offered", Decimal(900), "Call about the table", date(2026, 12, 1), centre.staff["elena"])
    async with centre.work() as session:
        await change_lead(session, centre.now, centre.reach("grace").viewer, SALES, (lead_id, change))
        [view] = await open_leads(session, centre.reach("elena").viewer)
    assert (view.stage, view.value, view.next_step) == ("offered", Decimal(900), "Call about the table")
    assert await kinds(centre) == ["lead_created", "lead_moved"]


async def test_a_colleague_s_lead_is_not_there(marketing: Marketing, centre: Centre) -> None:
    lead_id = await made(marketing, "Anna")
    elena = centre.reach("elena").viewer
    async with centre.work() as session:
        assert await open_leads(session, elena) == []
        with pytest.raises(NotFound):
            await lose_lead(session, centre.now, elena, SALES, (lead_id, "price"))


async def test_an_order_in_the_erp_wins_it_once(marketing: Marketing, centre: Centre) -> None:
    await made(marketing, "Anna")
    await made(marketing, "Boris")
    await marketing.bought("Anna", centre.now.date() - timedelta(days=1), 50, "before")
    for number, expected in enumerate((0, 1, 0)):
        async with centre.work() as session:
            assert await settle_won(session, centre.now) == expected
        await marketing.bought("Anna", centre.now.date(), 700 + number, f"after{number}")
    anna, boris = await centre.rows(Lead)
    assert (anna.won_on, anna.won_amount) == (centre.now.date(), 700)
    assert boris.closed_at is None
    assert await kinds(centre) == ["lead_created", "lead_created", "lead_won"]


async def test_a_lost_lead_has_a_reason_and_stays_closed(marketing: Marketing, centre: Centre) -> None:
    lead_id = await made(marketing, "Anna")
    grace = centre.reach("grace").viewer
    async with centre.work() as session:
        with pytest.raises(InvalidInput):
            await lose_lead(session, centre.now, grace, SALES, (lead_id, "bored"))
        await lose_lead(session, centre.now, grace, SALES, (lead_id, "price"))
    async with centre.work() as session:
        with pytest.raises(Conflict):
            await lose_lead(session, centre.now, grace, SALES, (lead_id, "price"))
