import re
from pathlib import Path

import pytest

from desk.pages import FOLDER
from desk.words import LANGUAGES, CatalogueError, Words, read_catalogues

TEMPLATES = sorted((FOLDER / "templates" / "desk").rglob("*.html"))
LETTERS = re.compile(r"[A-Za-zА-Яа-я]{3,}")
KEYBOARD = {"Ctrl", "Enter", "Esc"}


def write(directory: Path, **texts: str) -> Path:
    for language in LANGUAGES:
        (directory / f"{language}.yml").write_text(texts.get(language, texts["en"]), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def known_texts() -> Words:
    return read_catalogues()["en"]


def test_every_language_says_the_same_things() -> None:
    assert set(read_catalogues()) == {"en", "ru", "es"}


def test_a_missing_text_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"inbox\.title"):
        read_catalogues(write(tmp_path, en="inbox: {title: Inbox}", ru="inbox: {}", es="inbox: {title: Bandeja}"))


def test_a_missing_plural_form_stops_the_start(tmp_path: Path) -> None:
    english = "n: {one: '{n} day', other: '{n} days'}"
    with pytest.raises(CatalogueError, match="plural"):
        read_catalogues(write(tmp_path, en=english, ru="n: {one: '{n} день', other: '{n} дня'}"))


def test_another_placeholder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="placeholders"):
        read_catalogues(write(tmp_path, en="hi: 'Hi {name}'", es="hi: 'Hola {nombre}'"))


@pytest.mark.parametrize(
    ("n", "expected"), [(1, "Ждёт 1 разговор"), (3, "Ждут 3 разговора"), (11, "Ждут 11 разговоров")]
)
def test_russian_counts_in_its_own_way(n: int, expected: str) -> None:
    assert read_catalogues()["ru"]("live.waiting", n=n) == expected


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    words = read_catalogues()["en"]
    assert words("rail.account", name="{0.__class__}{name}%s") == "Account of {0.__class__}{name}%s"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_ask_only_for_texts_that_exist(template: Path, known_texts: Words) -> None:
    keys = re.findall(r"\bt\('([a-z_.]+)'[,)]", template.read_text(encoding="utf-8"))
    assert [key for key in keys if key not in known_texts.entries] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_untranslated_text(template: Path) -> None:
    source = re.sub(r"\{[{%#].*?[%#}]\}", " ", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    bare = re.sub(r"<code>.*?</code>|<[^>]*>", " ", source)  # code is the same in every language
    spoken = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', source)
    found = [word for text in (bare, *spoken) for word in LETTERS.findall(text)]
    assert [word for word in found if word not in KEYBOARD] == []
