"""A plan brought together: what is expected, who is needed, who is on the roster; and what would change it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from crm_core.db import unit_of_work
from crm_core.planning import (
    SLOT_S,
    Assumptions,
    DayNeed,
    ExpectedDay,
    Outlook,
    Situation,
    Slots,
    Week,
    WeekAccuracy,
    covered,
    midnight,
)
from crm_core.rosters import Shift, draft_of
from crm_core.routing_rules import Rules
from desk.planning_asked import CALLBACK_SHARE, PlanAsked
from desk.reader import Reader
from desk.services import Desk


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """`rostered` people in each half hour of the draft."""

    expected: ExpectedDay
    need: DayNeed
    rostered: Slots

    @property
    def short(self) -> tuple[float, ...]:
        """How many people are missing on the roster in each half hour."""
        return tuple(max(0.0, need - there) for need, there in zip(self.need.on_roster, self.rostered, strict=True))


@dataclass(frozen=True, slots=True)
class Plan:
    held: Assumptions
    outlook: Outlook
    days: tuple[PlannedDay, ...]

    @property
    def has_roster(self) -> bool:
        return any(sum(day.rostered) > 0 for day in self.days)

    def on(self, day: date) -> PlannedDay:
        return next(each for each in self.days if each.expected.on == day)


@dataclass(frozen=True, slots=True)
class Known:
    """Read before anything is computed."""

    held: Assumptions
    shifts: list[Shift]
    accuracy: list[WeekAccuracy]


async def read_known(desk: Desk, reader: Reader, asked: PlanAsked) -> Known:
    """Raises Forbidden."""
    ports, reach, now = desk.planning, reader.reach, reader.now
    async with unit_of_work(desk.services.sessions) as session:
        accuracy = await ports.accuracy(session, reach, now, asked.week, asked.queue)
        measured = await ports.measured(session, reach, now, asked.week.zone.key, asked.queue)
        shifts = await draft_of(session, reader.viewer, asked.week)
    return Known(asked.assume(measured), shifts, accuracy)


async def plan_of(desk: Desk, reader: Reader, asked: PlanAsked, known: Known) -> Plan:
    """Raises NotEnough, Forbidden."""
    ports = desk.planning
    async with unit_of_work(desk.services.sessions) as session:
        compute = await ports.outlook(session, reader.reach, reader.now, asked.week, asked.queue)
    outlook = await asyncio.to_thread(compute)
    days = await asyncio.to_thread(_days, desk, asked, known, outlook)
    return Plan(known.held, outlook, days)


def _days(desk: Desk, asked: PlanAsked, known: Known, outlook: Outlook) -> tuple[PlannedDay, ...]:
    spans = [(each.starts_at, each.ends_at) for each in known.shifts
             if asked.queue is None or not each.queues or asked.queue in each.queues]  # fmt: skip
    return tuple(
        PlannedDay(
            day, desk.planning.need(day.expected, is_open(desk, asked.queue, asked.week, day.on), known.held),
            covered(spans, day.on, asked.week.zone),
        )
        for day in outlook.days
    )  # fmt: skip


def is_open(desk: Desk, queue: str | None, week: Week, on: date) -> tuple[bool, ...]:
    """Whether the line, or any line, is open in some part of each half hour."""
    business = desk.services.business
    rules = Rules(
        {each.key: each for each in business.queues.queues}, {each.key: each for each in business.hours.calendars}
    )
    start = midnight(on, week.zone)
    spans: list[tuple[datetime, datetime]] = []
    for key in [queue] if queue else [*rules.queues]:
        found = rules.hours(key).spans_between(start, start + timedelta(days=1))
        spans += [
            (datetime.fromtimestamp(begin, week.zone), datetime.fromtimestamp(end, week.zone)) for begin, end in found
        ]
    return tuple(each > 0 for each in covered(spans, on, week.zone))


def situations(desk: Desk, asked: PlanAsked, plan: Plan) -> tuple[Situation, Situation]:
    """The day as it is planned, and with the change: from the roster, or while there is none, from what is needed."""
    day, held, change = plan.on(asked.day), plan.held, asked.change
    people = day.need.at_desk
    if sum(day.rostered) > 0:
        people = desk.planning.at_desk(day.rostered, held.shrinkage)
    base = Situation(
        day.expected.expected, people, held.handle_s, held.patience_s, held.within_s, shares=plan.outlook.shares
    )
    then = replace(
        base, people=tuple(max(0, each + change.people) if each else 0 for each in people),
        handle_s=held.handle_s * change.handling, contained=change.contained, spread=change.spread,
        callbacks=CALLBACK_SHARE if change.has_callbacks else 0.0,
    )  # fmt: skip
    return base, then


def slot_time(slot: int) -> str:
    return f"{slot * SLOT_S // 3600:02d}:{slot * SLOT_S % 3600 // 60:02d}"


def hours_of(people: Iterable[float]) -> float:
    """Person-hours of people in each half hour."""
    return sum(people) * SLOT_S / 3600
