"""Sentences that every model must understand before it is promoted: `regression.yml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from config.documents import read_yaml
from nlu.dataset import DatasetError
from nlu.engine import NluEngine

CORRECTIONS = "corrections.yml"
_HEADER = (
    "# Accepted on the review list of the desk; written by `python -m bot nlu corrections --write`, not by hand.\n"
)


@dataclass(frozen=True, slots=True)
class Expected:
    """A text of a language and the intent it must have."""

    text: str
    intent: str
    language: str


@dataclass(frozen=True, slots=True)
class Failed:
    """What a model made of an expectation instead."""

    expected: Expected
    found: str


def read_regression(path: Path) -> tuple[Expected, ...]:
    """Of this file and of `corrections.yml` beside it, which the review list writes. Raises DatasetError."""
    return (*_read(path), *_read(path.with_name(CORRECTIONS)))


def write_corrections(directory: Path, texts: Mapping[str, Mapping[str, Sequence[str]]]) -> Path:
    """Put `language: {intent: [texts]}` in the place of what `corrections.yml` held."""
    path = directory / CORRECTIONS
    body = yaml.safe_dump({name: dict(intents) for name, intents in texts.items()}, allow_unicode=True, width=1000)
    path.write_text(_HEADER + body, encoding="utf-8")
    return path


def _read(path: Path) -> tuple[Expected, ...]:
    """`language: {intent: [texts]}`; nothing where there is no such file."""
    if not path.exists():
        return ()
    try:
        content = read_yaml(path.read_text(encoding="utf-8")) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DatasetError(path, line, f"not valid YAML: {error.problem}") from error
    try:
        return tuple(
            Expected(str(text), str(intent), str(language))
            for language, intents in content.items()
            for intent, texts in intents.items()
            for text in texts
        )
    except (AttributeError, TypeError) as error:
        raise DatasetError(path, 1, "write language: then intent: then a list of texts") from error


def failed(engine: NluEngine, expectations: Sequence[Expected], languages: Sequence[str]) -> list[Failed]:
    """Those whose likeliest intent is another."""
    found = [
        (expected, engine.parse(expected.text, languages=languages, hint=expected.language).intent)
        for expected in expectations
    ]
    return [Failed(expected, intent) for expected, intent in found if intent != expected.intent]
