"""Every night: what is expected of the day that begins, and what came of those before."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from config.business import Business
from crm_core.arrival_counts import EVERYTHING, NightForecast, forecasts, keep_forecast, note_what_came
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import InvalidInput, NotEnough
from crm_core.planning import Week, midnight
from insight.arrivals import Day
from insight.mining.week_ahead import NOTHING, night_forecast
from insight.planning import known_days

log = structlog.get_logger(__name__)

FORECAST_EVERY_S = 900.0
FORECAST_LOCK = 7_316_022
LOOKED_BACK = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Forecasting:
    """Any number of workers may run: one does the work, and what is stored of a day is never changed."""

    sessions: Sessions
    business: Business

    async def by_night(self, now: datetime) -> None:
        zone = ZoneInfo(self.business.company.time_zone)
        for key in (EVERYTHING, *(queue.key for queue in self.business.queues.queues)):
            await self._line(now, Week(now.astimezone(zone).date(), zone), key)

    async def _line(self, now: datetime, week: Week, key: str) -> None:
        today = week.first
        async with unit_of_work(self.sessions) as session:
            leads = await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": FORECAST_LOCK})
            made = await forecasts(session, key, today - LOOKED_BACK) if leads else []
            is_done = any(each.on == today for each in made)
            days = (
                () if is_done or not leads else await known_days(session, midnight(today, week.zone), week, key or None)
            )
            await _note(session, made, {day.date: day for day in days}, today)
        if not days:
            return
        try:
            expected, naive = await asyncio.to_thread(night_forecast, days, today)
        except (NotEnough, InvalidInput) as error:
            log.info("arrivals.not_forecast", queue=key, reason=error.code)
            return
        async with unit_of_work(self.sessions) as session:
            await keep_forecast(session, now, NightForecast(key, today, expected, naive))


async def _note(session: AsyncSession, made: list[NightForecast], days: dict[date, Day], today: date) -> None:
    """A day without any contact came to nothing; that is a fact, too."""
    for each in made if days else []:
        if each.came is None and each.on < today:
            came = days[each.on].counts if each.on in days else NOTHING
            await note_what_came(session, each.queue_key, each.on, came)
