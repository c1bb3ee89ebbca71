"""Waiting lines by formula: Erlang B, C and A, and the people a load needs. Rates per second, times in seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, expm1, inf, log

PANELS = 300  # of Simpson's rule: published tables come out to all digits from 100 on
NEGLIGIBLE = -45.0  # exp of it is below what a sum of doubles keeps


@dataclass(frozen=True, slots=True)
class Load:
    """Poisson arrivals, exponential handling; whoever waits gives up after an exponential time."""

    arrivals_per_s: float
    handle_s: float
    patience_s: float = inf

    @property
    def erlangs(self) -> float:
        return self.arrivals_per_s * self.handle_s


@dataclass(frozen=True, slots=True)
class Goal:
    """“80 % within 20 s”, and how busy people may be kept."""

    share: float = 0.8
    within_s: float = 20.0
    most_occupancy: float = 1.0


DEFAULT_GOAL = Goal()


@dataclass(frozen=True, slots=True)
class Waiting:
    """`wait_s` is the mean over all callers, `asa_s` over the answered; `service_level` is of the offered."""

    p_wait: float
    wait_s: float
    asa_s: float
    abandoned: float
    service_level: float
    occupancy: float


def erlang_b(erlangs: float, agents: int) -> float:
    """The share that finds everybody busy when nobody waits (A. K. Erlang 1917, by its recursion)."""
    blocked = 1.0
    for busy in range(1, agents + 1):
        blocked = erlangs * blocked / (busy + erlangs * blocked)
    return blocked


def erlang_c(erlangs: float, agents: int) -> float:
    """The share that has to wait when nobody gives up."""
    if agents <= erlangs:
        return 1.0
    blocked = erlang_b(erlangs, agents)
    return agents * blocked / (agents - erlangs * (1 - blocked))


def waiting(load: Load, agents: int, within_s: float = 20.0) -> Waiting:
    """Erlang C for endless patience, Erlang A otherwise."""
    return _patient(load, agents, within_s) if load.patience_s == inf else _impatient(load, agents, within_s)


def _patient(load: Load, agents: int, within_s: float) -> Waiting:
    spare = agents - load.erlangs
    if spare <= 0:
        return Waiting(1.0, inf, inf, 0.0, 0.0, 1.0)
    p_wait = erlang_c(load.erlangs, agents)
    wait_s = p_wait * load.handle_s / spare
    level = 1 - p_wait * exp(-spare * within_s / load.handle_s)
    return Waiting(p_wait, wait_s, wait_s, 0.0, level, load.erlangs / agents)


def _impatient(load: Load, agents: int, within_s: float) -> Waiting:
    """M/M/n+M by the integrals of Zeltyn and Mandelbaum (Queueing Systems 51, 2005), which never overflow here.

    The wait that is offered has the density `exp(λ·H(x) − nμ·x)` with H(x) = (1 − e^(−θx))/θ.
    """
    rate, leaving, serving = load.arrivals_per_s, 1 / load.patience_s, agents / load.handle_s

    def exponent(x: float) -> float:
        return -rate * expm1(-leaving * x) / leaving - serving * x

    peak_s = max(0.0, load.patience_s * log(rate / serving))
    shift, end_s = exponent(peak_s), _end(exponent, peak_s)

    def density(x: float) -> float:
        return exp(exponent(x) - shift)

    def stays(x: float) -> float:
        return exp(-leaving * x) * density(x)

    nobody = exp(-shift) / erlang_b(load.erlangs, agents - 1)
    whole = nobody + rate * _integral(density, end_s)
    served_late = rate * _integral(stays, end_s) / whole
    served = nobody / whole + served_late
    soon = nobody / whole + rate * _integral(stays, min(within_s, end_s)) / whole
    asa_s = rate * _integral(lambda x: x * stays(x), end_s) / whole / served
    p_wait = 1 - nobody / whole
    abandoned = 1 - served
    return Waiting(p_wait, abandoned * load.patience_s, asa_s, abandoned, soon, load.erlangs * served / agents)


def _end(exponent: Callable[[float], float], peak_s: float) -> float:
    """From where on the density no longer counts."""
    top, end_s = exponent(peak_s), max(1.0, 2 * peak_s)
    while exponent(end_s) - top > NEGLIGIBLE:
        end_s *= 1.5
    return end_s


def _integral(function: Callable[[float], float], end: float) -> float:
    """Simpson's rule from 0 to `end`."""
    step = end / (2 * PANELS)
    inner = sum((4 if number % 2 else 2) * function(number * step) for number in range(1, 2 * PANELS))
    return (function(0.0) + inner + function(end)) * step / 3


def agents_needed(load: Load, goal: Goal = DEFAULT_GOAL) -> int:
    """The fewest people at their desks that keep the goal; more people never make it worse, so halving finds them."""
    if load.arrivals_per_s <= 0:
        return 0
    too_few, enough = 0, 1
    while not _keeps(load, goal, enough):
        too_few, enough = enough, 2 * enough
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if _keeps(load, goal, middle) else (middle, enough)
    return enough


def _keeps(load: Load, goal: Goal, agents: int) -> bool:
    found = waiting(load, agents, goal.within_s)
    return found.service_level >= goal.share and found.occupancy <= goal.most_occupancy


def rostered(agents: int, shrinkage: float) -> int:
    """How many must be on the roster when a share of paid time is breaks, training and illness."""
    return ceil(agents / (1 - shrinkage) - 1e-9)
