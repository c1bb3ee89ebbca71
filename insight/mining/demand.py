"""`demand`: what each item sells next week at the price and the promotion that are planned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crm_core.errors import InvalidInput
from crm_core.learnt import Minimum
from crm_core.sentences import Sentence
from insight.mining.findings import BackTest, Finding, Interval, Protocol, demand_enough
from insight.mining.least_squares import Floats
from insight.mining.rows import ItemWeek

LEAST_WEEKS, LEAST_ITEM_WEEKS = 26, 100
BASE_WEEKS = 8
TRIED_WEEKS = 16
RIDGE = 0.1
TAILS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class ItemDemand:
    """`units` next week, and a 95 % band."""

    item: str
    units: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DemandForecast:
    """`elasticity` and `promotion`: what the plan changes against the last eight weeks, in logarithms."""

    items: tuple[ItemDemand, ...]
    elasticity: float
    promotion: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Items × weeks. `causes`: items × weeks × (log price, promotion, controls)."""

    items: tuple[str, ...]
    units: Floats
    causes: Floats

    @property
    def weeks(self) -> int:
        return int(self.units.shape[1])


def panel_of(rows: Sequence[ItemWeek]) -> Panel:
    """A week without a row sold nothing, at the price of the week before. Raises InvalidInput for two rows of one."""
    items = tuple(sorted({row.item for row in rows}))
    index = {item: number for number, item in enumerate(items)}
    first, last = min(row.week for row in rows), max(row.week for row in rows)
    width = max(len(row.controls) for row in rows)
    units = np.zeros((len(items), last - first + 1))
    causes = np.full((*units.shape, 2 + width), np.nan)
    for row in rows:
        place = index[row.item], row.week - first
        if not np.isnan(causes[(*place, 1)]):
            raise InvalidInput(f"The item {row.item} comes twice in the week {row.week}.")
        units[place] = row.units
        causes[place] = (np.log(row.price) if row.price > 0 else np.nan, row.promotion, *row.controls)
    causes[:, :, 0] = _carried(causes[:, :, 0])
    return Panel(items, units, np.nan_to_num(causes))


def _carried(prices: Floats) -> Floats:
    """The last known price until there is a new one; before the first, the first."""
    known = ~np.isnan(prices)
    last = np.maximum.accumulate(np.where(known, np.arange(prices.shape[1]), -1), axis=1)
    first = np.argmax(known, axis=1)[:, None]
    found: Floats = np.take_along_axis(prices, np.where(last >= 0, last, first), axis=1)
    return found


def demand(rows: Sequence[ItemWeek], planned: Sequence[ItemWeek]) -> Finding[DemandForecast]:
    """`planned` is the week after the last; its `units` are not looked at. The interval is of all units together."""
    weeks = len({row.week for row in rows})
    minima = demand_enough(
        Minimum("weeks", weeks, LEAST_WEEKS), Minimum("rows_of_items_and_weeks", len(rows), LEAST_ITEM_WEEKS)
    )
    known = {row.item for row in rows}
    strange = sorted({row.item for row in planned} - known)
    if strange:
        raise InvalidInput(f"Nothing is known of {', '.join(strange[:5])}: plan only items that were sold before.")
    panel = panel_of([*rows, *planned])
    test, surprises, totals = back_test(panel, range(panel.weeks - 1 - TRIED_WEEKS, panel.weeks - 1))
    effects = fit_effects(panel, panel.weeks - 1)
    expected = ahead(panel, panel.weeks - 1, effects)
    asked = {row.item for row in planned}
    low, high = (np.maximum(0.0, (expected + 1) * np.exp(tail) - 1) for tail in np.quantile(surprises, TAILS))
    found = tuple(
        ItemDemand(*each) for each in zip(panel.items, expected.tolist(), low.tolist(), high.tolist(), strict=True)
        if each[0] in asked
    )  # fmt: skip
    total = sum(each.units for each in found)
    half = 2.12 * float(np.sqrt(np.mean(totals**2)))  # t of 16 degrees of freedom
    within = Interval(total * float(np.exp(-half)), total * float(np.exp(half)))
    sentence = Sentence("demand", {"units": round(total), "low": round(within.low), "high": round(within.high),
                                   "items": len(found), "elasticity": float(effects[0])})  # fmt: skip
    return Finding(DemandForecast(found, float(effects[0]), float(effects[1])), within, test, minima, sentence)


def fit_effects(panel: Panel, until: int) -> Floats:
    """Of the causes, from the weeks before `until`: what each week differed by from its eight weeks before."""
    weeks = range(BASE_WEEKS, until)
    x = np.concatenate([panel.causes[:, week] - _base(panel.causes, week) for week in weeks])
    logs = np.log(panel.units + 1)
    y = np.concatenate([logs[:, week] - _base(logs, week) for week in weeks])
    return np.asarray(np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y), dtype=np.float64)


def ahead(panel: Panel, week: int, effects: Floats) -> Floats:
    """Units of each item in that week, from the units before it and its own causes."""
    base = _base(np.log(panel.units + 1), week)
    caused = (panel.causes[:, week] - _base(panel.causes, week)) @ effects
    return np.asarray(np.maximum(0.0, np.exp(base + caused) - 1), dtype=np.float64)


def _base(values: Floats, week: int) -> Floats:
    return np.asarray(values[:, max(0, week - BASE_WEEKS) : week].mean(axis=1), dtype=np.float64)


def back_test(panel: Panel, weeks: Sequence[int]) -> tuple[BackTest, Floats, Floats]:
    """Each week from those before it; also the surprises of items and of totals, in logarithms."""
    expected = np.array([ahead(panel, week, fit_effects(panel, week)) for week in weeks])
    actual = panel.units[:, list(weeks)].T
    naive = panel.units[:, [week - 1 for week in weeks]].T
    all_units = max(1.0, float(actual.sum()))
    error, plain = (float(np.abs(actual - each).sum()) / all_units for each in (expected, naive))
    test = BackTest(Protocol.ORIGINS, "wape", error, "last_week", plain, actual.size)
    surprises = np.log((actual + 1) / (expected + 1)).ravel()
    return test, surprises, np.log((actual.sum(axis=1) + 1) / (expected.sum(axis=1) + 1))
