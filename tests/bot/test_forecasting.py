"""The nightly forecast: one for each day and line, never improved afterwards, and met by what came."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from bot.forecasting import Forecasting
from config.business import Business
from crm_core.arrival_counts import forecasts
from crm_core.db import Sessions, unit_of_work
from crm_core.models import Event
from crm_core.models_planning import ForecastDay, KnownArrivals
from tests.support.planning import weeks_before

TODAY = date(2026, 11, 23)
NIGHT = datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.fixture
async def past(sessions: Sessions) -> None:
    rows = [{"queue_key": "", "on": on, "counts": list(counts)} for on, counts in weeks_before(TODAY).items()]
    async with unit_of_work(sessions) as session:
        await session.execute(insert(KnownArrivals), rows)


async def test_the_day_that_begins_is_forecast_once(sessions: Sessions, business: Business, past: None) -> None:
    for hours in range(3):
        await Forecasting(sessions, business).by_night(NIGHT + timedelta(hours=hours))
    async with unit_of_work(sessions) as session:
        rows = (await session.execute(select(ForecastDay.queue_key, ForecastDay.on, ForecastDay.made_at))).all()
        [made] = await forecasts(session, "", TODAY)
    assert [tuple(row) for row in rows] == [("", TODAY, NIGHT)]
    assert sum(made.expected) == pytest.approx(576, rel=0.15)
    assert made.came is None


async def test_what_came_is_noted_the_next_night(sessions: Sessions, business: Business, past: None) -> None:
    await Forecasting(sessions, business).by_night(NIGHT)
    async with unit_of_work(sessions) as session:
        at = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
        row = {"at": at, "kind": "queued", "actor": "bot", "data": {"queue": "service", "entry": "handoff"}}
        await session.execute(insert(Event), [row] * 5)
    await Forecasting(sessions, business).by_night(NIGHT + timedelta(days=1))
    async with unit_of_work(sessions) as session:
        made = (await forecasts(session, "", TODAY))[0]
    assert made.came is not None
    assert (made.came[20], sum(made.came)) == (5.0, 5.0)  # 10:10 in Madrid


async def test_too_short_a_past_stores_nothing(sessions: Sessions, business: Business) -> None:
    await Forecasting(sessions, business).by_night(NIGHT)
    async with unit_of_work(sessions) as session:
        assert await forecasts(session, "", TODAY) == []
