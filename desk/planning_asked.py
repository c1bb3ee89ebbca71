"""What is asked of the planning pages, from the address or the form; what makes no sense is passed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from crm_core.planning import DAYS, Assumptions, Spread, Week, monday_of
from desk.reader import Reader
from desk.services import Desk

# name, what a written number is divided by, least and most: shares are written as percent
LIMITS: Mapping[str, tuple[float, float, float]] = {
    "handle_s": (1, 5, 7200), "patience_s": (1, 5, 36_000), "within_s": (1, 1, 86_400), "share": (100, 0.01, 0.99),
    "shrinkage": (100, 0, 0.8),
}  # fmt: skip
MOST_PEOPLE = 200
CALLBACK_SHARE = 0.5  # of those who would have to wait choose to be called


@dataclass(frozen=True, slots=True)
class Change:
    """`people` more or fewer in each half hour that is staffed; `contained`: the further share the bot takes off."""

    people: int = 0
    contained: float = 0.0
    handling: float = 1.0
    spread: Spread = Spread.ALL
    has_callbacks: bool = False


@dataclass(frozen=True, slots=True)
class PlanAsked:
    """`given` are the assumptions somebody wrote instead of what was measured."""

    week: Week
    is_next_week: bool
    queue: str | None
    day: date
    given: Mapping[str, float]
    change: Change

    def assume(self, measured: Assumptions) -> Assumptions:
        held = {name: self.given.get(name, getattr(measured, name)) for name in LIMITS}
        return Assumptions(**held, measured=measured.measured - self.given.keys())


def zone_of(desk: Desk) -> ZoneInfo:
    """Rosters and forecasts go by the company's clock, wherever the reader is."""
    return ZoneInfo(desk.services.business.company.time_zone)


def read_plan_asked(desk: Desk, reader: Reader, query: Mapping[str, str]) -> PlanAsked:
    zone = zone_of(desk)
    tomorrow = reader.now.astimezone(zone).date() + timedelta(days=1)
    is_next_week = query.get("from") == "week"
    first = monday_of(tomorrow + timedelta(days=DAYS - 1)) if is_next_week else tomorrow
    week = Week(first, zone)
    keys = {queue.key for queue in desk.services.business.queues.queues}
    day = next((each for each in week.days if each.isoformat() == query.get("day")), week.first)
    given = {name: value for name in LIMITS if (value := _assumed(query.get(name, ""), name)) is not None}
    queue = query.get("queue", "")
    return PlanAsked(week, is_next_week, queue if queue in keys else None, day, given, _change(query))


def _assumed(written: str, name: str) -> float | None:
    divisor, least, most = LIMITS[name]
    number = number_in(written)
    return None if number is None else min(max(number / divisor, least), most)


def number_in(written: str) -> float | None:
    """With a point or a comma; None for what is no number."""
    try:
        number = float(written.strip().replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None  # noqa: PLR2004 - neither endless nor NaN


def _change(query: Mapping[str, str]) -> Change:
    people = round(number_in(query.get("people", "")) or 0)
    contained = (number_in(query.get("bot", "")) or 0) / 100
    handling = 1 + (number_in(query.get("handling", "")) or 0) / 100
    spread = next((each for each in Spread if each == query.get("spread")), Spread.ALL)
    return Change(
        min(max(people, -MOST_PEOPLE), MOST_PEOPLE), min(max(contained, 0.0), 0.9), min(max(handling, 0.3), 3.0),
        spread, query.get("callbacks") == "on",
    )  # fmt: skip
