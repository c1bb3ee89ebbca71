"""Everything that sales say of the customers as a whole, for the desk: sentences, trials and what pictures need."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from math import isfinite
from typing import Any

from crm_core.errors import NotEnough
from crm_core.learnt import KINDS, Amount, Curve, Learnt, Minimum, Trial
from insight.mining.demand import demand
from insight.mining.findings import BackTest, Finding, Interval
from insight.mining.portfolio import portfolio
from insight.mining.price import price
from insight.mining.retention import Survival, retention_of_sales
from insight.mining.rows import ItemWeek
from insight.mining.worth import Known

MOST_AMOUNTS = 15
MOST_COHORTS = 24  # months
PARTS = 5  # of the customers, and of the chances to leave
MOST_STEPS = 400  # of a curve: more are not seen
Pictures = Mapping[str, Any]  # the fields of Learnt that are drawn


def learn(known: Known) -> tuple[Learnt, ...]:
    """One for each function, in the order in which people read them; that there is too little is an answer too."""
    return tuple(_learnt(kind, work, known) for kind, work in zip(KINDS, _FUNCTIONS, strict=True))


def _learnt(kind: str, work: Callable[[Known], tuple[Finding[Any], Pictures]], known: Known) -> Learnt:
    try:
        found, pictures = work(known)
    except NotEnough as error:
        return Learnt(kind, known.until, known.currency, refused=Minimum(error.what, error.have, error.need))
    return Learnt(
        kind, known.until, known.currency, found.sentence, trial=_trial(found.back_test),
        minima=found.minima, **pictures,
    )  # fmt: skip


def _trial(test: BackTest) -> Trial | None:
    """None where nothing was held out to try it on."""
    if not (isfinite(test.value) and isfinite(test.anchor_value)):
        return None
    return Trial(test.protocol, test.measure, test.value, test.anchor, test.anchor_value, test.n)


def _amount(name: str, value: float, interval: Interval, note: float | None = None) -> Amount:
    """A band that has no end is none."""
    if isfinite(interval.low) and isfinite(interval.high):
        return Amount(name, value, interval.low, interval.high, note)
    return Amount(name, value, note=note)


def _retention(known: Known) -> tuple[Finding[Any], Pictures]:
    found = retention_of_sales(known.sales, known.until)
    return found, {"curve": _thinned(found.value.survival), "cohorts": found.value.cohorts[-MOST_COHORTS:]}


def _thinned(curve: Survival) -> Curve:
    every = -(-len(curve.days) // MOST_STEPS)
    kept = slice(len(curve.days) % every, None, every) if every > 1 else slice(None)
    return Curve(curve.days[kept], curve.share[kept], curve.low[kept], curve.high[kept])


def _segments(known: Known) -> tuple[Finding[Any], Pictures]:
    found = known.segments
    sizes = sorted(found.value.sizes.items(), key=lambda each: -each[1])
    return found, {"amounts": tuple(Amount(str(name), float(size)) for name, size in sizes)}


def _churn(known: Known) -> tuple[Finding[Any], Pictures]:
    """How many have which chance to leave; a bar is named after its bounds in percent."""
    found = known.risks
    parts = Counter(min(PARTS - 1, int(each.chance * PARTS)) for each in found.value.customers)
    bounds = [part * 100 // PARTS for part in range(PARTS + 1)]
    names = (f"{low}–{high}" for low, high in pairwise(bounds))
    return found, {"amounts": tuple(Amount(name, float(parts[part])) for part, name in enumerate(names))}


def _clv(known: Known) -> tuple[Finding[Any], Pictures]:
    """The money that each fifth of the customers is expected to bring, the best first."""
    found = known.values
    values = sorted((each.value for each in found.value.customers), reverse=True)
    cuts = [len(values) * part // PARTS for part in range(PARTS + 1)]
    fifths = [sum(values[cuts[part] : cuts[part + 1]]) for part in range(PARTS)]
    return found, {"amounts": tuple(Amount(str(part + 1), value) for part, value in enumerate(fifths))}


def _portfolio(known: Known) -> tuple[Finding[Any], Pictures]:
    """Pairs by their lift in the held-out orders."""
    found = portfolio(known.sales)
    pairs = tuple(
        _amount(f"{each.one} + {each.other}", each.later, each.later_interval, each.together)
        for each in found.value.pairs[:MOST_AMOUNTS] if isfinite(each.later)
    )  # fmt: skip
    return found, {"amounts": pairs}


def _price(known: Known) -> tuple[Finding[Any], Pictures]:
    """The best known articles first."""
    found = price(known.weeks)
    most = sorted(found.value.items, key=lambda each: -each.rows)[:MOST_AMOUNTS]
    return found, {"amounts": tuple(_amount(each.item, each.elasticity, each.interval) for each in most)}


def _demand(known: Known) -> tuple[Finding[Any], Pictures]:
    """What sells most first; the plan is last week's prices without a promotion."""
    last = max((row.week for row in known.weeks), default=0)
    same = [ItemWeek(row.item, last + 1, 0.0, row.price) for row in known.weeks if row.week == last]
    found = demand(known.weeks, same)
    most = sorted(found.value.items, key=lambda each: -each.units)[:MOST_AMOUNTS]
    return found, {"amounts": tuple(_amount(each.item, each.units, Interval(each.low, each.high)) for each in most)}


# as in KINDS
_FUNCTIONS: tuple[Callable[[Known], tuple[Finding[Any], Pictures]], ...] = (
    _retention, _segments, _churn, _clv, _demand, _price, _portfolio,
)  # fmt: skip
