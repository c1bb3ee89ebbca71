"""A Rasa 3.6 project out of our training files: the files as they are, with the pipeline of `rasa init`."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from nlu.dataset import Annotation, DatasetError, read_dataset

EPOCHS = 100  # what `rasa init` of 3.6.21 writes
CLARIFY_FROM, AMBIGUITY = 0.3, 0.1  # of its FallbackClassifier


@dataclass(frozen=True, slots=True)
class RasaProject:
    """What was written to `directory`."""

    directory: Path
    intents: tuple[str, ...]
    examples: int


def write_project(files: Sequence[Path], directory: Path, *, epochs: int = EPOCHS) -> RasaProject:
    """All `files` in one model: Rasa's features are words and letters, which keep languages apart by themselves.

    Earlier training files in `directory` go, models stay. Raises DatasetError for a file that cannot be used.
    """
    if not files:
        raise DatasetError(directory, 1, "no training file to give to Rasa; write config/nlu/en.yml")
    examples = [example for file in files for example in read_dataset(file)]
    intents = sorted({example.intent for example in examples})
    marks = [mark for example in examples for mark in example.annotations]
    shutil.rmtree(directory / "data", ignore_errors=True)
    (directory / "data").mkdir(parents=True)
    for file in files:
        shutil.copyfile(file, directory / "data" / file.name)
    _write(directory / "config.yml", _config(files[0].stem, epochs))
    _write(directory / "domain.yml", _domain(intents, marks))
    return RasaProject(directory, tuple(intents), len(examples))


def _write(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _config(language: str, epochs: int) -> dict[str, object]:
    """The default pipeline, word for word; `constrain_similarities` is what 3.x advises and warns without."""
    return {
        "recipe": "default.v1",
        "assistant_id": "switchboard",
        "language": language,
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            {"name": "RegexFeaturizer"},
            {"name": "LexicalSyntacticFeaturizer"},
            {"name": "CountVectorsFeaturizer"},
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
            {"name": "DIETClassifier", "epochs": epochs, "constrain_similarities": True},
            {"name": "EntitySynonymMapper"},
            {"name": "ResponseSelector", "epochs": epochs, "constrain_similarities": True},
            {"name": "FallbackClassifier", "threshold": CLARIFY_FROM, "ambiguity_threshold": AMBIGUITY},
        ],
    }


def _domain(intents: Iterable[str], marks: Iterable[Annotation]) -> dict[str, object]:
    """Rasa trains only what its domain names: intents, entities, and the roles and groups of these."""
    entities: dict[str, dict[str, set[str]]] = {}
    for mark in marks:
        parts = entities.setdefault(mark.kind, {"roles": set(), "groups": set()})
        parts["roles"].update({mark.role} if mark.role else ())
        parts["groups"].update({mark.group} if mark.group else ())
    return {
        "version": "3.1",
        "intents": sorted({intent.partition("/")[0] for intent in intents}),  # faq/returns is of the intent faq
        "entities": [_entity(kind, parts) for kind, parts in sorted(entities.items())],
    }


def _entity(kind: str, parts: dict[str, set[str]]) -> object:
    told = {name: sorted(values) for name, values in parts.items() if values}
    return {kind: told} if told else kind
