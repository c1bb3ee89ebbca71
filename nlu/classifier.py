"""Which intent a text has: a linear model over sentence vectors, one over words, and how far both can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.engine import Zone
from nlu.features import Vocabulary

TOP = 5
OUT_OF_SCOPE = "out_of_scope"  # an intent by this name, as in Rasa, holds what the bot is not for
_CANDIDATES = 3
_LEXICAL_SHARPNESS = 6.0  # margins of a support vector machine are small numbers
_NEIGHBOURS, _NEIGHBOUR_SHARPNESS = 10, 12.0
_TINY = 1e-12

Floats = NDArray[np.floating]
Ranking = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """`weights` is features by intents."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The training texts themselves: `vectors` [texts, dimensions] and the number of each one's intent."""

    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]
    intents: int

    def votes(self, vectors: NDArray[np.float32]) -> Floats:
        """[texts, intents]: the ten nearest vote, the nearer the louder; each row sums to one."""
        # Blocks that do not read the language are zero and lie last: half the memory need not be read.
        width = int(np.flatnonzero(vectors.any(axis=0)).max(initial=0)) + 1
        likeness = vectors[:, :width] @ self.vectors[:, :width].T
        likeness /= np.maximum((vectors**2).sum(axis=1, keepdims=True), _TINY)
        asked = min(_NEIGHBOURS, likeness.shape[1])
        nearest = np.argpartition(-likeness, asked - 1, axis=1)[:, :asked]
        close = np.take_along_axis(likeness, nearest, axis=1)
        loudness = np.exp(_NEIGHBOUR_SHARPNESS * (close - close.max(axis=1, keepdims=True)))
        votes = np.zeros((len(vectors), self.intents))
        np.add.at(votes, (np.arange(len(vectors))[:, None], self.labels[nearest]), loudness)
        shares: Floats = votes / votes.sum(axis=1, keepdims=True)
        return shares


@dataclass(frozen=True, slots=True)
class Calibration:
    """What cross-validation said of one language: how the models share the word, and from where they can be trusted.

    `scope` holds mean and deviation of each sign that a text belongs to any intent at all; below `scope_at` the sum of
    the standardised signs is too low to answer, below `clarify_scope_at` even to ask.
    """

    lexical_share: float
    neighbour_share: float
    temperature: float
    answer_at: float
    clarify_at: float
    scope: tuple[tuple[float, float], ...]
    scope_at: float
    clarify_scope_at: float


@dataclass(frozen=True, slots=True)
class Scores:
    """One row a text: scores of the two models, and the likeness to the nearest intent's centre.

    `dense`, `likeness` and the neighbours' `votes` are None where a model has no encoder.
    """

    lexical: Floats
    dense: Floats | None = None
    likeness: Floats | None = None
    votes: Floats | None = None

    def likelihoods(self, calibration: Calibration) -> Floats:
        """[texts, intents], each row sums to one."""
        lexical = probabilities(self.lexical * _LEXICAL_SHARPNESS)
        if self.dense is None or self.votes is None:
            return probabilities(np.log(lexical + _TINY) / calibration.temperature)
        shared = probabilities(self.dense) + calibration.lexical_share * lexical
        shared = shared + calibration.neighbour_share * self.votes
        return probabilities(np.log(shared + _TINY) / calibration.temperature)

    def signs(self) -> list[Floats]:
        """What speaks for a text being in scope (energy: Liu et al. 2020), one array a sign."""
        if self.dense is None or self.likeness is None:
            return [self.lexical.max(axis=1)]
        highest = self.dense.max(axis=1)
        energy = np.log(np.exp(self.dense - highest[:, None]).sum(axis=1)) + highest
        return [energy, self.likeness, self.lexical.max(axis=1)]


def scope_of(signs: list[Floats], scope: tuple[tuple[float, float], ...]) -> Floats:
    """The sum of the standardised signs."""
    total: Floats = np.sum(
        [(sign - mean) / deviation for sign, (mean, deviation) in zip(signs, scope, strict=True)], axis=0
    )
    return total


@dataclass(frozen=True, slots=True)
class IntentClassifier:
    """One for all languages. `dense`, `centres` [intents, dimensions] and `neighbours` are None without an encoder."""

    intents: tuple[str, ...]
    vocabulary: Vocabulary
    lexical: Linear
    dense: Linear | None
    centres: NDArray[np.float32] | None
    neighbours: Neighbours | None
    calibrations: Mapping[str, Calibration]

    def judged(self, words: str, vector: NDArray[np.float32] | None, language: str) -> tuple[Ranking, Zone]:
        """Of a normalised, masked text and its centred sentence vector; without a vector the words alone decide."""
        calibration = self.calibrations[language]
        scores = self.scores(words, vector, language)
        likely = scores.likelihoods(calibration)[0]
        best = np.argsort(-likely)[:TOP]
        ranked = tuple((self.intents[i], round(float(likely[i]), 4)) for i in best)
        if len(scores.signs()) < len(calibration.scope):  # the encoder does not answer: better ask than guess
            return ranked, Zone.CLARIFY
        return ranked, zone_of(ranked, calibration, float(scope_of(scores.signs(), calibration.scope)[0]))

    def scores(self, words: str, vector: NDArray[np.float32] | None, language: str) -> Scores:
        lexical = self._lexical_scores(words)
        if self.dense is None or self.centres is None or self.neighbours is None or vector is None:
            return Scores(lexical)
        dense = (vector @ self.dense.weights + self.dense.bias)[None, :]
        is_heard = self.calibrations[language].neighbour_share > 0  # asking the neighbours is the dearest part
        votes = self.neighbours.votes(vector[None, :]) if is_heard else np.zeros_like(dense)
        return Scores(lexical, dense, (self.centres @ vector).max(keepdims=True), votes)

    def by_words(self, words: str) -> tuple[str, float]:
        """The intent that a normalised, masked text has by its words alone, and the margin: cheap, and a guess."""
        scores = self._lexical_scores(words)[0]
        best = int(scores.argmax())
        return self.intents[best], float(scores[best])

    def _lexical_scores(self, words: str) -> Floats:
        columns, values = self.vocabulary.vector(words)
        scores: Floats = (values @ self.lexical.weights[columns] + self.lexical.bias)[None, :]
        return scores


def probabilities(scores: Floats) -> Floats:
    """Softmax over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    total: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return total


def zone_of(ranked: Ranking, calibration: Calibration, scope: float) -> Zone:
    """Answer what is clear, ask when the best few share the likelihood, else a person."""
    if ranked[0][0] == OUT_OF_SCOPE or scope < calibration.clarify_scope_at:
        return Zone.HANDOFF
    if scope >= calibration.scope_at and ranked[0][1] >= calibration.answer_at:
        return Zone.ANSWER
    together = sum(likelihood for _, likelihood in ranked[:_CANDIDATES])
    return Zone.CLARIFY if together >= calibration.clarify_at else Zone.HANDOFF
