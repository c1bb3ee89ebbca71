"""What encoders are given to read, and a space in which languages lie together."""

from datetime import date

import numpy as np
import pytest

from nlu.entities import found_entities
from nlu.sentences import Block, SentenceSpace, readable
from nlu.shapes import Shapes


@pytest.mark.parametrize(
    ("text", "language", "read"),
    [
        ("WHERE IS  MY ORDER 100234???", "en", "where is my order 123456 ???"),
        ("call me on +34 612 345 678 tomorrow", "en", "call me on +123456789 monday"),
        ("доставьте завтра", "ru", "доставьте понедельник"),
        ("a\ud800b", "en", "ab"),
    ],
)
def test_numbers_and_shouting_do_not_matter(text: str, language: str, read: str) -> None:
    entities = found_entities(text, language=language, shapes=Shapes(), today=date(2026, 11, 23))
    assert readable(text, entities, language) == read


@pytest.fixture
def space() -> SentenceSpace:
    """Two languages whose sentences differ by a constant direction; the second block reads English only."""
    meaning = np.array([[1.0, 0, 0], [0, 1, 0], [-1, -1, 0]] * 2, np.float32)
    raw = meaning + np.array([[0, 0, 5.0]] * 3 + [[0, 3.0, 0]] * 3, np.float32)
    english_only = np.array([[1.0, 0], [0, 1], [1, 1], [0, 0], [0, 0], [0, 0]], np.float32)
    languages = np.array(["en"] * 3 + ["ru"] * 3)
    return SentenceSpace.learned([Block("all"), Block("own", ("en",))], [raw, english_only], languages)


def test_the_same_meaning_lies_at_the_same_place_in_every_language(space: SentenceSpace) -> None:
    english = space.centred(np.array([[1, 0, 5, 1, 0]], np.float32), "en")[0]
    russian = space.centred(np.array([[1, 3, 0, 0, 0]], np.float32), "ru")[0]
    assert english[:3] == pytest.approx(russian[:3], abs=1e-6)


def test_each_block_has_unit_length_where_it_reads_and_none_elsewhere(space: SentenceSpace) -> None:
    english = space.centred(np.array([[1, 0, 5, 1, 0]], np.float32), "en")[0]
    russian = space.centred(np.array([[1, 3, 0, 9, 9]], np.float32), "ru")[0]
    assert np.linalg.norm(english[:3]) == pytest.approx(1)
    assert np.linalg.norm(english[3:]) == pytest.approx(1)
    assert russian[3:].tolist() == [0, 0]


def test_the_vectors_given_are_left_as_they_are(space: SentenceSpace) -> None:
    given = np.array([[1, 0, 5, 1, 0]], np.float32)
    space.centred(given, "en")
    space.centred(given, "xx")
    assert given.tolist() == [[1, 0, 5, 1, 0]]
