"""How true an announced wait is: every customer of a line is told, and the wait they would have had is known."""

from collections import deque
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush, heapreplace
from random import Random

from crm_core.waiting_time import Estimate, Line, estimate
from insight.queueing import Load

LEARNT = 0.2  # share of the customers from whom handling and patience are learnt first


@dataclass(frozen=True, slots=True)
class Told:
    """At arrival: place in line from 1, how long the first in line had waited; and the wait that came."""

    position: int
    head_waited_s: float
    wait_s: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`mse_ratio_hol`: our squared error over that of announcing the wait of the first in line."""

    n: int
    p80_coverage: float
    mean_error_s: float
    mse_ratio_hol: float


def check_promises(load: Load, agents: int, customers: int, seed: int) -> Accuracy:
    """M/M/n+M, first come first served."""
    told, line = _play(load, agents, customers, seed)

    @cache
    def promised(position: int) -> Estimate:
        found = estimate(position, line)
        assert found is not None  # noqa: S101 - somebody serves
        return found

    kept = sum(each.wait_s <= promised(each.position).p80_s for each in told)
    errors = [promised(each.position).mean_s - each.wait_s for each in told]
    head_errors = [each.head_waited_s - each.wait_s for each in told]
    ratio = sum(error**2 for error in errors) / sum(error**2 for error in head_errors)
    return Accuracy(len(told), kept / len(told), sum(map(abs, errors)) / len(errors), ratio)


def _play(load: Load, agents: int, customers: int, seed: int) -> tuple[list[Told], Line]:
    """What was told after the learning, and the line as it was learnt: θ̂ is abandons over all time waited."""
    random, now = Random(seed), 0.0  # noqa: S311 - a simulation
    free_at, handled_s, handled, left, waited_s = [0.0] * agents, 0.0, 0, 0, 0.0
    in_line: deque[tuple[float, float]] = deque()  # came, and goes: served or given up
    goes: list[float] = []
    told: list[Told] = []
    for number in range(customers):
        now += random.expovariate(load.arrivals_per_s)
        while goes and goes[0] <= now:
            heappop(goes)
        while in_line and in_line[0][1] <= now:
            in_line.popleft()
        wait, patience = max(free_at[0] - now, 0.0), random.expovariate(1 / load.patience_s)
        if wait > 0 and number >= customers * LEARNT:
            told.append(Told(len(goes) + 1, now - in_line[0][0] if in_line else 0.0, wait))
        if wait > 0:
            heappush(goes, now + min(wait, patience))
            in_line.append((now, now + min(wait, patience)))
        handle_s = random.expovariate(1 / load.handle_s)
        if wait <= patience:
            heapreplace(free_at, now + wait + handle_s)
        if number < customers * LEARNT:
            waited_s += min(wait, patience)
            left += wait > patience
            handled += wait <= patience
            handled_s += handle_s if wait <= patience else 0.0
    return told, Line(agents, handled_s / max(1, handled), left / waited_s if waited_s else 0.0)
