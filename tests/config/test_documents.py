"""Business files: what is wrong is told with file, line and remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from config.documents import DocumentError, read_document


class Window(BaseModel):
    model_config = ConfigDict(extra="forbid")
    days: list[int]
    note: dict[str, str] = {}


class Hours(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = "shop"
    windows: list[Window] = []


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_document(text: str) -> Path:
        path = tmp_path / "hours.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_document


def told(path: Path) -> tuple[int, str]:
    with pytest.raises(DocumentError) as caught:
        read_document(path, Hours)
    assert str(caught.value) == f"{path}:{caught.value.line}: {caught.value.problem}"
    return caught.value.line, caught.value.problem


def test_a_good_document_becomes_its_model(write: Write) -> None:
    hours = read_document(write("name: Магазин\nwindows:\n  - days: [0, 1]\n"), Hours)
    assert (hours.name, hours.windows[0].days) == ("Магазин", [0, 1])


def test_an_empty_document_has_the_defaults(write: Write) -> None:
    assert read_document(write("# nothing yet\n"), Hours) == Hours()


def test_a_missing_file_is_told_with_its_remedy(tmp_path: Path) -> None:
    line, problem = told(tmp_path / "nowhere.yml")
    assert line == 1
    assert "No such file" in problem
    assert "restore it" in problem


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("name: shop\nwindows: [\n", 3, "not valid YAML"),
        ("name: shop\n\twindows: []\n", 2, "not valid YAML"),
        ("name: shop\nwindows: []\nname: office\n", 3, "“name” stands twice"),
        ("windows:\n  - days: [1]\n    note:\n      a: x\n      a: y\n", 5, "“a” stands twice"),
        ("name: [1]\n", 1, "name"),
        ("# remark\n\nname: shop\nwindow: []\n", 4, "window"),
        ("windows:\n  - days: [1]\n  - days: [one]\n", 3, "windows.1.days.0"),
        ("windows:\n  - days:\n      - 1\n      - two\n", 4, "windows.0.days.1"),
        ("windows:\n  - days: [1]\n    note:\n      a: x\n      b: [y]\n", 5, "windows.0.note.b"),
        ("name: shop\nwindows:\n  - note: {}\n", 3, "windows.0.days"),
        ("just words\n", 1, "valid dictionary"),
        ("- one\n- two\n", 1, "valid dictionary"),
        ("name: !!python/object/apply:os.getcwd []\n", 1, "not valid YAML"),
        ("name: &a [*a]\n", 1, ""),
        ("windows: []\n? [a, b]\n: c\n", 2, "a single word"),
        ("windows: []\nname: 2026-13-45\n", 2, "no such date"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(write: Write, text: str, line: int, problem: str) -> None:
    found = told(write(text))
    assert found[0] == line, found
    assert problem in found[1]


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hours.yml"
    path.write_bytes("name: shop\nwindows: []\n# Магазин\n".encode("cp1251"))
    line, problem = told(path)
    assert line == 3
    assert "UTF-8" in problem


def test_a_control_character_is_told(write: Write) -> None:
    line, problem = told(write("name: shop\nwindows: []\n# \x07\n"))
    assert line == 3
    assert "not valid YAML" in problem
