"""The encoders as they are served: prepared from their packages, and alike to what their makers publish."""

import numpy as np
import pytest

from nlu.encoders import e5, minilm
from nlu.encoders.encoder import Encoder
from tests.support.nlu import SHELF, best_plan

SENTENCES = ["where is my order", "when does my parcel arrive", "I like trains"]


@pytest.fixture(scope="module", params=[e5.NAME, minilm.NAME])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    assert best_plan().shortfall is None, "the packages of requirements/encoders.txt cannot be fetched on this machine"
    return SHELF.open(str(request.param))


def test_vectors_have_unit_length(encoder: Encoder) -> None:
    assert np.linalg.norm(encoder.encode(SENTENCES), axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_like_meanings_lie_closer_than_unlike_ones(encoder: Encoder) -> None:
    asked, alike, other = encoder.encode(SENTENCES)
    assert asked @ alike > asked @ other + 0.03


def test_a_sentence_has_the_same_vector_alone_and_among_others(encoder: Encoder) -> None:
    among = encoder.encode([*SENTENCES, "a much longer sentence that may not change how the others are read " * 3])[0]
    assert (among == encoder.encode(SENTENCES[:1])[0]).all()


@pytest.mark.parametrize("text", ["", " ", "😀", "ß" * 5_000, "word " * 20_000, "\u0000", "漢字かな"])
def test_any_text_has_a_vector(encoder: Encoder, text: str) -> None:
    (vector,) = encoder.encode([text])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_e5_brings_the_same_question_of_three_languages_together() -> None:
    encoder = SHELF.open(e5.NAME)
    english, russian, spanish, other = encoder.encode(
        ["where is my order", "где мой заказ", "dónde está mi pedido", "do you sell lamps"]
    )
    assert min(english @ russian, english @ spanish, russian @ spanish) > english @ other


@pytest.mark.parametrize(
    ("text", "rows"),
    [  # as the reference tokenizer of XLM-R counts them, with the prefix and both ends
        ("where is my order 100234?", 13),
        ("Здравствуйте, где мой заказ, обещали вчера", 14),
        ("¿Dónde está mi pedido? Llevo dos semanas", 17),
        ("ПОЧЕМУ НЕ ВЕЗУТ!!!", 13),
    ],
)
def test_e5_cuts_words_as_its_maker_does(text: str, rows: int) -> None:
    assert len(e5.open_e5(SHELF.root).rows(text)) == rows
