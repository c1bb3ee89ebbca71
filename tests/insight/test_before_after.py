"""The before and after of a figure: a known step is found, none is not, and too few days are refused."""

from datetime import date, timedelta

import numpy as np
import pytest

from crm_core.errors import NotEnough
from insight.before_after import DayValue, effect_of

START = date(2026, 8, 3)
INTRODUCED = START + timedelta(days=42)


def days(step: float, seed: int = 1, *, n: int = 84, noise: float = 1.0, trend: float = 0.1) -> list[DayValue]:
    """A trend, a week's pattern, neighbours that resemble each other, and a step on the 43rd day."""
    drawn = np.random.default_rng(seed).normal(0, noise, n)
    found, left = [], 0.0
    for index in range(n):
        left = 0.4 * left + drawn[index]
        on = START + timedelta(days=index)
        level = 20 + trend * index + (3 if on.weekday() == 0 else 0) + (step if on >= INTRODUCED else 0)
        found.append(DayValue(on, level + left))
    return found


def test_a_step_is_found_beside_trend_and_weekdays() -> None:
    found = effect_of(days(-5), INTRODUCED)
    assert found.low < -5 < found.high
    assert found.is_certain
    assert (found.days_before, found.days_after) == (42, 42)


def test_without_noise_the_step_is_exact() -> None:
    assert effect_of(days(-5, noise=0), INTRODUCED).value == pytest.approx(-5)


def test_a_trend_alone_is_no_effect() -> None:
    """Comparing the two means would call it one."""
    found = effect_of(days(0), INTRODUCED)
    assert not found.is_certain


def test_the_interval_holds_the_truth_nearly_as_often_as_it_says() -> None:
    """Newey and West's errors are known to be a little too small in short series."""
    held = sum(
        found.low <= -2 <= found.high for found in (effect_of(days(-2, seed), INTRODUCED) for seed in range(200))
    )
    assert held >= 160


def test_too_few_days_are_refused() -> None:
    with pytest.raises(NotEnough) as caught:
        effect_of(days(-5)[30:50], INTRODUCED)
    assert (caught.value.have, caught.value.need) == (8, 14)
