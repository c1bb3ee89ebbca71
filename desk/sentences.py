"""Sentences in the reader's language, with numbers and days as they are written there."""

from datetime import date
from typing import Protocol

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from crm_core.errors import NotEnough
from crm_core.sentences import Parameter, Sentence, Share
from desk.words import Words


def said(words: Words, sentence: Sentence) -> str:
    """Of the section `mining`."""
    shown = {name: shown_value(words, value) for name, value in sentence.parameters.items()}
    return words(f"mining.{sentence.key}", **shown)


def shown_value(words: Words, value: Parameter) -> str:
    if isinstance(value, Share):
        return format_percent(value.value, format="#,##0.#\xa0%", locale=words.locale)
    if isinstance(value, date):
        return format_date(value, "medium", locale=words.locale)
    if isinstance(value, int | float):
        return format_decimal(value, format="#,##0.##", locale=words.locale)
    return value


def refusal(words: Words, error: NotEnough) -> str:
    """What is missing, and how much of it."""
    what = words.known(f"mining.counted.{error.what}", error.what)
    return said(words, Sentence("too_little", {"what": what, "have": error.have, "need": error.need}))


class Tried(Protocol):
    """How something was tried on what had been held out; `value` of the measure beside what the `anchor` had."""

    @property
    def protocol(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def anchor(self) -> str: ...
    @property
    def anchor_value(self) -> float: ...
    @property
    def n(self) -> int: ...


def tried(words: Words, test: Tried) -> str:
    named = {name: words.known(f"mining.{name}.{key}", key) for name, key in (
        ("protocol", test.protocol), ("measure", test.measure), ("anchor", test.anchor),
    )}  # fmt: skip
    value, anchor_value = (f"{each:.4g}" for each in (test.value, test.anchor_value))
    return said(words, Sentence("back_test", {**named, "n": test.n, "value": value, "anchor_value": anchor_value}))


def counted(words: Words, what: str, have: int, need: int) -> str:
    what = words.known(f"mining.counted.{what}", what)
    return said(words, Sentence("minimum", {"what": what, "have": have, "need": need}))
