"""Figures of a tally: each with what it rests on, its interval and what is undecided (defined in docs/reports.md)."""

from collections.abc import Iterable
from math import sqrt

from crm_core.reporting import Figure, Figures, Unit
from insight.fifo import Z95
from insight.occupancy import Busy
from insight.tally import Spread, Tally

P50, P90, P95 = 0, 1, 2


def figures_of(tally: Tally) -> Figures:
    found = [*_line(tally), *_levels(tally), *_replies(tally), *_solving(tally), *_bot(tally), *_quality(tally)]
    return {figure.key: figure for figure in found}


def share(key: str, part: int, whole: int, pending: int = 0) -> Figure:
    """With Wilson's interval, which stays inside 0 and 1."""
    if whole <= 0:
        return Figure(key, Unit.SHARE, None, 0, pending=pending)
    value = part / whole
    middle = (value + Z95**2 / (2 * whole)) / (1 + Z95**2 / whole)
    half = Z95 / (1 + Z95**2 / whole) * sqrt(value * (1 - value) / whole + Z95**2 / (4 * whole**2))
    return Figure(key, Unit.SHARE, value, whole, max(0.0, middle - half), min(1.0, middle + half), pending)


def mean(key: str, spread: Spread, pending: int = 0) -> Figure:
    value = spread.mean
    if value is None or spread.n < 2:  # noqa: PLR2004 - one value has no spread
        return Figure(key, Unit.SECONDS, value, spread.n, pending=pending)
    variance = max(0.0, (spread.squares - spread.n * value**2) / (spread.n - 1))
    half = Z95 * sqrt(variance / spread.n)
    return Figure(key, Unit.SECONDS, value, spread.n, max(0.0, value - half), value + half, pending)


def quantile(key: str, spread: Spread, which: int, pending: int = 0) -> Figure:
    value = spread.quantiles[which] if spread.quantiles else None
    return Figure(key, Unit.SECONDS, value, spread.n, pending=pending)


def number(key: str, value: int, pending: int = 0) -> Figure:
    return Figure(key, Unit.COUNT, float(value), value, pending=pending)


def _line(tally: Tally) -> Iterable[Figure]:
    waiting, wait = tally["waiting"], tally.spread("wait")
    yield number("offered", tally["offered"], waiting)
    yield number("answered", tally["answered"])
    yield number("abandoned", tally["abandoned"])
    yield number("callbacks", tally["callbacks"])
    yield share("abandonment", tally["abandoned"], tally["offered"], waiting)
    short = tally["short"]
    yield share("abandonment_no_short", tally["abandoned"] - short, tally["offered"] - short, waiting)
    yield mean("asa", wait, waiting)
    yield quantile("wait_p50", wait, P50, waiting)
    yield quantile("wait_p90", wait, P90, waiting)
    yield quantile("wait_p95", wait, P95, waiting)
    yield mean("handle", tally.spread("handle"))
    yield quantile("handle_p50", tally.spread("handle"), P50)
    yield quantile("handle_p95", tally.spread("handle"), P95)


def _levels(tally: Tally) -> Iterable[Figure]:
    """Who still waits within the promise is undecided and left out; who waits for longer counts as missed already."""
    undecided = tally["waiting"] - tally["waiting_late"]
    decided = tally["offered"] - undecided
    soon = tally["soon"]
    met = soon + tally["gone_soon"] + tally["callback_soon"]
    yield share("sl_excl_short", soon, decided - tally["short"] - tally["callbacks"], undecided)
    yield share("sl_offered", soon, decided, undecided)
    yield share("sl_answered_only", soon, tally["answered"])
    yield share("sl_connect", met, decided, undecided)


def _replies(tally: Tally) -> Iterable[Figure]:
    first, later = tally["first_pending"], tally["next_pending"]
    yield quantile("first_response_p50", tally.spread("first"), P50, first)
    yield quantile("first_response_p90", tally.spread("first"), P90, first)
    yield quantile("first_response_open_p50", tally.spread("first_open"), P50, first)
    yield quantile("first_response_open_p90", tally.spread("first_open"), P90, first)
    yield quantile("next_response_p50", tally.spread("next"), P50, later)
    yield quantile("next_response_p90", tally.spread("next"), P90, later)
    yield quantile("next_response_open_p50", tally.spread("next_open"), P50, later)
    yield quantile("next_response_open_p90", tally.spread("next_open"), P90, later)


def _solving(tally: Tally) -> Iterable[Figure]:
    still = tally["human_open"]
    yield quantile("resolution_first_p50", tally.spread("solved_first"), P50, still)
    yield quantile("resolution_first_p90", tally.spread("solved_first"), P90, still)
    yield quantile("resolution_last_p50", tally.spread("solved_last"), P50, still)
    yield quantile("resolution_last_p90", tally.spread("solved_last"), P90, still)
    yield number("reopens", tally["reopens"])


def _bot(tally: Tally) -> Iterable[Figure]:
    yield share("containment_strict", tally["strict"], tally["bot"], tally["provisional"])
    yield share("containment_lenient", tally["lenient"], tally["bot"])


def _quality(tally: Tally) -> Iterable[Figure]:
    yield share("transfer_rate", tally["transferred"], tally["taken"])
    yield share("decline_rate", tally["declines"], tally["offers"])
    yield share("csat", tally["satisfied"], tally["rated"], tally["surveyed"] - tally["rated"])
    yield share("survey_response", tally["rated"], tally["surveyed"])
    yield share("promise_kept", tally["kept"], tally["promised"])
    yield mean("promise_error", tally.spread("error"))


def occupancy(agents: Iterable[Busy]) -> Figure:
    """Without an interval: it is all the time there was, not a sample of it."""
    known = list(agents)
    present_s = sum(each.present_s for each in known)
    value = sum(each.busy_s for each in known) / present_s if present_s else None
    return Figure("occupancy", Unit.SHARE, value, len(known))
