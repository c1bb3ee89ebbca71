"""Intents of one language: a linear model over TF-IDF, a temperature and two thresholds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.engine import Zone
from nlu.features import Vocabulary

TOP = 5
_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Calibration:
    """What cross-validation said: how sharp the scores are and from where they can be trusted."""

    temperature: float
    answer_at: float
    clarify_at: float


@dataclass(frozen=True, slots=True)
class IntentClassifier:
    """`weights` is grams by intents."""

    intents: tuple[str, ...]
    vocabulary: Vocabulary
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: Calibration

    def ranked(self, text: str) -> tuple[tuple[str, float], ...]:
        """The likeliest intents of a normalised, masked text."""
        columns, values = self.vocabulary.vector(text)
        scores = (values @ self.weights[columns] + self.bias) / self.calibration.temperature
        likely = probabilities(scores)
        best = np.argsort(-likely)[:TOP]
        return tuple((self.intents[i], round(float(likely[i]), 4)) for i in best)


def probabilities(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Softmax over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    total: NDArray[np.floating] = raised / raised.sum(axis=-1, keepdims=True)
    return total


def zone_of(ranked: tuple[tuple[str, float], ...], calibration: Calibration) -> Zone:
    """Answer what is clear, ask when the two or three best share the likelihood, else a person."""
    if ranked[0][1] >= calibration.answer_at:
        return Zone.ANSWER
    together = sum(likelihood for _, likelihood in ranked[:_CANDIDATES])
    return Zone.CLARIFY if together >= calibration.clarify_at else Zone.HANDOFF
