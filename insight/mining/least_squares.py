"""Ordinary least squares with standard errors that do not mind uneven spread (HC1)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insight.mining.findings import Interval, around

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fit:
    """`effects` of the columns in their order, and their standard errors."""

    effects: Floats
    errors: Floats

    def interval(self, column: int) -> Interval:
        return around(float(self.effects[column]), float(self.errors[column]))


def least_squares(x: Floats, y: Floats) -> Fit:
    """`x`: cases × columns. Columns that say the same share their effect (the smallest solution)."""
    inverse = np.linalg.pinv(x.T @ x)
    effects = inverse @ x.T @ y
    left = (y - x @ effects)[:, None] * x
    freedom = max(1, len(y) - x.shape[1])
    variance = inverse @ (left.T @ left) @ inverse * len(y) / freedom
    return Fit(effects, np.sqrt(np.maximum(0.0, np.diag(variance))))
