"""What a purchase of each customer is worth: gamma-gamma (Fader and Hardie, note 25, 2013)."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from insight.mining.histories import Floats, Histories

START = (1.8, 1.3, 2.7)  # logarithms
EVALUATIONS = 3000


@dataclass(frozen=True, slots=True)
class Spending:
    """Purchases of one customer: gamma of shape `p`; their rates among customers: gamma of `q` and `gamma`."""

    p: float
    q: float
    gamma: float

    def expected(self, past: Histories) -> Floats:
        """Mean money of a coming purchase: one's own mean, pulled to that of all, the more the less is known."""
        weight = self.p * past.repeats / (self.p * past.repeats + self.q - 1)
        everybody = self.gamma * self.p / (self.q - 1)
        return np.asarray((1 - weight) * everybody + weight * past.spend, dtype=np.float64)


def fit_spending(past: Histories) -> Spending:
    """By maximum likelihood, from those who came back."""
    came_back = (past.repeats > 0) & (past.spend > 0)
    x, mean = past.repeats[came_back], past.spend[came_back]

    def cost(logs: Floats) -> float:
        p, above_one, gamma = np.exp(logs)
        q = 1 + above_one  # else the mean of all would be endless
        return -float(np.sum(
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma) + (p * x - 1) * np.log(mean)
            + p * x * np.log(x) - (p * x + q) * np.log(x * mean + gamma)
        ))  # fmt: skip

    found = minimize(cost, START, method="Nelder-Mead", options={"maxiter": EVALUATIONS})
    p, above_one, gamma = np.exp(found.x).tolist()
    return Spending(p, 1 + above_one, gamma)
