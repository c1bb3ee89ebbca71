"""What selling achieved, for the goals and the economics: campaigns by lot together, sellers, cycle, acquisition."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert

from config.business import read_business
from config.five_steps import FiveSteps, HoldOut, Periods, Range, Worth
from config.settings import ROOT
from crm_core.db import Sessions
from crm_core.models_campaigns import Campaign, CampaignArm, CampaignMember
from crm_core.models_sales import Lead
from crm_core.reporting import Period
from crm_core.step_findings import Findings
from insight.five_steps import read_findings
from insight.selling_goals import read_hold_out, read_selling
from tests.support.factories import Centre
from tests.support.marketing import Marketing

DAYS = 30


@pytest.fixture
async def marketing(sessions: Sessions, now: datetime) -> Marketing:
    marketing = await Marketing(await Centre(sessions, now).open()).open()
    await marketing.crowd(12)
    return marketing


async def ran(marketing: Marketing, days_ago: int, written: tuple[int, int], left: tuple[int, int]) -> None:
    """A campaign begun then: of so many written to and left alone, so many ordered."""
    centre, at = marketing.centre, marketing.centre.now - timedelta(days=days_ago)
    async with centre.work() as session:
        campaign = Campaign(
            name="Oak", state="done", conversion_days=7, started_at=at, created_by=centre.staff["grace"], created_at=at
        )
        session.add(campaign)
        await session.flush()
        contacts = iter(marketing.people.values())
        for is_hold_out, (people, ordered) in ((False, written), (True, left)):
            arm = CampaignArm(campaign_id=campaign.id, key=str(is_hold_out), share=50, is_hold_out=is_hold_out)
            session.add(arm)
            await session.flush()
            for number in range(people):
                values = {
                    "campaign_id": campaign.id, "arm_id": arm.id, "contact_id": next(contacts), "language": "en",
                    "state": "posted", "assigned_at": at, "due_at": at, "inbox_id": centre.inboxes["email"],
                    "orders": int(number < ordered), "revenue": 0,
                }  # fmt: skip
                await session.execute(insert(CampaignMember).values(**values))


async def hold_out(marketing: Marketing, days: int = DAYS) -> HoldOut:
    now = marketing.centre.now
    async with marketing.centre.work() as session:
        return await read_hold_out(session, Period(now - timedelta(days=days), now), now)


async def test_campaigns_of_the_period_are_counted_once_their_time_is_over(marketing: Marketing) -> None:
    await ran(marketing, 20, (4, 2), (2, 1))
    await ran(marketing, 3, (3, 3), (3, 0))  # still being counted
    await ran(marketing, 90, (3, 3), (3, 0))  # before the period
    found = await hold_out(marketing)
    assert (found.written_to, found.written_responded, found.left_alone, found.left_responded) == (4, 2, 2, 1)
    assert found.a_year == round(4 * 365 / DAYS)
    assert await hold_out(marketing, days=10) == HoldOut()


async def test_campaigns_of_unlike_people_are_not_thrown_together(marketing: Marketing) -> None:
    """Half act anyway in one, nobody in the other; being written to changes nothing, whatever share was left alone."""
    await ran(marketing, 20, (2, 1), (8, 4))
    await ran(marketing, 25, (8, 0), (2, 0))
    found = await hold_out(marketing)
    assert (found.written_to, found.written_responded) == (10, 1)
    assert (found.left_alone, found.left_responded) == (10, 1), "thrown together it would be 4 of 10"


async def test_a_campaign_without_people_left_alone_says_nothing(marketing: Marketing) -> None:
    await ran(marketing, 20, (4, 2), (0, 0))
    assert await hold_out(marketing) == HoldOut()


async def findings(marketing: Marketing, steps: FiveSteps) -> Findings:
    company = read_business(ROOT / "config").company
    async with marketing.centre.work() as session:
        return await read_findings(session, marketing.centre.reach("grace"), marketing.centre.now, steps, company)


async def test_the_five_steps_count_our_own_campaigns_before_written_ones(marketing: Marketing) -> None:
    today = marketing.centre.now.date()
    periods = Periods(first=today - timedelta(days=DAYS), last=today)
    written = HoldOut(written_to=1000, written_responded=100, left_alone=1000, left_responded=50, a_year=5000)
    steps = FiveSteps(periods=periods, campaign=written, worth=Worth(response=Range(low=10, mode=20, high=30)))
    by_key = {each.key: each for each in (await findings(marketing, steps)).changes}
    assert by_key["campaign"].delta is not None
    assert by_key["campaign"].delta.mode == pytest.approx(250)
    await marketing.crowd(100)
    await ran(marketing, 20, (60, 30), (40, 10))
    found = await findings(marketing, steps)
    campaign = next(each for each in found.changes if each.key == "campaign")
    assert campaign.delta is not None
    assert campaign.delta.mode == pytest.approx((0.5 - 0.25) * round(60 * 365 / (DAYS + 1)))
    assert {each.key: each.now for each in found.goals}["campaign_response"] == 0.5
    assert found.economics.npv.p50 > 0


async def test_sellers_and_the_cycle_are_those_of_the_page_of_sales(marketing: Marketing) -> None:
    centre, today = marketing.centre, marketing.centre.now.date()
    async with centre.work() as session:
        for (days, amount), contact_id in zip(((21, 500), (11, 300)), marketing.people.values(), strict=False):
            at = centre.now - timedelta(days=days)
            session.add(Lead(
                contact_id=contact_id, owner_id=centre.staff["grace"], stage="offered", first_contact_at=at,
                created_at=at, stage_at=at, value=Decimal(1), closed_at=centre.now, won_on=today, won_amount=amount,
            ))  # fmt: skip
    async with centre.work() as session:
        found = await read_selling(session, "EUR", today - timedelta(days=DAYS), today + timedelta(days=1))
        nothing = await read_selling(session, "EUR", today - timedelta(days=90), today - timedelta(days=60))
    assert (found.per_seller, found.cycle_days, found.acquisition_cost) == (800.0, 16.0, None)
    assert (nothing.per_seller, nothing.cycle_days) == (None, None)
