"""A plan as people read it: figures, gaps in words, a heat map, and what the charts are drawn from."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent

from crm_core.planning import SLOT_S, SLOTS, DayOutcome, Outlook, WeekAccuracy
from desk.planning_work import Plan, PlannedDay, hours_of, slot_time
from desk.report_views import NOTHING, PERCENT, number, seconds
from desk.words import Words

SHORT = 0.5  # of a person
MOST_GAPS = 40
SHADES = 8


@dataclass(frozen=True, slots=True)
class PlanCard:
    """`tone`: ok, bad or none; the text says it too."""

    name: str
    value: str
    about: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    day: str
    time: str
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """`shade` from 0 to 8; `is_short` where people are missing."""

    x: int
    shade: int
    is_short: bool
    text: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    name: str
    base: str
    then: str
    change: str
    tone: str


def percent(value: float, words: Words) -> str:
    return str(format_percent(value, PERCENT, locale=words.locale))


def tenths(value: float, words: Words) -> str:
    return str(format_decimal(value, "#,##0.#", locale=words.locale))


def short_day(on: date, words: Words) -> str:
    """“Mon, 23 Nov”."""
    return str(format_skeleton("MMMEd", datetime(on.year, on.month, on.day), locale=words.locale))  # noqa: DTZ001


def plan_cards(plan: Plan, words: Words) -> tuple[PlanCard, ...]:
    days = plan.days
    contacts = sum(sum(day.expected.expected) for day in days)
    needed = sum(hours_of(day.need.on_roster) for day in days)
    there, short = (sum(hours_of(getattr(day, name)) for day in days) for name in ("rostered", "short"))
    tried = plan.outlook.tried
    missing = words("planning.nothing_short") if short < SHORT else words("planning.about_short")
    return (
        PlanCard(words("planning.contacts"), number(round(contacts), words), words("planning.about_contacts")),
        PlanCard(words("planning.needed"), tenths(needed, words), words("planning.about_needed")),
        PlanCard(words("planning.rostered"), tenths(there, words), words("planning.about_rostered")),
        PlanCard(words("planning.short"), tenths(short, words), missing, "bad" if short >= SHORT else "ok"),
        PlanCard(words("planning.error"), percent(tried.wape, words), _about_error(plan.outlook, words)),
    )


def _about_error(outlook: Outlook, words: Words) -> str:
    tried = outlook.tried
    naive, held = (percent(each, words) for each in (tried.naive, tried.within_band))
    return words("planning.about_error", naive=naive, days=tried.days, held=held)


def gaps(plan: Plan, words: Words) -> tuple[Gap, ...]:
    """Runs of half hours in which somebody is missing."""
    return tuple(gap for day in plan.days for gap in _gaps_of(day, words))


def _gaps_of(day: PlannedDay, words: Words) -> Iterator[Gap]:
    began, most = None, 0.0
    for slot, short in enumerate([*day.short, 0.0]):
        if short >= SHORT:
            began, most = slot if began is None else began, max(most, short)
        elif began is not None:
            text = words("planning.people_short", n=round(most))
            yield Gap(short_day(day.expected.on, words), f"{slot_time(began)} – {slot_time(slot)}", text)
            began, most = None, 0.0


def heat_map(plan: Plan, words: Words) -> tuple[HeatRow, ...]:
    top = max((max(day.expected.expected) for day in plan.days), default=0.0) or 1.0
    return tuple(HeatRow(short_day(day.expected.on, words), _cells(day, top, words)) for day in plan.days)


def _cells(day: PlannedDay, top: float, words: Words) -> tuple[Cell, ...]:
    cells = []
    for slot, expected in enumerate(day.expected.expected):
        need, there = day.need.on_roster[slot], day.rostered[slot]
        text = words("planning.cell", day=short_day(day.expected.on, words), time=slot_time(slot),
                     contacts=tenths(expected, words), need=need, there=tenths(there, words))  # fmt: skip
        cells.append(Cell(slot, round(SHADES * expected / top), day.short[slot] >= SHORT, text))
    return tuple(cells)


def plan_chart(plan: Plan, words: Words) -> str:
    """For the script: the wall clock as epoch seconds, then contacts with their band, and people."""
    at = [_epoch(day.expected.on) + slot * SLOT_S for day in plan.days for slot in range(SLOTS)]
    series = {
        "expected": [round(each, 1) for day in plan.days for each in day.expected.expected],
        "low": [each for day in plan.days for each in day.expected.low],
        "high": [each for day in plan.days for each in day.expected.high],
        "needed": [each for day in plan.days for each in day.need.on_roster],
        "rostered": [round(each, 1) for day in plan.days for each in day.rostered],
    }
    names = {key: words(f"planning.series.{key}") for key in series}
    told = {"at": at, "series": series, "names": names, "locale": str(words.locale).replace("_", "-")}
    return json.dumps(told, ensure_ascii=False)


def _epoch(on: date) -> int:
    return (on - date(1970, 1, 1)).days * 86_400


FIGURES = ("service_level", "asa_s", "abandoned", "occupancy", "agent_hours", "contacts")
BETTER_UP = frozenset({"service_level"})
BETTER_DOWN = frozenset({"asa_s", "abandoned", "agent_hours"})


def compared_rows(base: DayOutcome, then: DayOutcome, words: Words, within_s: float) -> tuple[ComparedRow, ...]:
    """Each figure as it is, as it may be, and the difference; ± from the simulated days."""
    names = [*FIGURES, *(["callbacks"] if then.callbacks or base.callbacks else [])]
    limit = seconds(within_s, words)
    return tuple(
        ComparedRow(
            words(f"planning.figures.{name}", limit=limit), _shown(name, base, words), _shown(name, then, words),
            *_difference(name, getattr(base, name), getattr(then, name), words),
        )
        for name in names
    )  # fmt: skip


def _shown(name: str, outcome: DayOutcome, words: Words) -> str:
    half = outcome.half.get(name, 0.0)
    value = _value(name, getattr(outcome, name), words)
    return f"{value} ± {_value(name, half, words)}" if half else value


def _value(name: str, value: float, words: Words) -> str:
    if name in ("service_level", "abandoned", "occupancy"):
        return percent(value, words)
    if name == "asa_s":
        return seconds(value, words) if value < 1e7 else NOTHING  # noqa: PLR2004 - endless
    return tenths(value, words)


def _difference(name: str, before: float, after: float, words: Words) -> tuple[str, str]:
    difference = after - before
    if name in ("service_level", "abandoned", "occupancy"):
        points = format_decimal(100 * difference, "+0.0;-0.0", locale=words.locale)
        text, is_small = words("reports.units.points", n=points), abs(difference) < 0.0005  # noqa: PLR2004 - rounds to nothing
    elif name == "asa_s":
        text, is_small = f"{'+' if difference > 0 else '-'}{seconds(abs(difference), words)}", abs(difference) < 0.05  # noqa: PLR2004
    else:
        text = str(format_decimal(difference, "+#,##0.#;-#,##0.#", locale=words.locale))
        is_small = abs(difference) < 0.05  # noqa: PLR2004 - rounds to nothing
    if is_small:
        return words("reports.same"), ""
    is_better = (difference > 0 and name in BETTER_UP) or (difference < 0 and name in BETTER_DOWN)
    is_worse = (difference < 0 and name in BETTER_UP) or (difference > 0 and name in BETTER_DOWN)
    return text, "ok" if is_better else "bad" if is_worse else ""


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    week: str
    days: int
    contacts: str
    ours: str
    naive: str
    verdict: str
    tone: str


def accuracy_rows(weeks: Sequence[WeekAccuracy], words: Words) -> tuple[AccuracyRow, ...]:
    return tuple(
        AccuracyRow(
            short_day(week.monday, words), week.days, number(round(week.contacts), words), percent(week.wape, words),
            percent(week.naive, words), words(f"planning.{'better' if week.wape < week.naive else 'worse'}"),
            "ok" if week.wape < week.naive else "bad",
        )
        for week in weeks
    )  # fmt: skip
