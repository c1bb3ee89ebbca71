"""Zones from probabilities, and vectors that unknown words shorten."""

import numpy as np
import pytest

from nlu.classifier import Calibration, probabilities, zone_of
from nlu.engine import Zone
from nlu.features import Vocabulary

LEVELS = Calibration(
    0.0, 0.0, temperature=1.0, answer_at=0.6, clarify_at=0.5, scope=(), scope_at=0.0, clarify_scope_at=-1.0
)


@pytest.mark.parametrize(
    ("likelihoods", "zone"),
    [
        ((0.7, 0.1, 0.1), Zone.ANSWER),
        ((0.6, 0.4, 0.0), Zone.ANSWER),
        ((0.45, 0.4, 0.0), Zone.CLARIFY),
        ((0.2, 0.2, 0.1), Zone.CLARIFY),
        ((0.2, 0.1, 0.1), Zone.HANDOFF),
    ],
)
def test_the_zone_follows_the_likelihoods(likelihoods: tuple[float, ...], zone: Zone) -> None:
    assert zone_of(tuple((f"intent {i}", likely) for i, likely in enumerate(likelihoods)), LEVELS, scope=0.0) is zone


def test_probabilities_add_up_and_keep_the_order() -> None:
    likely = probabilities(np.array([1000.0, 999.0, -1000.0]))
    assert likely.sum() == pytest.approx(1)
    assert list(np.argsort(-likely)) == [0, 1, 2]


def test_unknown_words_shorten_the_vector() -> None:
    vocabulary = Vocabulary.learned(["where is my order", "cancel my order"], min_texts=1)
    _, known = vocabulary.vector("where is my order")
    _, diluted = vocabulary.vector("where is my order kumquat zeppelin")
    assert np.linalg.norm(known) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(diluted) < 0.8


def test_a_text_without_a_known_gram_is_empty() -> None:
    columns, weights = Vocabulary.learned(["where is my order"], min_texts=1).vector("???!")
    assert len(columns) == len(weights) == 0
