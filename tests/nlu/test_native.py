"""The engine as the dialogue sees it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from config.settings import ROOT
from nlu.dataset import read_dataset
from nlu.engine import NluEngine, Zone
from nlu.native import NativeEngine
from nlu.normalise import normalise
from tests.support.nlu import SHELF

LANGUAGES = ("en", "ru", "es")
HELD_OUT: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("heldout.yml").read_text(encoding="utf-8")
)


def _letters(text: str) -> str:
    return "".join(character for character in normalise(text) if character.isalnum())


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_messages_in_other_words_are_understood(engine: NativeEngine, language: str) -> None:
    cases = [(str(text), intent) for intent, texts in HELD_OUT[language].items() for text in texts]
    wrong = [text for text, intent in cases if engine.parse(text, languages=LANGUAGES, hint=language).intent != intent]
    assert len(cases) >= 40
    assert len(wrong) <= 0.1 * len(cases), wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_none_of_them_was_trained_on(language: str) -> None:
    trained = {_letters(example.text) for example in read_dataset(ROOT / "config" / "nlu" / f"{language}.yml")}
    assert not trained & {_letters(str(text)) for texts in HELD_OUT[language].values() for text in texts}


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_of_them_are_answered_and_few_of_the_answers_are_wrong(engine: NativeEngine, language: str) -> None:
    results = [
        (engine.parse(str(text), languages=LANGUAGES, hint=language), intent)
        for intent, texts in HELD_OUT[language].items()
        for text in texts
    ]
    answered = [(result, intent) for result, intent in results if result.zone is Zone.ANSWER]
    assert len(answered) >= 0.7 * len(results)
    assert sum(result.intent != intent for result, intent in answered) <= 0.06 * len(answered)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("asdf qwer zxcv", "en"),
        ("how do I cook a rabbit stew", "en"),
        ("рецепт борща", "ru"),
        ("забронируй билет в Рим", "ru"),
        ("me duele una muela", "es"),
        ("resérvame un vuelo a Roma", "es"),
        ("", "en"),
    ],
)
def test_what_fits_nothing_goes_to_a_person(engine: NativeEngine, text: str, language: str) -> None:
    assert engine.parse(text, languages=LANGUAGES, hint=language).zone is Zone.HANDOFF


@pytest.mark.parametrize(
    "text", ["100234", "WEB-3", "anna@example.com", "+34 612 345 678", "25.11", "5", "482 913.", "45 €"]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_alone_informs(engine: NativeEngine, text: str, language: str) -> None:
    result = engine.parse(text, languages=LANGUAGES, hint=language)
    assert (result.intent, result.zone, result.language) == ("inform", Zone.ANSWER, language)
    assert result.entities


@pytest.mark.parametrize(
    ("text", "hint", "wanted"),
    [
        ("speak English please", "ru", "en"),
        ("по-русски, пожалуйста", "en", "ru"),
        ("¿hablas español?", "en", "es"),
        ("in russian please", "en", "ru"),
        ("можно по-английски?", "ru", "en"),
        ("en inglés, por favor", "es", "en"),
    ],
)
def test_a_wish_for_another_language_names_it(engine: NativeEngine, text: str, hint: str, wanted: str) -> None:
    result = engine.parse(text, languages=LANGUAGES, hint=hint)
    language = result.entity("language")
    assert result.intent == "change_language"
    assert language is not None
    assert language.value == wanted


def test_numbers_do_not_matter_to_the_intent(engine: NativeEngine) -> None:
    results = [engine.parse(f"where is my order {number}", languages=LANGUAGES) for number in ("100234", "999999")]
    assert results[0].intents == results[1].intents


def test_the_five_best_are_given_best_first(engine: NativeEngine) -> None:
    result = engine.parse("where is my order", languages=LANGUAGES)
    likelihoods = [likelihood for _, likelihood in result.intents]
    assert len(likelihoods) == 5
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert (result.intent, result.confidence) == result.intents[0]
    assert result.entity("order_number") is None


def test_a_language_without_a_model_falls_to_one_that_has(engine: NativeEngine) -> None:
    assert engine.parse("where is my order", languages=["de", "en"]).language == "en"
    assert engine.parse("where is my order", languages=["de"]).language == "en"


@pytest.mark.parametrize("text", ["a" * 100_000, "где " * 25_000, "¿?" * 50_000, "\x00\ud800" * 1000, "1 " * 50_000])
def test_hostile_text_is_parsed_to_an_end(engine: NativeEngine, text: str) -> None:
    assert engine.parse(text, languages=LANGUAGES).model_id == engine.model_id


def test_the_native_engine_keeps_the_promise_of_all_engines(engine: NativeEngine) -> None:
    promised: NluEngine = engine
    assert promised.model_id.startswith("native-")


@pytest.mark.slow
def test_serving_loads_nothing_that_only_training_needs(model: Path) -> None:
    script = (
        "import sys, pathlib; from nlu.native import NativeEngine; from nlu.encoders.shelf import EncoderShelf;"
        f"shelf = EncoderShelf(pathlib.Path({str(SHELF.root)!r}));"
        f"NativeEngine.load(pathlib.Path({str(model)!r}), shelf).parse('hello', languages=['en']);"
        "print([name for name in ('sklearn', 'scipy', 'joblib', 'onnx', 'huggingface_hub') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
