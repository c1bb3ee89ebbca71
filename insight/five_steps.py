"""Everything that is measured for the five steps, in two periods of the company's choosing."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from config.company import Company
from config.five_steps import ONE_OFF, WORTH, YEARLY, FiveSteps, HoldOut, Periods
from crm_core.access import Action, Reach, require_role
from crm_core.economics import Economics, Plan
from crm_core.errors import NotEnough
from crm_core.reporting import Figure, Figures, Period, Question, Report, Slot, Unit
from crm_core.routing_rules import Rules, read_rules
from crm_core.sentences import Sentence
from crm_core.step_findings import Change, Effect, Findings, GoalFound
from insight.before_after import DayValue, effect_of
from insight.benefits import HOUR_S, Compared, benefits, changes
from insight.buyers import read_buyers
from insight.economics import analyse
from insight.process_gaps import read_gaps
from insight.reports import SHORT_PERIOD, asked_of, read_busy, read_report
from insight.scope import read_unknown, scope_of
from insight.selling_goals import Selling, read_hold_out, read_selling, response

DEFAULT_DAYS = 28
NO_DAYS = timedelta(0)
FIGURE_OF = {
    "wait": "wait_p50", "first_reply": "first_response_p50", "resolution": "resolution_first_p50",
    "abandonment": "abandonment", "containment": "containment_strict", "handling": "handle", "satisfaction": "csat",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bought:
    """Of one period's sales."""

    again: Figure
    each: float | None
    selling: Selling
    campaigns: HoldOut


@dataclass(frozen=True, slots=True)
class Times:
    """Hours that agents were present, by period."""

    before_h: float
    now_h: float


@dataclass(frozen=True, slots=True)
class Measured:
    """`days`: the figures of every day from the first of the earlier period to the last of the later one."""

    report: Report
    days: tuple[Slot, ...]
    bought: tuple[Bought, Bought]
    present: Times
    open_s: float


async def read_findings(
    session: AsyncSession, reach: Reach, now: datetime, steps: FiveSteps, company: Company
) -> Findings:
    """Raises Forbidden for who may not supervise."""
    require_role(reach.viewer, Action.SUPERVISE)
    zone = ZoneInfo(company.time_zone)
    later, earlier = periods_of(steps.periods, now, zone)
    question = Question(later, earlier or _nothing(later), now, zone.key)
    measured = await _measure(session, reach, question, company.currency)
    compared = Compared(measured.report.before, measured.report.now, later, measured.open_s)
    before, since = measured.bought
    campaign = since.campaigns if since.campaigns.written_to else steps.campaign
    found = changes(compared, (before.again, since.again), campaign)
    economics = await asyncio.to_thread(economics_of, steps, found)
    asked = asked_of(reach, question, later, await read_rules(session))
    unknown = await read_unknown(session, reach, later)
    return Findings(
        later, earlier, found, economics, tuple(_goals(steps, measured, _first_day(question))),
        await read_gaps(session, asked), await scope_of(measured.report.groups, unknown, company.languages),
    )  # fmt: skip


def periods_of(wanted: Periods, now: datetime, zone: ZoneInfo) -> tuple[Period, Period | None]:
    """The later one, by default the last 28 whole days, and the earlier one, which somebody has to choose."""
    today = now.astimezone(zone).date()
    last = min(wanted.last or today - timedelta(days=1), today)
    first = min(wanted.first or last - timedelta(days=DEFAULT_DAYS - 1), last)
    later = _whole_days(first, last, zone)
    if wanted.baseline_first is None or wanted.baseline_last is None:
        return later, None
    return later, _whole_days(wanted.baseline_first, max(wanted.baseline_first, wanted.baseline_last), zone)


def _whole_days(first: date, last: date, zone: ZoneInfo) -> Period:
    return Period(datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone))


def _nothing(period: Period) -> Period:
    return Period(period.since, period.since)


async def _measure(session: AsyncSession, reach: Reach, question: Question, currency: str) -> Measured:
    rules = await read_rules(session)
    report = await read_report(session, reach, question)
    whole = Period(min(question.before.since, question.period.since), question.period.until)
    days: tuple[Slot, ...] = ()
    if whole.length > SHORT_PERIOD:  # of a shorter one the slots are half hours
        days = (await read_report(session, reach, _asking(question, whole))).slots
    present = [await _present_h(session, reach, question, period, rules) for period in _both(question)]
    bought = [await _bought(session, question, currency, period) for period in _both(question)]
    return Measured(
        report, tuple(each for each in days if _is_looked_at(each, question)), (bought[0], bought[1]),
        Times(*present), open_s(rules, question.period),
    )  # fmt: skip


def _both(question: Question) -> tuple[Period, Period]:
    return question.before, question.period


