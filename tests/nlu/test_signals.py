"""Urgency and sentiment on messages labelled by hand."""

from pathlib import Path

import pytest
import yaml

from nlu.engine import Sentiment
from nlu.signals import signals_of

LABELLED: dict[str, list[tuple[str, bool, str]]] = yaml.safe_load(
    Path(__file__).with_name("signals.yml").read_text(encoding="utf-8")
)


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
