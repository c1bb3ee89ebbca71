"""What planning asks of the past: the week ahead, what people do, how good earlier forecasts were."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Reach, require_role
from crm_core.arrival_counts import EVERYTHING, NightForecast, forecasts, kept_arrivals
from crm_core.planning import SLOT_S, Assumptions, Outlook, Week, WeekAccuracy, midnight, monday_of
from crm_core.reporting import Dimension, Period, Question
from crm_core.routing_rules import read_rules
from crm_core.routing_values import Load
from crm_core.sla import ClockKind
from insight.arrivals import Day
from insight.mining.sales import read_arrival_days
from insight.mining.week_ahead import forecast_days
from insight.reports import read_report

KNOWN = timedelta(days=400)
OF_LATE = timedelta(days=28)
LEAST_ABANDONED, LEAST_HANDLED = 20, 50
ACCURACY_WEEKS = 12
PATIENCE = """
select count(*) filter (where kind = 'abandoned') as abandoned,
       coalesce(sum((data ->> 'waited_s')::float), 0) as waited_s
from event where kind in ('assigned', 'abandoned') and at >= :since and at < :until
  and (cast(:queue as text) is null or data ->> 'queue' = :queue)
"""
SHARES = """
select data ->> 'queue' as queue, count(*) as contacts from event
where kind = 'queued' and data ->> 'entry' is distinct from 'transfer' and at >= :since and at < :until
  and data ->> 'queue' is not null group by queue order by contacts desc, queue
"""


@dataclass(frozen=True, slots=True)
class Past:
    """Days that are known, and the share of each queue of late."""

    days: tuple[Day, ...]
    shares: Mapping[str, float]


async def read_past(session: AsyncSession, reach: Reach, now: datetime, week: Week, queue: str | None) -> Past:
    """What events count wins over what a file told of the same day. Raises Forbidden."""
    require_role(reach.viewer, Action.PLAN)
    today = midnight(now.astimezone(week.zone).date(), week.zone)
    days = await known_days(session, today, week, queue)
    late = {"since": today - OF_LATE, "until": today}
    counted = (await session.execute(text(SHARES), late)).all()
    total = sum(row.contacts for row in counted) or 1
    shares = {} if queue else {row.queue: row.contacts / total for row in counted}
    return Past(days, shares)


async def known_days(session: AsyncSession, until: datetime, week: Week, queue: str | None) -> tuple[Day, ...]:
    """Whole days before `until`, a midnight."""
    counted = await read_arrival_days(session, week.zone.key, until, queue, until - KNOWN)
    told = await kept_arrivals(session, queue or EVERYTHING)
    found = {on: Day(datetime(on.year, on.month, on.day, tzinfo=UTC), SLOT_S, counts) for on, counts in told.items()}
    found |= {day.date: day for day in counted if sum(day.counts) > 0}
    last = until.astimezone(week.zone).date()
    return tuple(found[on] for on in sorted(found) if on < last)


def week_outlook(past: Past, days: Sequence[date]) -> Outlook:
    """Raises NotEnough, InvalidInput. Costs the processor up to a second the first time: not for the event loop."""
    return replace(forecast_days(past.days, tuple(days)), shares=past.shares)


async def measured(session: AsyncSession, reach: Reach, now: datetime, zone: str, queue: str | None) -> Assumptions:
    """Of the last four weeks; where too little happened, what is usual. The goal is the queue's promise for a call."""
    found, known = Assumptions(), set[str]()
    late = {"since": now - OF_LATE, "until": now, "queue": queue}
    row = (await session.execute(text(PATIENCE), late)).one()
    if row.abandoned >= LEAST_ABANDONED:
        found, known = replace(found, patience_s=row.waited_s / row.abandoned), known | {"patience_s"}
    period = Period(now - OF_LATE, now)
    only = {Dimension.QUEUE: queue} if queue else {}
    report = await read_report(session, reach, Question(period, period.earlier(OF_LATE), now, zone, only))
    handle = report.now["handle"]
    if handle.value is not None and handle.n >= LEAST_HANDLED:
        found, known = replace(found, handle_s=max(1.0, handle.value)), known | {"handle_s"}
    return replace(found, within_s=await _promised(session, queue) or found.within_s, measured=frozenset(known))


async def _promised(session: AsyncSession, queue: str | None) -> float | None:
    rules = await read_rules(session)
    target = rules.target(queue or next(iter(rules.queues), None), ClockKind.FIRST_RESPONSE, Load.CALL)
    return float(target.seconds) if target else None


async def read_accuracy(
    session: AsyncSession, reach: Reach, now: datetime, week: Week, queue: str | None
) -> list[WeekAccuracy]:
    """By week, the latest first; only days of which both are known. Raises Forbidden."""
    require_role(reach.viewer, Action.PLAN)
    today = now.astimezone(week.zone).date()
    made = await forecasts(session, queue or EVERYTHING, monday_of(today) - timedelta(weeks=ACCURACY_WEEKS))
    return accuracy(made)


def accuracy(made: Sequence[NightForecast]) -> list[WeekAccuracy]:
    weeks: defaultdict[date, list[NightForecast]] = defaultdict(list)
    for each in made:
        if each.came is not None:
            weeks[monday_of(each.on)].append(each)
    found = [_of_week(monday, days) for monday, days in sorted(weeks.items(), reverse=True)]
    return [each for each in found if each.contacts > 0]


def _of_week(monday: date, days: Sequence[NightForecast]) -> WeekAccuracy:
    contacts = missed = plain = 0.0
    for day in days:
        for came, expected, naive in zip(day.came or (), day.expected, day.naive, strict=True):
            contacts, missed, plain = contacts + came, missed + abs(came - expected), plain + abs(came - naive)
    return WeekAccuracy(monday, len(days), contacts, missed / (contacts or 1.0), plain / (contacts or 1.0))
