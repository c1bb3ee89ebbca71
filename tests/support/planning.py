"""Weeks of contacts whose truth is known, as half hours of days before another; and as a file."""

from datetime import date, timedelta

import numpy as np

from crm_core.planning import SLOTS, Slots

SHAPE = np.array([0.0] * 18 + [2, 4, 6, 8, 9, 9, 8, 7, 6, 6, 7, 8, 8, 7, 6, 5, 4, 3, 3, 2, 2, 1] + [0.0] * 8)
BY_WEEKDAY = (1.2, 1.0, 0.95, 0.95, 1.1, 0.3, 0.0)


def expected_on(on: date, a_day: float = 480.0) -> np.ndarray:
    return SHAPE / SHAPE.sum() * a_day * BY_WEEKDAY[on.weekday()]


def weeks_before(until: date, weeks: int = 16, seed: int = 4) -> dict[date, Slots]:
    """Whole days until the one before `until`; Sundays are closed."""
    random = np.random.default_rng(seed)
    days = (until - timedelta(days=number) for number in range(7 * weeks, 0, -1))
    return {on: tuple(map(float, random.poisson(expected_on(on)).tolist())) for on in days}


def as_file(days: dict[date, Slots]) -> bytes:
    lines = [f"{on} {slot // 2:02d}:{slot % 2 * 30:02d},{days[on][slot]:.0f}" for on in days for slot in range(SLOTS)]
    return "\n".join(["DateTime,Calls", *lines]).encode()
