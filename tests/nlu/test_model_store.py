"""Models are immutable, checked by hash, and one step back is always possible."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nlu import model_store
from nlu.model_making import ModelContent
from nlu.model_store import (
    ModelError,
    current_model,
    import_model,
    make_current,
    models,
    previous_model,
    read_description,
    roll_back,
    write_model,
)

CONTENT = ModelContent({"intents": ["a"], "texts": 1}, {"weights": np.ones(3, np.float32)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


def written(root: Path, name: str) -> Path:
    write_model(root / name, CONTENT)
    return root / name


def test_what_is_written_is_read(root: Path) -> None:
    assert read_description(written(root, "one"))["intents"] == ["a"]


def test_arrays_that_changed_are_refused(root: Path) -> None:
    directory = written(root, "one")
    np.savez(directory / "model.npz", weights=np.zeros(3, np.float32))
    with pytest.raises(ModelError, match="is not the one the model was written with"):
        read_description(directory)


def test_a_rollback_goes_one_step_back_and_forth(root: Path) -> None:
    for name in ("one", "two"):
        written(root, name)
        make_current(root, name)
    assert previous_model(root) == root / "one"
    assert roll_back(root) == current_model(root) == root / "one"
    assert roll_back(root) == current_model(root) == root / "two"


def test_without_an_older_model_there_is_no_way_back(root: Path) -> None:
    written(root, "one")
    make_current(root, "one")
    with pytest.raises(ModelError, match="no model to go back to"):
        roll_back(root)


def test_old_models_go_but_never_the_current_or_the_one_before(root: Path) -> None:
    for name in ("one", "two"):
        written(root, name)
        make_current(root, name)
    for number in range(9):
        os.utime(written(root, f"later-{number}") / "model.json", (9e9 + number, 9e9 + number))
    make_current(root, "two")
    youngest = {f"later-{number}" for number in range(9 - model_store.KEPT, 9)}
    assert {path.name for path in models(root)} == {"one", "two"} | youngest


def with_an_extra_file(directory: Path) -> None:
    (directory / "setup.py").write_text("print('run me')")


def with_a_pickled_object(directory: Path) -> None:
    np.savez(directory / "model.npz", allow_pickle=True, weights=np.array([{"run": "me"}], object))
    resign(directory)


def with_other_arrays(directory: Path) -> None:
    np.savez(directory / "model.npz", weights=np.zeros(9, np.float32))


def with_a_name_that_climbs(directory: Path) -> None:
    description = json.loads((directory / "model.json").read_text())
    (directory / "model.json").write_text(json.dumps({**description, "model_id": "../../etc"}))


def with_no_archive(directory: Path) -> None:
    (directory / "model.npz").write_bytes(b"\x80\x04K\x01.")
    resign(directory)


def resign(directory: Path) -> None:
    """As an attacker would: the hash says what is there."""
    description = json.loads((directory / "model.json").read_text())
    description["sha256"] = {"model.npz": model_store._sha256(directory / "model.npz")}
    (directory / "model.json").write_text(json.dumps(description))


SPOILT = [
    with_an_extra_file, with_a_pickled_object, with_other_arrays, with_a_name_that_climbs, with_no_archive
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_model_from_elsewhere_that_is_more_than_numbers_is_refused(
    root: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    source = written(tmp_path / "elsewhere", "theirs")
    spoil(source)
    with pytest.raises(ModelError):
        import_model(source, root)
    assert models(root) == []


def test_a_careless_import_would_let_a_pickled_object_in(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check that refuses it can fail: without it, the object is taken in."""
    source = written(tmp_path / "elsewhere", "theirs")
    with_a_pickled_object(source)
    monkeypatch.setattr(model_store, "_refuse_objects", lambda _: None)
    assert import_model(source, root) == "theirs"


def test_a_sound_model_from_elsewhere_is_taken_in_but_not_promoted(root: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "elsewhere", "theirs")
    assert import_model(source, root) == "theirs"
    assert models(root) == [root / "theirs"]
    assert current_model(root) is None
