"""Figures of sales and of a whole campaign, from rows whose truth is known."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from config.sales_files import Sales
from crm_core.campaign_report import DesignAsked, Shortage, Targeting
from crm_core.campaign_results import Lot
from crm_core.campaign_values import Arm, CampaignState, Criteria, Plan
from crm_core.campaigns import StoredCampaign
from crm_core.db import Sessions
from crm_core.errors import InvalidInput
from crm_core.models_campaigns import Campaign
from crm_core.models_sales import Lead
from crm_core.sales_report import SalesQuestion
from insight.campaign_reports import campaign_design_answer, campaign_report
from insight.sales_reports import sales_report
from tests.support.factories import Centre
from tests.support.marketing import Marketing


@pytest.fixture
async def marketing(sessions: Sessions, now: datetime) -> Marketing:
    return await Marketing(await Centre(sessions, now).open()).open()


async def test_sales_are_counted_with_what_they_rest_on(marketing: Marketing) -> None:
    centre, today = marketing.centre, marketing.centre.now.date()
    for ref, days, amount, order in (
        ("A", 5, 100, "1"), ("A", 3, 300, "2"), ("B", 10, 200, "1"), ("B", 400, 999, "0"), ("C", 200, 50, "1"),
    ):  # fmt: skip
        await marketing.bought(ref, today - timedelta(days=days), amount, order)
    for number in range(3):
        await marketing.person(f"P{number}")
    grace, at = centre.staff["grace"], centre.now
    stages = ((21, "Won"), (11, "Won"), (0, None))
    async with centre.work() as session:
        session.add(Campaign(name="Oak", state="done", cost=60, started_at=at, created_by=grace, created_at=at))
        for (days, won), contact_id in zip(stages, marketing.people.values(), strict=True):
            first = at - timedelta(days=days)
            times = {"first_contact_at": first, "created_at": at, "stage_at": at, "value": Decimal(100)}
            closed = {"closed_at": at, "won_on": today, "won_amount": 500} if won else {}
            session.add(Lead(contact_id=contact_id, owner_id=grace, stage="offered", **times, **closed))
    async with centre.work() as session:
        asked = SalesQuestion(today - timedelta(days=30), today + timedelta(days=1), "EUR", Sales())
        found = await sales_report(session, centre.reach("lev").viewer, asked)
    assert (found.customers, found.orders, found.revenue) == (2, 3, 600.0)
    assert (found.per_customer_mean, found.per_customer_median) == (300.0, 300.0)
    assert (found.cycle_n, found.cycle_p50, found.cycle_p90) == (2, 16.0, 20.0)
    assert (found.new_customers, found.acquisition_cost) == (1, 60.0), "B bought a year ago already"
    [seller] = found.sellers
    assert (seller.won, seller.open, seller.won_amount, seller.weighted) == (2, 1, 1000.0, 60.0)


STARTED = datetime.fromisoformat("2026-11-01T09:00:00+00:00")
ARMS = (Arm("a", 50), Arm("hold_out", 50, is_hold_out=True))
CAMPAIGN = StoredCampaign(1, CampaignState.DONE, Plan("Oak", Criteria(), (1,), ARMS), STARTED, STARTED, None)


def simulated(count: int) -> list[Lot]:
    """Being written to doubles the orders of those who ordered lately, and changes nothing in the others."""
    chance, lots = random.Random(11), []
    for number in range(count):
        is_hold_out, days = chance.random() < 0.5, chance.choice([10, 300])
        rate = 0.10 + (0.12 if days == 10 and not is_hold_out else 0.0)
        traits = {"days_since_order": days, "orders": chance.randint(1, 5), "spent": 90, "language": "en",
                  "channel": "email"}  # fmt: skip
        bought = chance.random() < rate
        arm = "hold_out" if is_hold_out else "a"
        lots.append(Lot(number, arm, is_hold_out, "posted", None, traits, "sent", int(bought),  # type: ignore[arg-type]
                        Decimal(100 * bought), wrote=False, left_us=False))  # fmt: skip
    return lots


@pytest.mark.slow
def test_a_report_finds_whom_a_campaign_moved() -> None:
    report = campaign_report(CAMPAIGN, simulated(6_000), STARTED + timedelta(days=20))
    [difference] = report.differences
    assert difference.share_low <= 0.06 <= difference.share_high
    assert difference.is_certain
    assert isinstance(report.targeting, Targeting)
    assert report.targeting.qini > report.targeting.qini_lot > 0
    shares = dict(report.targeting.curve)
    halfway = next(gain for share, gain in shares.items() if round(share, 2) == 0.5)
    assert halfway > 0.85 * shares[1.0], "nearly all of it comes from the half that ordered lately"
    assert not report.is_provisional


def test_too_few_people_are_said_to_be_too_few() -> None:
    report = campaign_report(CAMPAIGN, simulated(200), STARTED + timedelta(days=1))
    assert isinstance(report.targeting, Shortage)
    assert report.targeting.need > report.targeting.have
    assert report.is_provisional


def test_the_curve_is_told_of_nobody_without_a_hold_out() -> None:
    lots = [replace(lot, is_hold_out=False, arm="a") for lot in simulated(50)]
    assert campaign_report(CAMPAIGN, lots, STARTED).targeting is None


def test_the_groups_planned_have_the_chance_that_is_told() -> None:
    """With the needed number in each of two equal groups the chance is the one asked for."""
    needed = campaign_design_answer(DesignAsked(0.05, 0.01, 1, 1)).needed
    assert campaign_design_answer(DesignAsked(0.05, 0.01, needed, needed)).power == pytest.approx(0.8, abs=0.005)
    assert campaign_design_answer(DesignAsked(0.05, 0.01, 100, 25)).power < 0.1
    assert campaign_design_answer(DesignAsked(0.05, 0.01, 100, 0)).power == 0.0
    with pytest.raises(InvalidInput):
        campaign_design_answer(DesignAsked(0.95, 0.1, 100, 100))
