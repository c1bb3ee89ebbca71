"""The economic analysis under uncertainty: every input a range, the outcome a distribution. Seeded, so it repeats."""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from config.five_steps import Range
from crm_core.economics import YEARS_OF_COST, Band, Economics, Plan, Swing, Year

DRAWS, SEED = 20_000, 20_261_126
PEAK = 4.0  # weight of the mode in a PERT distribution (Malcolm et al. 1959)
CASHABLE = "cashable"
CENT = 0.01
Floats = NDArray[np.float64]
Values = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Flows:
    """One row a draw, money. `net` and `net_cash`: column 0 is the start, then one column a year."""

    cost: Floats
    cash: Floats
    capacity: Floats

    @property
    def net(self) -> Floats:
        return self.cash + self.capacity - self.cost

    @property
    def net_cash(self) -> Floats:
        return self.cash - self.cost


def analyse(plan: Plan, draws: int = DRAWS, seed: int = SEED) -> Economics:
    """Inputs are drawn independently of each other from PERT distributions.

    Each has random numbers of its own, so that a change of one leaves the draws of all others as they were.
    """
    inputs = inputs_of(plan)
    flows = flows_of(plan, {key: pert(_generator(seed, key), each, draws) for key, each in inputs.items()})
    rate, paid_back = plan.terms.discount_rate, payback(flows.net)
    npv, npv_cash = present_value(flows.net, rate), present_value(flows.net_cash, rate)
    median = float(np.median(paid_back))
    return Economics(
        band(npv), band(npv_cash), _npv(plan, _at_modes(plan)), float(np.mean(npv > 0)), float(np.mean(npv_cash > 0)),
        _roi(flows), median if np.isfinite(median) else None, float(np.mean(np.isfinite(paid_back))),
        band(_long_cost(flows)), _years(plan), tornado(plan), draws,
    )  # fmt: skip


def inputs_of(plan: Plan) -> dict[str, Range]:
    """All that is uncertain, by a key of its own; what no benefit uses is left out."""
    found = {f"cost.{key}": each for key, each in (*plan.one_off.items(), *plan.yearly.items())}
    found |= {f"delta.{benefit.key}": benefit.delta for benefit in plan.benefits}
    found |= {f"worth.{benefit.worth}": plan.worth[benefit.worth] for benefit in plan.benefits}
    if any(benefit.is_capacity for benefit in plan.benefits):
        found[CASHABLE] = plan.terms.cashable
    return found


def _generator(seed: int, key: str) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(key.encode())])


def pert(generator: np.random.Generator, each: Range, draws: int) -> Floats:
    """Beta-PERT: mean (low + 4·mode + high) ÷ 6."""
    width = each.high - each.low
    if width <= 0:
        return np.full(draws, each.mode)
    rising = 1 + PEAK * (each.mode - each.low) / width
    falling = 1 + PEAK * (each.high - each.mode) / width
    return each.low + width * generator.beta(rising, falling, draws)


def flows_of(plan: Plan, of: Values) -> Flows:
    """The years' money for the values of `of`, which holds an array for each of `inputs_of`."""
    some = next(iter(of.values()), np.zeros(1))
    nothing = np.zeros_like(some)
    once = sum((of[f"cost.{key}"] for key in plan.one_off), nothing)
    yearly = sum((of[f"cost.{key}"] for key in plan.yearly), nothing)
    cash, capacity = nothing, nothing
    for benefit in plan.benefits:
        money = of[f"delta.{benefit.key}"] * of[f"worth.{benefit.worth}"]
        share = of[CASHABLE] if benefit.is_capacity else np.ones_like(some)
        cash, capacity = cash + money * share, capacity + money * (1 - share)
    ramp = [0.0, *(ramp_of(plan.terms.ramp, year) for year in range(plan.terms.years))]
    cost = np.stack([once, *([yearly] * plan.terms.years)], axis=1)
    return Flows(cost, np.outer(cash, ramp), np.outer(capacity, ramp))


def ramp_of(ramp: tuple[float, ...], year: int) -> float:
    """The last share holds on."""
    return ramp[min(year, len(ramp) - 1)]


def present_value(net: Floats, rate: float) -> Floats:
    """Σ net of year t ÷ (1 + rate)^t."""
    return np.asarray(net @ (1 + rate) ** -np.arange(net.shape[1], dtype=float))


def payback(net: Floats) -> Floats:
    """Years until what was paid is back, undiscounted, evenly within a year; infinite where it never is."""
    standing = np.cumsum(net, axis=1)
    years = np.where(standing[:, 0] >= 0, 0.0, np.inf)
    for year in range(1, net.shape[1]):
        before, after = standing[:, year - 1], standing[:, year]
        crosses = (before < 0) & (after >= 0) & np.isinf(years)
        within = -before / np.where(crosses, net[:, year], 1.0)
        years = np.where(crosses, year - 1 + within, years)
    return years


def band(values: Floats) -> Band:
    return Band(*(float(each) for each in np.quantile(values, (0.1, 0.5, 0.9))))


def _roi(flows: Flows) -> Band | None:
    """Net over all years ÷ cost over all years; None where something may cost nothing, or less than a cent."""
    cost = flows.cost.sum(axis=1)
    return band(flows.net.sum(axis=1) / cost) if (cost >= CENT).all() else None


def _long_cost(flows: Flows) -> Floats:
    return np.asarray(flows.cost[:, 0] + YEARS_OF_COST * flows.cost[:, 1])


def _years(plan: Plan) -> tuple[Year, ...]:
    flows = flows_of(plan, _at_modes(plan))
    rows = zip(flows.cost[0], flows.cash[0], flows.capacity[0], strict=True)
    return tuple(Year(number, *map(float, row)) for number, row in enumerate(rows))


def tornado(plan: Plan) -> tuple[Swing, ...]:
    """The widest first; what moves nothing is left out."""
    inputs, modes = inputs_of(plan), _at_modes(plan)
    swings = (
        Swing(key, *(_npv(plan, {**modes, key: np.array([end])}) for end in (each.low, each.high)))
        for key, each in inputs.items()
    )
    return tuple(sorted((each for each in swings if each.width > 0), key=lambda each: -each.width))


def _at_modes(plan: Plan) -> dict[str, Floats]:
    return {key: np.array([each.mode]) for key, each in inputs_of(plan).items()}


def _npv(plan: Plan, of: Values) -> float:
    return float(present_value(flows_of(plan, of).net, plan.terms.discount_rate)[0])
