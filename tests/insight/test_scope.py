"""What is asked for and not offered: frequent words without names, and languages that nobody answers in."""

from insight.scope import Written, frequent_words
from nlu.foreign_languages import foreign_languages


def test_a_word_counts_once_a_conversation_and_rare_ones_are_left_out() -> None:
    said = [
        (1, "financing financing please"),
        (2, "Do you offer FINANCING?"),
        (3, "financing with Kowalski"),
        (4, "hm"),
    ]
    assert frequent_words(Written(*each) for each in said) == {"financing": 3}


def test_a_language_that_is_not_on_is_told_from_those_that_are() -> None:
    texts = [
        "Bonjour, je voudrais savoir quand ma commande sera livrée",
        "Guten Tag, ich möchte wissen, wann meine Bestellung geliefert wird",
        "Good morning, I would like to know when my order will be delivered",
        "Buenos días, quisiera saber cuándo llegará mi pedido a casa", "ok 100234",
    ]  # fmt: skip
    assert foreign_languages(texts, ("en", "es", "ru")) == {"fr": 1, "de": 1}
