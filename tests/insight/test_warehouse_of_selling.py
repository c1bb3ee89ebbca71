"""Campaigns, forecasts and rates in the warehouse: the same as the desk tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from config.five_steps import FiveSteps, Range, Worth
from crm_core.campaign_results import read_lots
from crm_core.db import Sessions
from crm_core.models_planning import ForecastDay
from crm_core.steps_store import keep_steps, read_steps
from insight.warehouse import Warehouse
from tests.support.factories import Centre
from tests.support.marketing import HALVES, Marketing
from tests.support.warehouse import fill

pytestmark = pytest.mark.slow


@pytest.fixture
async def marketing(sessions: Sessions, now: datetime) -> Marketing:
    return await Marketing(await Centre(sessions, now).open()).open()


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with Warehouse(folder).open() as connection:
        return connection.execute(statement).fetchall()


async def test_a_campaign_in_the_warehouse_is_the_one_of_its_report(
    marketing: Marketing, database_url: str, tmp_path: Path
) -> None:
    centre, today = marketing.centre, marketing.centre.now.date()
    await marketing.crowd(20)
    campaign_id = await marketing.campaign(marketing.plan(HALVES, cost=Decimal(90)))
    await marketing.post_all()
    for number in (1, 4, 7):
        await marketing.bought(f"C-{number}", today + timedelta(days=number), 50)
    await marketing.bought("C-2", today + timedelta(days=400), 999)  # long after it was counted
    async with centre.work() as session:
        lots = await read_lots(session, centre.reach("grace").viewer, campaign_id)
    fill(database_url, tmp_path)
    told = rows(
        tmp_path,
        "select arm, is_hold_out, state, orders, revenue, touched_at is not null from fact_campaign_touch order by all",
    )
    assert told == sorted(
        (lot.arm, lot.is_hold_out, lot.state, lot.orders, lot.revenue, lot.state == "posted") for lot in lots
    )
    assert sum(lot.orders for lot in lots) == 3
    [(name, goal, cost, began_at)] = rows(tmp_path, "select name, goal, cost, began_at from dim_campaign")
    assert (name, goal, cost) == ("Oak", "order", Decimal(90))
    assert began_at == centre.now.astimezone(UTC).replace(tzinfo=None)


async def test_forecasts_and_rates_keep_what_was_said_when(
    marketing: Marketing, database_url: str, tmp_path: Path
) -> None:
    centre = marketing.centre
    async with centre.work() as session:
        said = {"expected": [1.5, 2.5], "naive": [1.0, 3.0]}
        session.add(ForecastDay(queue_key="", on=centre.now.date(), made_at=centre.now, came=[2.0, 2.0], **said))
        tomorrow = centre.now.date() + timedelta(days=1)
        session.add(ForecastDay(queue_key="", on=tomorrow, made_at=centre.now, **said))
    manager = centre.reach("grace").viewer
    for hour, likely in enumerate((20.0, 20.0, 25.0)):
        worth = Worth(agent_hour=Range(low=15, mode=likely, high=30), response=Range(high=hour))
        async with centre.work() as session:
            held = await read_steps(session, manager)
            await keep_steps(
                session, centre.now + timedelta(hours=hour), manager, replace(held, steps=FiveSteps(worth=worth))
            )
    fill(database_url, tmp_path)
    halves = rows(tmp_path, "select half_hour, expected, naive, came from fact_forecast order by date, half_hour")
    assert halves == [(0, 1.5, 1.0, 2.0), (1, 2.5, 3.0, 2.0), (0, 1.5, 1.0, None), (1, 2.5, 3.0, None)]
    rates = rows(
        tmp_path,
        "select likely, (valid_to - valid_from) = interval 2 hours from cost_rate where kind = 'agent_hour' order by 1",
    )
    assert rates == [(20.0, True), (25.0, None)]
