"""Russian in Latin letters is told from English and Spanish, and read back well enough to be understood."""

from pathlib import Path

import pytest
import yaml

from config.settings import ROOT
from nlu.dataset import read_dataset
from nlu.native import NativeEngine
from nlu.transliteration import is_transliterated_russian, to_cyrillic

LANGUAGES = ("en", "ru", "es")
HELD_OUT = yaml.safe_load(Path(__file__).with_name("heldout.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("gde moy zakaz 100234", "где мой заказ 100234"),
        ("hochu vernut' divan", "хочу вернуть диван"),
        ("pozhaluysta perezvonite mne", "пожалуйста перезвоните мне"),
        ("Schet na ivan@mail.ru", "щет на ivan@mail.ru"),
        ("_number_ ne prishel", "_number_ не пришел"),
    ],
)
def test_it_is_read_back_and_numbers_and_addresses_stay(text: str, read: str) -> None:
    assert to_cyrillic(text) == read


@pytest.mark.parametrize("language", ["en", "es"])
def test_hardly_any_other_sentence_is_taken_for_it(language: str) -> None:
    texts = [example.text for example in read_dataset(ROOT / "config" / "nlu" / f"{language}.yml")]
    texts += [str(text) for own in HELD_OUT[language].values() for text in own]
    wrong = [text for text in texts if is_transliterated_russian(text)]
    assert len(texts) > 1_000
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("gde moy zakaz", "order_status"),
        ("zdravstvuyte, kogda privezut divan", "delivery_date"),
        ("hochu otmenit zakaz 100234", "cancel_order"),
        ("hochu vernut stul", "return_item"),
        ("pozovite operatora pozhaluysta", "talk_to_person"),
        ("skolko stoit dostavka", "shipping_cost"),
        ("lampa prishla slomana", "damaged_item"),
        ("perezvonite mne pozhaluysta", "callback"),
    ],
)
def test_it_is_understood_as_russian(engine: NativeEngine, text: str, intent: str) -> None:
    result = engine.parse(text, languages=LANGUAGES)
    assert (result.language, result.intent) == ("ru", intent)


def test_a_company_without_russian_takes_it_for_one_of_its_languages(engine: NativeEngine) -> None:
    assert engine.parse("gde moy zakaz", languages=("en", "es")).language == "en"


@pytest.mark.parametrize("text", ["zh" * 50_000, "gde " * 25_000, "' " * 50_000, "@" * 100_000])
def test_any_text_is_read_to_an_end(text: str) -> None:
    is_transliterated_russian(text[:4_000])
    assert to_cyrillic(text[:4_000])
