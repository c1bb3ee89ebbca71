"""People's traits as a matrix, and a logistic regression on it with its measures; scikit-learn stays in this file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from insight.mining.findings import Interval, around
from insight.mining.rows import Traits

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
KNOTS, DEGREE = 6, 3
ITERATIONS = 3000
FOLDS = 5
TENTH = 0.1


@dataclass(frozen=True, slots=True)
class Encoding:
    """How headings become columns, learnt from some people and applied to others. `curved`: numbers as splines."""

    curved: bool
    scaled: bool = False


class Encoder:
    """Fitted in the constructor; a word nobody had in the learning is nobody's column."""

    def __init__(self, traits: Traits, encoding: Encoding) -> None:
        self._numbers, self._words = tuple(traits.numbers), tuple(traits.words)
        self._curve = SplineTransformer(n_knots=KNOTS, degree=DEGREE) if encoding.curved else StandardScaler()
        self._names = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        self._scale: StandardScaler | None = None
        matrix = self._columns(traits, is_first=True)
        if encoding.scaled:
            self._scale = StandardScaler().fit(matrix)

    def __call__(self, traits: Traits) -> Floats:
        matrix = self._columns(traits, is_first=False)
        return np.asarray(self._scale.transform(matrix) if self._scale else matrix, dtype=np.float64)

    def _columns(self, traits: Traits, *, is_first: bool) -> Floats:
        parts = [np.zeros((len(traits), 0))]
        if self._numbers:
            numbers = np.column_stack([np.asarray(traits.numbers[name], dtype=np.float64) for name in self._numbers])
            parts.append(self._curve.fit_transform(numbers) if is_first else self._curve.transform(numbers))
        if self._words:
            words = np.column_stack([np.asarray(traits.words[name], dtype=object) for name in self._words])
            parts.append(self._names.fit_transform(words) if is_first else self._names.transform(words))
        return np.hstack(parts)


def chosen(traits: Traits, rows: Rows) -> Traits:
    """Some of the people."""
    return Traits(
        [traits.ids[row] for row in rows],
        {name: np.asarray(values, dtype=np.float64)[rows].tolist() for name, values in traits.numbers.items()},
        {name: np.asarray(values, dtype=object)[rows].tolist() for name, values in traits.words.items()},
    )


def fit_logistic(matrix: Floats, happened: NDArray[np.bool_], strength: float) -> LogisticRegression:
    """`strength` is the inverse of the ridge."""
    return LogisticRegression(C=strength, max_iter=ITERATIONS).fit(matrix, happened)


def chances(model: LogisticRegression, matrix: Floats) -> Floats:
    return np.asarray(model.predict_proba(matrix)[:, 1], dtype=np.float64)


def folds(labels: Sequence[int], seed: int = 0) -> Iterator[tuple[Rows, Rows]]:
    """To learn from and to try on, each label in equal shares."""
    cut = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learnt, tried in cut.split(np.zeros(len(labels)), np.asarray(labels)):
        yield np.asarray(learnt), np.asarray(tried)


def auc(happened: NDArray[np.bool_], score: Floats) -> float:
    """The chance that one to whom it happened is ranked above one to whom it did not."""
    return float(roc_auc_score(happened, score))


def auc_interval(happened: NDArray[np.bool_], score: Floats) -> Interval:
    """Hanley and McNeil, Radiology 143, 1982."""
    area, yes, no = auc(happened, score), int(happened.sum()), int((~happened).sum())
    both, twice = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (yes - 1) * (both - area**2) + (no - 1) * (twice - area**2)) / (yes * no)
    return around(area, sqrt(max(0.0, variance)))


def brier(happened: NDArray[np.bool_], chance: Floats) -> float:
    """Mean squared distance of the told chance from what came."""
    return float(brier_score_loss(happened, chance))


def lift(happened: NDArray[np.bool_], score: Floats, share: float = TENTH) -> float:
    """How many times as often it happened to the highest share as to all."""
    top = np.argsort(-score, kind="stable")[: max(1, int(len(score) * share))]
    return float(happened[top].mean() / happened.mean())
