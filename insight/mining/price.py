"""`price`: by how much sales fall when a price rises, with promotions and other causes told apart from it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from crm_core.errors import NotEnough
from crm_core.learnt import Minimum
from crm_core.sentences import Sentence
from insight.mining.findings import BackTest, Finding, Interval, Protocol, demand_enough
from insight.mining.least_squares import Floats, least_squares
from insight.mining.rows import ItemWeek

LEAST_ROWS, LEAST_PRICES = 40, 4
LEARNT = 0.8
PRICE, PROMOTION = 1, 2


@dataclass(frozen=True, slots=True)
class PriceEffect:
    """Of one item. `elasticity`: percent of units for a percent of price, without promotion.

    `promotion`: change of log units by a full promotion at a price of 1; `promoted`: the elasticity under it.
    """

    item: str
    elasticity: float
    interval: Interval
    promotion: float
    promoted: float
    rows: int

    @property
    def best_markup(self) -> float | None:
        """Price over unit cost that earns most; none where every rise of the price would pay."""
        return self.elasticity / (1 + self.elasticity) if self.elasticity < -1 else None


@dataclass(frozen=True, slots=True)
class PriceEffects:
    """`pooled` over all items, each with its own level; `left_out` have too few rows or prices."""

    pooled: float
    items: tuple[PriceEffect, ...]
    left_out: tuple[str, ...]


def price(rows: Sequence[ItemWeek]) -> Finding[PriceEffects]:
    """Log units on log price, promotion, both together, and controls. The interval is of the pooled elasticity."""
    by_item = _by_item(rows)
    fit = {item: theirs for item, theirs in by_item.items() if _is_enough(theirs)}
    if not fit:
        raise _too_little(by_item)
    minima = demand_enough(Minimum("rows_of_one_item", min(map(len, fit.values())), LEAST_ROWS))
    level = np.vstack([_centred(_matrix(theirs)[:, 1:]) for theirs in fit.values()])
    units = np.concatenate([_centred(_log_units(theirs)) for theirs in fit.values()])
    pooled = least_squares(level, units)
    found = tuple(_effect(item, theirs) for item, theirs in fit.items())
    within = pooled.interval(PRICE - 1)
    sentence = Sentence("price", {
        "elasticity": float(pooled.effects[PRICE - 1]), "low": within.low, "high": within.high, "items": len(found),
    })  # fmt: skip
    left_out = tuple(sorted(by_item.keys() - fit.keys()))
    value = PriceEffects(float(pooled.effects[PRICE - 1]), found, left_out)
    return Finding(value, within, _back_test(fit.values()), minima, sentence)


def _by_item(rows: Sequence[ItemWeek]) -> dict[str, list[ItemWeek]]:
    """In the order of the weeks; rows without a sale or a price have no logarithm."""
    found: defaultdict[str, list[ItemWeek]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.item, row.week)):
        if row.units > 0 and row.price > 0:
            found[row.item].append(row)
    return dict(found)


def _is_enough(rows: Sequence[ItemWeek]) -> bool:
    return len(rows) >= LEAST_ROWS and _prices(rows) >= LEAST_PRICES


def _prices(rows: Sequence[ItemWeek]) -> int:
    return len({row.price for row in rows})


def _too_little(by_item: dict[str, list[ItemWeek]]) -> NotEnough:
    longest = max(by_item.values(), key=len, default=[])
    if len(longest) < LEAST_ROWS:
        return NotEnough("rows_of_one_item", len(longest), LEAST_ROWS)
    return NotEnough("prices_of_one_item", max(map(_prices, by_item.values())), LEAST_PRICES)


def _matrix(rows: Sequence[ItemWeek]) -> Floats:
    """1, log price, promotion, their product, controls."""
    asked = np.log([row.price for row in rows])
    promoted = np.array([row.promotion for row in rows])
    controls = np.array([row.controls for row in rows], dtype=np.float64).reshape(len(rows), -1)
    return np.column_stack([np.ones(len(rows)), asked, promoted, asked * promoted, controls])


def _log_units(rows: Sequence[ItemWeek]) -> Floats:
    return np.log([row.units for row in rows])


def _centred(values: Floats) -> Floats:
    return np.asarray(values - values.mean(axis=0), dtype=np.float64)


def _effect(item: str, rows: Sequence[ItemWeek]) -> PriceEffect:
    fit = least_squares(_matrix(rows), _log_units(rows))
    elasticity, promotion, both = fit.effects[PRICE : PRICE + 3].tolist()
    return PriceEffect(item, elasticity, fit.interval(PRICE), promotion, elasticity + both, len(rows))


def _back_test(items: Iterable[Sequence[ItemWeek]]) -> BackTest:
    """Each item's last fifth by its first four; the anchor is its mean."""
    ours, plain = [], []
    for rows in items:
        cut = int(len(rows) * LEARNT)
        learnt, tried = _log_units(rows[:cut]), _log_units(rows[cut:])
        effects = least_squares(_matrix(rows[:cut]), learnt).effects
        ours.append(tried - _matrix(rows[cut:]) @ effects)
        plain.append(tried - learnt.mean())
    error, mean_error = (float(np.sqrt(np.mean(np.concatenate(each) ** 2))) for each in (ours, plain))
    explained = 1 - error**2 / mean_error**2 if mean_error else 0.0
    return BackTest(Protocol.LATER, "log_rmse", error, "item_mean", mean_error, sum(map(len, ours)), {"r2": explained})
