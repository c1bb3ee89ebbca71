"""Shares, temperature and thresholds keep what they promise on the texts they were learned from."""

import numpy as np
import pytest

from nlu.calibration import calibrated, calibration_error
from nlu.classifier import Scores, probabilities, scope_of, zone_of
from nlu.engine import Zone

INTENTS, TEXTS = 6, 4_000


def scores(*, sharpness: float = 1.0, seed: int = 5) -> tuple[Scores, np.ndarray]:
    """Dense scores that are the true log odds times `sharpness`; words know nothing."""
    random = np.random.default_rng(seed)
    odds = random.normal(0, 4, (TEXTS, INTENTS))
    likely = probabilities(odds)
    labels = (random.random((TEXTS, 1)) > likely.cumsum(axis=1)).sum(axis=1).clip(max=INTENTS - 1)
    return Scores(
        random.normal(0, 0.1, (TEXTS, INTENTS)),
        odds * sharpness,
        random.random(TEXTS),
        np.full((TEXTS, INTENTS), 1 / INTENTS),
    ), labels


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 2.5])
def test_confidences_come_to_mean_what_they_say(sharpness: float) -> None:
    calibration, judgement = calibrated(*scores(sharpness=sharpness))
    assert calibration.temperature == pytest.approx(sharpness, rel=0.15)
    assert judgement.calibration_error < 0.03


def test_of_a_hundred_texts_at_most_one_is_answered_wrong() -> None:
    _, judgement = calibrated(*scores())
    assert 0 < judgement.wrong_answers <= 0.01
    assert judgement.zones["answer"] > 0.2


def test_words_have_no_share_where_they_only_add_noise() -> None:
    calibration, _ = calibrated(*scores())
    assert calibration.lexical_share == 0


def test_words_have_a_share_where_they_know_more() -> None:
    found, labels = scores()
    knowing = np.full((TEXTS, INTENTS), -1.0)
    knowing[np.arange(TEXTS), labels] = 1.0
    calibration, judgement = calibrated(Scores(knowing, found.dense, found.likeness, found.votes), labels)
    assert calibration.lexical_share == 1
    assert judgement.accuracy > 0.95


def test_nineteen_of_twenty_known_texts_pass_for_in_scope() -> None:
    found, labels = scores()
    calibration, _ = calibrated(found, labels)
    sums = scope_of(found.signs(), calibration.scope)
    assert (sums >= calibration.scope_at).mean() == pytest.approx(0.95, abs=0.005)
    assert (sums >= calibration.clarify_scope_at).mean() == pytest.approx(0.97, abs=0.005)


def test_what_is_far_out_of_scope_is_never_answered_however_sure() -> None:
    calibration, _ = calibrated(*scores())
    ranked = (("one", 0.999), ("two", 0.001))
    assert zone_of(ranked, calibration, calibration.scope_at) is Zone.ANSWER
    assert zone_of(ranked, calibration, calibration.scope_at - 1e-6) is Zone.CLARIFY
    assert zone_of(ranked, calibration, calibration.clarify_scope_at - 1e-6) is Zone.HANDOFF


def test_without_an_encoder_words_alone_are_calibrated() -> None:
    found, labels = scores()
    assert found.dense is not None
    calibration, judgement = calibrated(Scores(found.dense / 10), labels)
    assert len(calibration.scope) == 1
    assert judgement.accuracy > 0.7


def test_the_calibration_error_of_certainty_that_is_wrong_is_one() -> None:
    assert calibration_error(np.array([[1.0, 0.0]] * 4), np.ones(4, np.int64)) == 1
    assert calibration_error(np.array([[1.0, 0.0]] * 4), np.zeros(4, np.int64)) == 0
