"""The estimated wait: its quantiles against scipy's, its coverage against a line that is played through."""

import heapq
from random import Random

import pytest
from scipy.special import gammaincinv

from crm_core.waiting_time import Line, Method, estimate, from_head_of_line, gamma_quantile


@pytest.mark.parametrize("shape", [1.0, 1.7, 5.0, 40.0, 900.0])
@pytest.mark.parametrize("part", [0.5, 0.8])
def test_quantiles_are_those_of_scipy(shape: float, part: float) -> None:
    assert gamma_quantile(shape, part) == pytest.approx(float(gammaincinv(shape, part)), rel=1e-9)


def test_the_mean_is_one_service_after_another_shared_by_all_who_serve() -> None:
    told = estimate(6, Line(servers=3, service_s=240))
    assert told is not None
    assert told.mean_s == pytest.approx(480)
    assert told.p50_s < told.mean_s < told.p80_s


def test_who_gives_up_before_makes_the_wait_shorter() -> None:
    patient, leaving = estimate(10, Line(3, 240)), estimate(10, Line(3, 240, 1 / 300))
    assert patient is not None
    assert leaving is not None
    assert leaving.p80_s < patient.p80_s


def test_nobody_who_serves_is_no_promise() -> None:
    assert estimate(1, Line(0, 240)) is None


def test_the_head_of_the_line_stands_in() -> None:
    assert from_head_of_line(60).method is Method.HEAD_OF_LINE


def _play(seed: int, servers: int, service_s: float, patience_s: float, arrivals: int) -> list[tuple[int, float]]:
    """Places at arrival and waits (of those who would have stayed), first come first served."""
    random, now, found = Random(seed), 0.0, []
    free, leaving = [0.0] * servers, []
    for number in range(arrivals):
        now += random.expovariate(servers / service_s)
        while leaving and leaving[0] <= now:
            heapq.heappop(leaving)
        wait, patience = max(free[0] - now, 0.0), random.expovariate(1 / patience_s)
        if wait > 0 and number > arrivals // 10:
            found.append((len(leaving) + 1, wait))
        if wait <= patience:
            heapq.heapreplace(free, now + wait + random.expovariate(1 / service_s))
        if wait > 0:
            heapq.heappush(leaving, now + min(wait, patience))
    return found


def test_eight_of_ten_wait_no_longer_than_was_told() -> None:
    line, kept, told = Line(20, 240, 1 / 300), 0, {}
    waits = _play(7, 20, 240, 300, 40_000)
    for place, wait in waits:
        if place not in told:
            told[place] = estimate(place, line)
        promised = told[place]
        assert promised is not None
        kept += wait <= promised.p80_s
    assert 0.77 <= kept / len(waits) <= 0.83
