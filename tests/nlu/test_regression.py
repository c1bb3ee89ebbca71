"""What every model must understand."""

from pathlib import Path

import pytest

from config.settings import ROOT
from nlu.dataset import DatasetError, read_dataset
from nlu.native import NativeEngine
from nlu.normalise import normalise
from nlu.regression import Expected, failed, read_regression, write_corrections

LANGUAGES = ("en", "ru", "es")
OURS = ROOT / "config" / "nlu" / "regression.yml"


def test_our_own_model_passes(engine: NativeEngine) -> None:
    expectations = read_regression(OURS)
    assert all(sum(one.language == language for one in expectations) >= 10 for language in LANGUAGES)
    assert failed(engine, expectations, LANGUAGES) == []


def test_none_of_them_is_an_example() -> None:
    for language in LANGUAGES:
        examples = {normalise(example.text) for example in read_dataset(ROOT / "config" / "nlu" / f"{language}.yml")}
        assert not examples & {normalise(one.text) for one in read_regression(OURS) if one.language == language}


def test_what_is_understood_otherwise_is_told(engine: NativeEngine) -> None:
    expected = Expected("where is my order", "opening_hours", "en")
    (miss,) = failed(engine, [expected], LANGUAGES)
    assert (miss.expected, miss.found) == (expected, "order_status")


def test_what_was_accepted_on_the_review_list_is_demanded_too(tmp_path: Path) -> None:
    (tmp_path / "regression.yml").write_text("en:\n  greeting: [hello]\n")
    write_corrections(tmp_path, {"ru": {"order_status": ["где: он?"]}, "en": {"greeting": ["- hi"]}})
    assert read_regression(tmp_path / "regression.yml") == (
        Expected("hello", "greeting", "en"), Expected("- hi", "greeting", "en"),
        Expected("где: он?", "order_status", "ru"),
    )  # fmt: skip


def test_no_file_expects_nothing(tmp_path: Path) -> None:
    assert read_regression(tmp_path / "regression.yml") == ()


@pytest.mark.parametrize("content", ["en: [", "- a\n- b\n", "en:\n  - order_status\n"])
def test_a_spoilt_file_is_told_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "regression.yml").write_text(content)
    with pytest.raises(DatasetError, match=r"regression\.yml:\d"):
        read_regression(tmp_path / "regression.yml")
