"""Messages the way people really type them: understood, or asked back; hardly ever answered wrong."""

from pathlib import Path

import pytest
import yaml

from benchmarks.nlu_messy import is_served
from config.settings import ROOT
from nlu.dataset import read_dataset
from nlu.engine import Zone
from nlu.native import NativeEngine
from nlu.normalise import normalise

LANGUAGES = ("en", "ru", "es")


def messages(language: str) -> dict[str, list[str]]:
    written = (Path(__file__).parent / "messy" / f"{language}.yml").read_text(encoding="utf-8")
    cases: dict[str, list[str]] = yaml.safe_load(written)
    return cases


@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_of_ten_are_served_and_one_in_fifty_at_most_is_answered_wrong(engine: NativeEngine, language: str) -> None:
    cases = messages(language)
    results = [(text, engine.parse(text, languages=LANGUAGES, hint=language), names) for text, names in cases.items()]
    missed = [text for text, result, names in results if not is_served(result, names)]
    wrong = [text for text, result, names in results if result.zone is Zone.ANSWER and result.intent not in names]
    assert len(cases) >= 50
    assert len(missed) <= 0.1 * len(cases), missed
    assert len(wrong) <= 0.02 * len(cases), wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_none_of_them_was_trained_on(language: str) -> None:
    trained = {normalise(example.text) for example in read_dataset(ROOT / "config" / "nlu" / f"{language}.yml")}
    assert not trained & {normalise(text) for text in messages(language)}
