"""How far a classifier can be trusted, learned from scores of texts it had not seen."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlu.classifier import Calibration, Floats, Scores, scope_of, zone_of
from nlu.engine import Zone

_LEXICAL_SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
_NEIGHBOUR_SHARES = (0.0, 0.1, 0.25, 0.5)
_NOTHING = Calibration(0.0, 0.0, 1.0, 0.0, 0.0, (), 0.0, 0.0)
_TEMPERATURES = np.geomspace(0.2, 3.0, 60)
_MOST_WRONG_ANSWERS = 0.01  # of all texts: what may be answered and be wrong
_ACCEPTED = 0.95  # share of known texts that pass for in scope
_ASKED_BACK = 0.97  # share of known texts that are at least asked back
_BINS = 15

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What cross-validation says of a language; shares of its `texts`."""

    texts: int
    accuracy: float
    calibration_error: float
    zones: dict[str, float]
    wrong_answers: float


def calibrated(scores: Scores, labels: Labels) -> tuple[Calibration, Judgement]:
    """The shares of words and neighbours by accuracy, the temperature by log loss, the thresholds by their promises."""
    shared = max(_sharings(), key=lambda sharing: (_accuracy(scores.likelihoods(sharing), labels), -_spread(sharing)))
    cooled = [replace(shared, temperature=round(float(temperature), 4)) for temperature in _TEMPERATURES]
    fitting = min(cooled, key=lambda sharing: _log_loss(scores.likelihoods(sharing), labels))
    likely = scores.likelihoods(fitting)
    signs = scores.signs()
    scope = tuple((float(sign.mean()), float(sign.std()) or 1.0) for sign in signs)
    sums = scope_of(signs, scope)
    scope_at, clarify_scope_at = np.quantile(sums, (1 - _ACCEPTED, 1 - _ASKED_BACK))
    calibration = replace(
        fitting,
        answer_at=_answer_at(likely, labels, sums >= scope_at),
        clarify_at=_clarify_at(likely),
        scope=scope,
        scope_at=round(float(scope_at), 4),
        clarify_scope_at=round(float(clarify_scope_at), 4),
    )
    return calibration, _judged(likely, labels, sums, calibration)


def _sharings() -> list[Calibration]:
    pairs = itertools.product(_LEXICAL_SHARES, _NEIGHBOUR_SHARES)
    return [replace(_NOTHING, lexical_share=lexical, neighbour_share=neighbour) for lexical, neighbour in pairs]


def _spread(sharing: Calibration) -> float:
    return sharing.lexical_share + sharing.neighbour_share


def _accuracy(likely: Floats, labels: Labels) -> float:
    return float((likely.argmax(axis=1) == labels).mean())


def _log_loss(likely: Floats, labels: Labels) -> float:
    return float(-np.log(likely[np.arange(len(labels)), labels] + 1e-12).mean())


def _answer_at(likely: Floats, labels: Labels, in_scope: NDArray[np.bool_]) -> float:
    """The least confidence at which answers stay right but for one text in a hundred."""
    confidence = likely.max(axis=1)
    wrong = (likely.argmax(axis=1) != labels) & in_scope
    allowed = int(_MOST_WRONG_ANSWERS * len(labels))
    worst_first = np.sort(confidence[wrong])[::-1]
    if len(worst_first) <= allowed:
        return 0.0
    return round(float(np.nextafter(worst_first[allowed], 1.0)) + 1e-4, 4)


def _clarify_at(likely: Floats) -> float:
    """What the three best must come to together."""
    three_best = np.sort(likely, axis=1)[:, -3:].sum(axis=1)
    return round(float(np.quantile(three_best, 1 - _ASKED_BACK)), 4)


def _judged(likely: Floats, labels: Labels, sums: Floats, calibration: Calibration) -> Judgement:
    order = np.argsort(-likely, axis=1)[:, :3]
    zones = [
        zone_of(tuple((str(i), float(row[i])) for i in best), calibration, float(total))
        for row, best, total in zip(likely, order, sums, strict=True)
    ]
    answered = np.array([zone is Zone.ANSWER for zone in zones])
    right = likely.argmax(axis=1) == labels
    shares = {zone.value: round(sum(1 for other in zones if other is zone) / len(zones), 4) for zone in Zone}
    return Judgement(
        texts=len(labels),
        accuracy=round(float(right.mean()), 4),
        calibration_error=calibration_error(likely, labels),
        zones=shares,
        wrong_answers=round(float((answered & ~right).mean()), 4),
    )


def calibration_error(likely: Floats, labels: Labels) -> float:
    """Expected calibration error over 15 bins (Guo et al. 2017): 0 is perfect."""
    confidence, right = likely.max(axis=1), likely.argmax(axis=1) == labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    total = 0.0
    for number in np.unique(bins):
        mine = bins == number
        total += float(mine.mean()) * abs(float(confidence[mine].mean()) - float(right[mine].mean()))
    return round(total, 4)
