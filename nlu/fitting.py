"""Fits one language's classifier with scikit-learn, and judges it on examples it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from nlu.classifier import Calibration, IntentClassifier, probabilities
from nlu.features import Vocabulary

FOLDS = 4
_INVERSE_REGULARISATION = 20.0
_FEWEST_TEXTS_OF_A_GRAM = 2
_TEMPERATURES = np.geomspace(0.2, 3.0, 40)
# The examples of an intent are unlike each other on purpose, so the unseen ones are harder than most messages.
_ANSWER_PRECISION = 0.75
_HANDED_OFF = 0.2
_UNCALIBRATED = Calibration(1.0, 1.0, 0.0)

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier and its accuracy in cross-validation."""

    classifier: IntentClassifier
    texts: int
    accuracy: float


def fitted(texts: Sequence[str], intents: Sequence[str]) -> Fitted:
    """`texts` are normalised and masked. The final model is of all texts; its calibration of the folds."""
    names = tuple(sorted(set(intents)))
    labels = np.array([names.index(intent) for intent in intents], np.int64)
    # On matrices this small more threads only wait for each other: one is five times as fast as two.
    with threadpool_limits(limits=1):
        scores = _out_of_fold_scores(np.array(texts, object), labels, names)
        classifier = replace(_classifier(texts, labels, names), calibration=calibrated(scores, labels))
    return Fitted(classifier, len(texts), float((scores.argmax(axis=1) == labels).mean()))


def _classifier(texts: Sequence[str], labels: Labels, names: tuple[str, ...]) -> IntentClassifier:
    vocabulary = Vocabulary.learned(texts, min_texts=_FEWEST_TEXTS_OF_A_GRAM)
    model = LogisticRegression(C=_INVERSE_REGULARISATION, class_weight="balanced", tol=1e-3, max_iter=200)
    model.fit(_matrix(vocabulary, texts), labels)
    return IntentClassifier(
        intents=names,
        vocabulary=vocabulary,
        weights=np.ascontiguousarray(model.coef_.T, np.float32),
        bias=model.intercept_.astype(np.float32),
        calibration=_UNCALIBRATED,
    )


def _matrix(vocabulary: Vocabulary, texts: Sequence[str]) -> csr_matrix:
    rows = [vocabulary.vector(text) for text in texts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns, weights = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return csr_matrix((weights, columns, starts), shape=(len(rows), len(vocabulary.index)))


def _out_of_fold_scores(texts: NDArray[np.object_], labels: Labels, names: tuple[str, ...]) -> Floats:
    scores = np.zeros((len(texts), len(names)))
    for known, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=7).split(texts, labels):
        fold = _classifier(list(texts[known]), labels[known], names)
        scores[unseen] = _matrix(fold.vocabulary, list(texts[unseen])) @ fold.weights + fold.bias
    return scores


def calibrated(scores: Floats, labels: Labels) -> Calibration:
    """The temperature of least log loss, and thresholds by precision and by recall on unseen examples."""
    rows = np.arange(len(labels))
    losses = [-np.log(probabilities(scores / t)[rows, labels] + 1e-12).mean() for t in _TEMPERATURES]
    temperature = float(_TEMPERATURES[int(np.argmin(losses))])
    likely = probabilities(scores / temperature)
    return Calibration(temperature, _answer_at(likely, labels), _clarify_at(likely))


def _answer_at(likely: NDArray[np.floating], labels: Labels) -> float:
    """The least confidence from which three of four answers to unseen examples are right."""
    order = np.argsort(-likely.max(axis=1))
    right = (likely.argmax(axis=1) == labels)[order]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    enough = np.flatnonzero(precision >= _ANSWER_PRECISION)
    last = order[enough[-1]] if len(enough) else order[0]
    return round(float(likely[last].max()), 4)


def _clarify_at(likely: NDArray[np.floating]) -> float:
    """What the three best must come to together; one in five unseen examples stays below."""
    three_best = np.sort(likely, axis=1)[:, -3:].sum(axis=1)
    return round(float(np.quantile(three_best, _HANDED_OFF)), 4)
