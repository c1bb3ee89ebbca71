"""A model directory is named by its content, whole, and never written again."""

import json
from pathlib import Path

import numpy as np
import pytest

from nlu.dataset import DatasetError
from nlu.model_store import ARRAYS, ModelError, current_model, make_current
from nlu.native import NativeEngine
from nlu.training import train
from tests.support.nlu import SHELF, words_only

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def small_files(directory: Path, *, greeting: str = "hello") -> Path:
    directory.mkdir(exist_ok=True)
    sections = [
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {verb} {word}\n" for word in WORDS)
        for intent, verb in (("greeting", greeting), ("goodbye", "bye"), ("thanks", "thank you"))
    ]
    (directory / "en.yml").write_text('version: "3.1"\nnlu:\n' + "".join(sections), encoding="utf-8")
    return directory


def test_the_same_files_give_the_same_model_without_training_anew(tmp_path: Path) -> None:
    files, heard = small_files(tmp_path / "nlu"), []

    def progress(stage: str, fraction: float) -> None:
        heard.append((stage, fraction))

    first = train(files, tmp_path / "models", words_only(), progress=progress)
    written = (first / "model.json").stat().st_mtime_ns
    assert heard == [("fitting and judging", 0.0), ("fitting and judging", 1.0)]
    heard.clear()
    again = train(files, tmp_path / "models", words_only(), progress=progress)
    assert (again, (again / "model.json").stat().st_mtime_ns, heard) == (first, written, [])


def test_other_files_give_another_model_and_leave_the_first_for_rollback(tmp_path: Path) -> None:
    first = train(small_files(tmp_path / "nlu"), tmp_path / "models", words_only())
    second = train(small_files(tmp_path / "nlu", greeting="good day"), tmp_path / "models", words_only())
    assert current_model(tmp_path / "models") == second
    assert NativeEngine.load(first, SHELF).model_id == first.name != second.name
    make_current(tmp_path / "models", first.name)
    assert current_model(tmp_path / "models") == first


def test_the_shapes_of_numbers_belong_to_the_model(tmp_path: Path) -> None:
    files = small_files(tmp_path / "nlu")
    plain = train(files, tmp_path / "models", words_only())
    (files / "entities.yml").write_text("order_prefixes: [NL]\norder_digits: [3, 4]\n", encoding="utf-8")
    shaped = train(files, tmp_path / "models", words_only())
    assert shaped != plain
    assert NativeEngine.load(shaped, SHELF).parse("NL-7 hello", languages=["en"]).entities[0].value == "NL-7"


@pytest.mark.parametrize(
    "content",
    ["prefixes: [A]\n", "order_digits: [8, 5]\n", "order_digits: [5]\n", "order_prefixes: WEB\n", "- a\n", "a: [\n"],
)
def test_wrong_shapes_are_an_error_of_their_file(tmp_path: Path, content: str) -> None:
    files = small_files(tmp_path / "nlu")
    (files / "entities.yml").write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"entities\.yml:\d"):
        train(files, tmp_path / "models", words_only())


def test_a_failed_training_leaves_nothing_behind(tmp_path: Path) -> None:
    files = small_files(tmp_path / "nlu")
    good = train(files, tmp_path / "models", words_only())
    (files / "ru.yml").write_text("nlu:\n- intent: a\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"ru\.yml:2"):
        train(files, tmp_path / "models", words_only())
    assert current_model(tmp_path / "models") == good
    assert sorted(entry.name for entry in (tmp_path / "models").iterdir()) == sorted(["current", good.name])


def test_a_model_directory_without_its_description_is_not_taken_for_a_model(tmp_path: Path) -> None:
    (tmp_path / "native-half").mkdir()
    make_current(tmp_path, "native-half")
    assert current_model(tmp_path) is None


def test_there_is_no_current_model_at_first(tmp_path: Path) -> None:
    assert current_model(tmp_path) is None


def test_without_any_training_file_the_error_says_which_to_write(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"en\.yml:1: no training file"):
        train(tmp_path, tmp_path / "models", words_only())


def test_a_model_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"format": 0}), encoding="utf-8")
    with pytest.raises(ModelError, match="train it anew"):
        NativeEngine.load(tmp_path, SHELF)


def test_training_anew_elsewhere_gives_the_same_numbers(tmp_path: Path) -> None:
    files = small_files(tmp_path / "nlu")
    first, second = (train(files, tmp_path / place, words_only()) for place in ("here", "there"))
    with np.load(first / ARRAYS) as one, np.load(second / ARRAYS) as other:
        assert all(np.array_equal(one[name], other[name]) for name in one)
