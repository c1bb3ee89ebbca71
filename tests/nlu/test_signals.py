"""Urgency and sentiment on messages labelled by hand."""

from pathlib import Path

import pytest
import yaml

from nlu.engine import Sentiment, Signals
from nlu.native import NativeEngine
from nlu.signals import felt_as, signals_of

LANGUAGES = ("en", "ru", "es")
Labelled = dict[str, list[tuple[str, bool, str]]]


def labelled(name: str) -> Labelled:
    read: Labelled = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return read


LABELLED = labelled("signals.yml")


@pytest.mark.parametrize("language", LABELLED)
def test_nine_of_ten_messages_are_felt_as_people_feel_them(language: str) -> None:
    cases = LABELLED[language]
    wrong = [text for text, _, felt in cases if signals_of(text).sentiment is not Sentiment(felt)]
    assert len(cases) >= 24
    assert len(wrong) <= len(cases) // 10, wrong


@pytest.mark.parametrize("language", LABELLED)
def test_urgency_is_neither_missed_nor_invented(language: str) -> None:
    assert [text for text, urgent, _ in LABELLED[language] if signals_of(text).urgent is not urgent] == []


@pytest.mark.parametrize("text", ["not " * 30_000, "urgent" * 20_000, "!" * 100_000, "ужас " * 20_000, ""])
def test_any_text_is_read_to_an_end(text: str) -> None:
    assert signals_of(text).sentiment in Sentiment


@pytest.mark.parametrize(("name", "felt_right", "urgency_right"), [
    ("signals_unseen.yml", 0.9, 0.95),
    ("signals_fresh.yml", 0.6, 0.8),  # nobody made the word lists for these
])  # fmt: skip
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_and_intent_together_tell_the_feeling(
    engine: NativeEngine, language: str, name: str, felt_right: float, urgency_right: float
) -> None:
    cases = labelled(name)[language]
    read = [engine.parse(text, languages=LANGUAGES, hint=language).signals for text, _, _ in cases]
    pairs = list(zip(read, cases, strict=True))
    assert sum(signals.sentiment is Sentiment(felt) for signals, (_, _, felt) in pairs) >= felt_right * len(cases)
    assert sum(signals.urgent is urgent for signals, (_, urgent, _) in pairs) >= urgency_right * len(cases)


def test_words_come_before_the_intent() -> None:
    glad = Signals(sentiment=Sentiment.POSITIVE)
    assert felt_as(glad, "complaint", 0.9) == glad
    assert felt_as(Signals(), "complaint", 0.9).sentiment is Sentiment.NEGATIVE
    assert felt_as(Signals(), "complaint", 0.4).sentiment is Sentiment.NEUTRAL
    assert felt_as(Signals(), "order_status", 0.9).sentiment is Sentiment.NEUTRAL
