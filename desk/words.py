"""The words of the desk in every language: one YAML file each, checked against each other at start."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

from config.documents import read_yaml
from config.routing_files import Queue

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("en", "ru", "es")
PLURAL_FORMS: Mapping[str, frozenset[str]] = {
    "en": frozenset({"one", "other"}),
    "es": frozenset({"one", "other"}),
    "ru": frozenset({"one", "few", "many", "other"}),
}
FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})  # CLDR plural categories
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Entry = str | dict[str, str]


class CatalogueError(ValueError):
    """A catalogue that lacks something another one has."""


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue of one language: `words("inbox.title")`, `words("inbox.waiting", n=3)`."""

    language: str
    entries: Mapping[str, Entry]
    locale: Locale

    def __call__(self, key: str, **values: object) -> str:
        """The text with its placeholders filled. Raises KeyError for a key nobody wrote."""
        entry = self.entries[key]
        if isinstance(entry, dict):
            form = self.locale.plural_form(int(str(values["n"])))
            entry = entry.get(form) or entry["other"]
        return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), entry)

    def known(self, key: str, otherwise: str) -> str:
        """The text of a key made from a value that others may extend, or `otherwise`."""
        entry = self.entries.get(key)
        return entry if isinstance(entry, str) else otherwise

    def section(self, prefix: str) -> dict[str, Entry]:
        """Every entry under `prefix.`, for the scripts of the page."""
        start = f"{prefix}."
        return {key.removeprefix(start): entry for key, entry in self.entries.items() if key.startswith(start)}


def in_language(names: Mapping[str, str], language: str) -> str:
    """The text of a business file in the reader's language, else in the first one it has."""
    return names.get(language) or next(iter(names.values()), "")


def queue_names(queues: Iterable[Queue], language: str) -> dict[str, str]:
    """By key."""
    return {queue.key: in_language(queue.name, language) for queue in queues}


def read_catalogues(directory: Path = TEXTS, *, country: str = "ES") -> dict[str, Words]:
    """Every language, with dates and money as in `country`. Raises CatalogueError when they differ in what they say."""
    catalogues = {
        language: _read(directory / f"{language}.yml", locale_of(language, country)) for language in LANGUAGES
    }
    first = catalogues[LANGUAGES[0]]
    for other in catalogues.values():
        _check_against(first, other)
    return catalogues


def locale_of(language: str, country: str) -> Locale:
    """The language as written in that country; where CLDR has no such pair, English as in Britain."""
    for name in (f"{language}_{country}", f"{language}_GB"):
        try:
            return Locale.parse(name)
        except UnknownLocaleError:
            continue
    return Locale.parse(language)


def _read(path: Path, locale: Locale) -> Words:
    return Words(locale.language, _entries(path), locale)


@cache
def _entries(path: Path) -> dict[str, Entry]:
    """Read once: these files change with the program only."""
    return dict(_flat(read_yaml(path.read_text(encoding="utf-8")), ""))


def _flat(node: dict[str, object], prefix: str) -> list[tuple[str, Entry]]:
    found: list[tuple[str, Entry]] = []
    for key, value in node.items():
        if isinstance(value, dict) and "other" in value and value.keys() <= FORMS:
            found.append((f"{prefix}{key}", {str(form): str(text) for form, text in value.items()}))
        elif isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found


def _check_against(first: Words, other: Words) -> None:
    odd = sorted(first.entries.keys() ^ other.entries.keys())
    if odd:
        raise CatalogueError(f"{first.language}.yml and {other.language}.yml differ in: {', '.join(odd)}")
    for key, entry in other.entries.items():
        if isinstance(entry, dict) and not entry.keys() >= PLURAL_FORMS[other.language]:
            raise CatalogueError(f"{other.language}.yml: {key} lacks a plural form")
        if _placeholders(entry) != _placeholders(first.entries[key]):
            raise CatalogueError(f"{other.language}.yml: {key} has other placeholders than {first.language}.yml")


def _placeholders(entry: Entry) -> set[str]:
    texts = entry.values() if isinstance(entry, dict) else [entry]
    return {name for text in texts for name in _PLACEHOLDER.findall(text)}
