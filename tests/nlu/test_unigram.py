"""The likeliest segmentation, also of what no piece covers."""

import pytest

from nlu.encoders.unigram import UnigramTokenizer

PIECES = ["<s>", "</s>", "<unk>", "▁", "▁where", "▁is", "▁wh", "ere", "e", "r", "▁or", "der", "▁order"]
SCORES = [0, 0, 0, -3, -4, -3, -6, -6, -8, -8, -5, -6, -9.0]
BEGIN, END, UNKNOWN = 0, 1, 2


@pytest.fixture
def tokenizer() -> UnigramTokenizer:
    return UnigramTokenizer.of(PIECES, SCORES, {ord("Ｗ"): "w"}, [BEGIN, END, UNKNOWN])


def pieces(tokenizer: UnigramTokenizer, text: str, most: int = 64) -> list[str]:
    return [PIECES[row] for row in tokenizer.rows(text, most=most)]


def test_a_likelier_whole_is_taken_before_its_parts(tokenizer: UnigramTokenizer) -> None:
    assert pieces(tokenizer, "where is order") == ["<s>", "▁where", "▁is", "▁order", "</s>"]


def test_likelier_parts_are_taken_before_the_whole() -> None:
    rare = UnigramTokenizer.of(PIECES, [*SCORES[:-1], -20.0], {}, [BEGIN, END, UNKNOWN])
    assert pieces(rare, "order") == ["<s>", "▁or", "der", "</s>"]


def test_what_no_piece_covers_is_unknown(tokenizer: UnigramTokenizer) -> None:
    assert pieces(tokenizer, "where ж") == ["<s>", "▁where", "▁", "<unk>", "</s>"]


def test_characters_are_read_as_the_model_was_taught(tokenizer: UnigramTokenizer) -> None:
    assert pieces(tokenizer, "Ｗhere") == ["<s>", "▁where", "</s>"]


def test_no_more_than_the_most_and_always_both_ends(tokenizer: UnigramTokenizer) -> None:
    assert pieces(tokenizer, "where " * 50, most=5) == ["<s>", "▁where", "▁where", "▁where", "</s>"]


def test_spaces_are_one(tokenizer: UnigramTokenizer) -> None:
    assert pieces(tokenizer, "where   is") == pieces(tokenizer, "where is")
