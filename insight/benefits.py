"""Benefits from measured changes only: a figure in two periods, the difference with its interval, a year of it.

What was not measured in both periods gives no benefit but the sentence that says so.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from math import sqrt

from config.five_steps import HoldOut, Range, certain
from crm_core.economics import Benefit
from crm_core.reporting import Figure, Figures, Period, Unit
from crm_core.sentences import Sentence
from crm_core.step_findings import Change
from insight.figures import share
from insight.queueing import Goal, Load, agents_needed, waiting

FEWEST = 30  # cases in each period; with fewer an interval says nothing
YEAR = timedelta(days=365)
HOUR_S = 3600.0
PATIENCE_S = 300.0
GOAL = Goal(0.8, 20.0)
WORTH_OF = {
    "containment": "agent_hour", "handling": "agent_hour", "abandonment": "rescued_contact", "retention": "customer",
    "campaign": "response",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """The figures of two periods; `open_s` is how long anybody could be served in the later one."""

    before: Figures
    now: Figures
    period: Period
    open_s: float

    @property
    def to_a_year(self) -> float:
        return YEAR / self.period.length


def changes(compared: Compared, retention: tuple[Figure, Figure], campaign: HoldOut) -> tuple[Change, ...]:
    """`retention` is the share that bought again, before and now."""
    return (
        contained(compared), handled(compared), rescued(compared), retained(compared, *retention), responded(campaign),
    )  # fmt: skip


def benefits(found: tuple[Change, ...]) -> tuple[Benefit, ...]:
    return tuple(
        Benefit(each.key, each.delta, WORTH_OF[each.key], each.is_capacity) for each in found if each.delta is not None
    )


def contained(compared: Compared) -> Change:
    """Agent-hours a year that the contacts which the bot now solves would have taken, by Erlang A.

    Before there was a bot nothing was solved by it: where people had contacts then, that is a measured nought.
    """
    now, before = compared.now["containment_strict"], compared.before["containment_strict"]
    if before.n == 0 and compared.before["offered"].n >= FEWEST:
        before = Figure(before.key, Unit.SHARE, 0.0, compared.before["offered"].n, 0.0, 0.0)
    change = Change("containment", now.key, "hours", before, now, is_capacity=True)
    handle = compared.now["handle"]
    missing = _missing(before, now) or _missing(handle)
    if missing or handle.value is None:
        return _refused(change, missing)
    solved = _scaled(difference(now, before), now.n)  # in the later period itself
    return _counted(change, _hours(compared, solved, handle.value))


def _hours(compared: Compared, solved: Range, handle_s: float) -> Range:
    """With `solved` more contacts in the same opening hours, spread evenly over them: peaks are not counted."""
    offered = compared.now["offered"].value or 0.0
    present = people(offered / compared.open_s, handle_s)
    a_year = compared.open_s / HOUR_S * compared.to_a_year

    def freed(contacts: float) -> float:
        return (people(max(0.0, offered + contacts) / compared.open_s, handle_s) - present) * a_year

    return Range(low=freed(solved.low), mode=freed(solved.mode), high=freed(solved.high))


def people(arrivals_per_s: float, handle_s: float) -> float:
    """The fewest that keep GOAL; a part of a person is there for that part of the time (between whole people, linear).

    Erlang A with a mean patience of PATIENCE_S.
    """
    load = Load(arrivals_per_s, handle_s, PATIENCE_S)
    whole = agents_needed(load, GOAL)
    if whole == 0:
        return 0.0
    below = waiting(load, whole - 1, GOAL.within_s).service_level if whole > 1 else 0.0
    above = waiting(load, whole, GOAL.within_s).service_level
    return whole - 1 + (GOAL.share - below) / (above - below)


def handled(compared: Compared) -> Change:
    """Agent-hours a year: seconds less for each contact that people answer."""
    before, now = compared.before["handle"], compared.now["handle"]
    change = Change("handling", now.key, "hours", before, now, is_capacity=True)
    missing = _missing(before, now)
    answered = compared.now["answered"].value or 0.0
    return _refused(change, missing) if missing else _counted(
        change, _scaled(difference(before, now), answered * compared.to_a_year / HOUR_S)
    )  # fmt: skip


def rescued(compared: Compared) -> Change:
    """Contacts a year that no longer give up."""
    before, now = compared.before["abandonment"], compared.now["abandonment"]
    change = Change("abandonment", now.key, "contacts", before, now)
    missing = _missing(before, now)
    offered = compared.now["offered"].value or 0.0
    return _refused(change, missing) if missing else _counted(
        change, _scaled(difference(before, now), offered * compared.to_a_year)
    )  # fmt: skip


def retained(compared: Compared, before: Figure, now: Figure) -> Change:
    """Customers a year who buy again and would not have."""
    change = Change("retention", "", "customers", before, now)
    missing = _missing(before, now)
    return _refused(change, missing) if missing else _counted(
        change, _scaled(difference(now, before), now.n * compared.to_a_year)
    )  # fmt: skip


def responded(campaign: HoldOut) -> Change:
    """People a year who respond because they were written to: against those left alone by lot."""
    left = share("left_alone", campaign.left_responded, campaign.left_alone)
    written = share("written_to", campaign.written_responded, campaign.written_to)
    change = Change("campaign", "", "responses", left, written)
    if not campaign.left_alone or not campaign.written_to:
        return _refused(change, Sentence("no_hold_out"))
    missing = _missing(left, written)
    return _refused(change, missing) if missing else _counted(
        change, _scaled(difference(written, left), campaign.a_year)
    )  # fmt: skip


def difference(more: Figure, less: Figure) -> Range:
    """`more` − `less` of two independent samples, its 95 % interval made of theirs (Newcombe 1998, method 10)."""
    value = _value(more) - _value(less)
    low = sqrt((_value(more) - _low(more)) ** 2 + (_high(less) - _value(less)) ** 2)
    high = sqrt((_high(more) - _value(more)) ** 2 + (_value(less) - _low(less)) ** 2)
    return Range(low=value - low, mode=value, high=value + high)


def _value(figure: Figure) -> float:
    return figure.value or 0.0


def _low(figure: Figure) -> float:
    return _value(figure) if figure.low is None else figure.low


def _high(figure: Figure) -> float:
    return _value(figure) if figure.high is None else figure.high


def _scaled(each: Range, by: float) -> Range:
    return Range(low=each.low * by, mode=each.mode * by, high=each.high * by) if by > 0 else certain(0.0)


def _missing(*figures: Figure) -> Sentence | None:
    """The first of them, earlier before later, with too few cases."""
    for figure in figures:
        if figure.value is None or figure.n < FEWEST:
            return Sentence("too_few", {"have": figure.n, "need": FEWEST})
    return None


def _refused(change: Change, why: Sentence | None) -> Change:
    return replace(change, refusal=why)


def _counted(change: Change, delta: Range) -> Change:
    return replace(change, delta=delta)
