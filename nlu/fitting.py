"""Fits a classifier with scikit-learn; every choice is made by cross-validation on the training texts alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from nlu.calibration import Judgement, calibrated
from nlu.classifier import IntentClassifier, Linear, Neighbours, Scores
from nlu.features import Vocabulary

_FOLDS = 5
_MOST_TEXTS_OF_ALL_FOLDS = 10_000  # above, one fold holds enough unseen texts to judge by
_INVERSE_REGULARISATIONS = (10.0, 30.0)
_FEWEST_TEXTS_OF_A_GRAM = 2
_SEED = 7
_TRANSLATION = 0.6  # cosine between languages from which two texts say the same

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrainingTexts:
    """One row a text: normalised masked words, language, intent, and the centred vector where there is an encoder."""

    words: NDArray[np.object_]
    languages: NDArray[np.str_]
    intents: NDArray[np.str_]
    vectors: NDArray[np.float32] | None

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier and what is to be expected of it, by language."""

    classifier: IntentClassifier
    judgements: dict[str, Judgement]


@dataclass(frozen=True, slots=True)
class _Material:
    """Everything that is computed once for all fits."""

    texts: TrainingTexts
    names: tuple[str, ...]
    labels: Labels
    vocabulary: Vocabulary
    grams: csr_matrix


def fitted(texts: TrainingTexts) -> Fitted:
    """The final model is of all texts; its calibration is of texts that the folds' models had not seen."""
    names = tuple(sorted(set(texts.intents.tolist())))
    labels = np.searchsorted(names, texts.intents).astype(np.int64)
    vocabulary = Vocabulary.learned(texts.words.tolist(), min_texts=_FEWEST_TEXTS_OF_A_GRAM)
    material = _Material(texts, names, labels, vocabulary, _matrix(vocabulary, texts.words.tolist()))
    # On matrices this small more threads only wait for each other: one is five times as fast as two.
    with threadpool_limits(limits=1):
        unseen, scores, inverse_regularisation = _judged_unseen(material)
        everything = np.arange(len(texts))
        classifier = _classifier(material, everything, inverse_regularisation)
    calibrations, judgements = {}, {}
    for language in np.unique(texts.languages[unseen]):
        mine = texts.languages[unseen] == language
        is_read = texts.vectors is not None and bool(texts.vectors[unseen][mine].any())
        calibration, judgement = calibrated(_of(scores, mine, is_read=is_read), labels[unseen][mine])
        calibrations[str(language)], judgements[str(language)] = calibration, judgement
    return Fitted(replace(classifier, calibrations=calibrations), judgements)


def _of(scores: Scores, mine: NDArray[np.bool_], *, is_read: bool) -> Scores:
    """Of one language; where no encoder reads it, its words alone will be known."""
    if scores.dense is None or scores.likeness is None or scores.votes is None or not is_read:
        return Scores(scores.lexical[mine])
    return Scores(scores.lexical[mine], scores.dense[mine], scores.likeness[mine], scores.votes[mine])


def _judged_unseen(material: _Material) -> tuple[Labels, Scores, float]:
    """Rows judged, their scores by models that had not seen them, and the best regularisation."""
    chosen = _folds(material)
    unseen = np.concatenate([rows for _, rows in chosen])
    lexical = np.concatenate(
        [_lexical_scores(_lexical(material, known), material.grams[rows]) for known, rows in chosen]
    )
    if material.texts.vectors is None:
        return unseen, Scores(lexical), 0.0
    likeness = np.concatenate([_likeness(material, known, rows) for known, rows in chosen])
    votes = np.concatenate([_neighbours(material, known).votes(_vectors(material)[rows]) for known, rows in chosen])
    trials = {}
    for inverse in _INVERSE_REGULARISATIONS:
        dense = np.concatenate([_dense_scores(material, known, rows, inverse) for known, rows in chosen])
        trials[inverse] = dense
    right = {c: float((dense.argmax(axis=1) == material.labels[unseen]).mean()) for c, dense in trials.items()}
    best = max(right, key=lambda c: right[c])
    return unseen, Scores(lexical, trials[best], likeness, votes), best