def _asking(question: Question, period: Period) -> Question:
    return Question(period, _nothing(period), question.as_of, question.zone)


async def _present_h(session: AsyncSession, reach: Reach, question: Question, period: Period, rules: Rules) -> float:
    if period.length <= NO_DAYS:
        return 0.0
    busy = await read_busy(session, asked_of(reach, question, period, rules))
    return sum(each.present_s for each in busy.values()) / HOUR_S


async def _bought(session: AsyncSession, question: Question, currency: str, period: Period) -> Bought:
    since, until = (edge.astimezone(ZoneInfo(question.zone)).date() for edge in (period.since, period.until))
    return Bought(
        *await read_buyers(session, currency, since, until), await read_selling(session, currency, since, until),
        await read_hold_out(session, period, question.as_of),
    )  # fmt: skip


def open_s(rules: Rules, period: Period) -> float:
    """How long at least one queue was open; all of the period where there is none."""
    start, end = period.since.timestamp(), period.until.timestamp()
    spans = sorted(
        (max(since, start), min(until, end))
        for queue_key in rules.queues
        for since, until in rules.hours(queue_key).spans_between(period.since, period.until)
    )
    total, covered = 0.0, start
    for since, until in spans:
        total += max(0.0, until - max(since, covered))
        covered = max(covered, until)
    return total or end - start


def economics_of(steps: FiveSteps, found: tuple[Change, ...]) -> Economics:
    return analyse(Plan(
        {key: getattr(steps.costs, key) for key in ONE_OFF}, {key: getattr(steps.costs, key) for key in YEARLY},
        {key: getattr(steps.worth, key) for key in WORTH}, benefits(found), steps.terms,
    ))  # fmt: skip


def _goals(steps: FiveSteps, measured: Measured, introduced: date) -> list[GoalFound]:
    found = [_reported(key, figure, measured, introduced) for key, figure in FIGURE_OF.items()]
    before, now = measured.report.before, measured.report.now
    hours, cost = measured.present, steps.worth.agent_hour.mode
    earlier, later = measured.bought
    return [
        *found,
        GoalFound("productivity", "number", "", _per(before, hours.before_h), _per(now, hours.now_h)),
        GoalFound("cost_of_service", "money", "", _cost(before, hours.before_h, cost), _cost(now, hours.now_h, cost)),
        GoalFound("retention", "share", "", earlier.again.value, later.again.value),
        GoalFound("sales_per_customer", "money", "", earlier.each, later.each),
        GoalFound("sales_per_seller", "money", "", earlier.selling.per_seller, later.selling.per_seller),
        GoalFound("sales_cycle", "number", "", earlier.selling.cycle_days, later.selling.cycle_days),
        GoalFound("acquisition_cost", "money", "", earlier.selling.acquisition_cost, later.selling.acquisition_cost),
        GoalFound("campaign_response", "share", "", response(earlier.campaigns), response(later.campaigns)),
    ]


def _reported(key: str, name: str, measured: Measured, introduced: date) -> GoalFound:
    before, now = measured.report.before[name], measured.report.now[name]
    unit = "share" if now.unit is Unit.SHARE else "seconds"
    try:
        effect: Effect | None = effect_of(_days_of(measured.days, name), introduced)
        refusal = None
    except NotEnough as error:
        effect, refusal = None, Sentence("too_few_days", {"have": error.have, "need": error.need})
    return GoalFound(key, unit, name, before.value, now.value, effect, refusal)


def _days_of(slots: tuple[Slot, ...], name: str) -> list[DayValue]:
    values = ((_day(slot), slot.figures[name].value) for slot in slots)
    return [DayValue(on, value) for on, value in values if value is not None]


def _day(slot: Slot) -> date:
    return datetime.fromtimestamp(slot.at_s, UTC).date()


def _first_day(question: Question) -> date:
    return question.period.since.astimezone(ZoneInfo(question.zone)).date()


def _is_looked_at(slot: Slot, question: Question) -> bool:
    """Days between the two periods belong to neither: the introduction itself."""
    zone = ZoneInfo(question.zone)
    midnight = datetime.combine(_day(slot), time(), zone)
    return any(period.since <= midnight < period.until for period in _both(question))


def _per(figures: Figures, hours: float) -> float | None:
    """Contacts answered in an hour that somebody was present."""
    return (figures["answered"].value or 0.0) / hours if hours > 0 else None


def _cost(figures: Figures, hours: float, hour_cost: float) -> float | None:
    """Agent-hours × their cost ÷ what people answered and the bot solved."""
    by_bot = figures["containment_strict"]
    solved = (figures["answered"].value or 0.0) + (by_bot.value or 0.0) * by_bot.n
    return hours * hour_cost / solved if solved and hour_cost and hours else None