def _folds(material: _Material) -> list[tuple[Labels, Labels]]:
    """Known and unseen rows; every language and intent is in every fold, where there are enough of it."""
    strata = np.char.add(material.texts.languages, material.texts.intents)
    if np.unique(strata, return_counts=True)[1].min() < _FOLDS:
        strata = material.texts.intents
    folds = min(_FOLDS, int(np.unique(strata, return_counts=True)[1].min()))
    split = StratifiedKFold(max(2, folds), shuffle=True, random_state=_SEED).split(strata, strata)
    chosen = list(split)[: _FOLDS if len(strata) <= _MOST_TEXTS_OF_ALL_FOLDS else 1]
    return [(_without_cribs(material.texts, known, unseen), unseen) for known, unseen in chosen]


def _without_cribs(texts: TrainingTexts, known: Labels, unseen: Labels) -> Labels:
    """`known` less what says the same as an unseen text in another language: with its translation learned, judging it
    would flatter the sentence vectors.
    """
    if texts.vectors is None or len(np.unique(texts.languages)) == 1:
        return known
    likeness = texts.vectors[known] @ texts.vectors[unseen].T
    likeness[texts.languages[known][:, None] == texts.languages[unseen][None, :]] = 0.0
    kept: Labels = known[likeness.max(axis=1) < _TRANSLATION]
    return kept


def _classifier(material: _Material, rows: Labels, inverse_regularisation: float) -> IntentClassifier:
    vectors = material.texts.vectors
    dense = None if vectors is None else _dense(material, rows, inverse_regularisation)
    centres = None if vectors is None else _centres(material, rows)
    neighbours = None if vectors is None else _neighbours(material, rows)
    return IntentClassifier(
        intents=material.names,
        vocabulary=material.vocabulary,
        lexical=_lexical(material, rows),
        dense=dense,
        centres=centres,
        neighbours=neighbours,
        calibrations={},
    )


def _neighbours(material: _Material, rows: Labels) -> Neighbours:
    return Neighbours(_vectors(material)[rows], material.labels[rows], len(material.names))


def _lexical(material: _Material, rows: Labels) -> Linear:
    """A linear support vector machine, one intent against the rest."""
    model = LinearSVC(C=1.0, tol=1e-2, random_state=_SEED).fit(material.grams[rows], material.labels[rows])
    return _linear(model.coef_, model.intercept_, model.classes_, len(material.names))


def _dense(material: _Material, rows: Labels, inverse_regularisation: float) -> Linear:
    model = LogisticRegression(C=inverse_regularisation, tol=1e-3, max_iter=300)
    model.fit(_vectors(material)[rows], material.labels[rows])
    return _linear(model.coef_, model.intercept_, model.classes_, len(material.names))


def _linear(coefficients: Floats, intercepts: Floats, classes: Labels, intents: int) -> Linear:
    """Two classes have one row in scikit-learn; here every intent has its column."""
    if len(classes) == 2 and len(coefficients) == 1:  # noqa: PLR2004 - the binary case
        coefficients, intercepts = np.vstack([-coefficients, coefficients]), np.hstack([-intercepts, intercepts])
    weights = np.zeros((coefficients.shape[1], intents), np.float32)
    bias = np.full(intents, -1e3, np.float32)
    weights[:, classes], bias[classes] = coefficients.T, intercepts
    return Linear(weights, bias)


def _vectors(material: _Material) -> NDArray[np.float32]:
    if material.texts.vectors is None:
        raise ValueError("these texts have no vectors")
    return material.texts.vectors


def _lexical_scores(model: Linear, grams: csr_matrix) -> Floats:
    scores: Floats = grams @ model.weights + model.bias
    return scores


def _dense_scores(material: _Material, known: Labels, rows: Labels, inverse_regularisation: float) -> Floats:
    model = _dense(material, known, inverse_regularisation)
    scores: Floats = (_vectors(material)[rows] @ model.weights + model.bias).astype(np.float64)
    return scores


def _centres(material: _Material, rows: Labels) -> NDArray[np.float32]:
    """The mean direction of each intent's sentences, [intents, dimensions]."""
    vectors, labels = _vectors(material)[rows], material.labels[rows]
    centres = np.zeros((len(material.names), vectors.shape[1]), np.float32)
    np.add.at(centres, labels, vectors)
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    unit: NDArray[np.float32] = centres / np.maximum(lengths, 1e-9)
    return unit


def _likeness(material: _Material, known: Labels, rows: Labels) -> Floats:
    likeness: Floats = (_vectors(material)[rows] @ _centres(material, known).T).max(axis=1)
    return likeness


def _matrix(vocabulary: Vocabulary, texts: Sequence[str]) -> csr_matrix:
    rows = [vocabulary.vector(text) for text in texts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns, weights = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return csr_matrix((weights, columns, starts), shape=(len(rows), len(vocabulary.index)))
