"""Labelled texts to train and test on: public English sets, and our own in three languages with a part held out."""

import csv
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import ROOT
from nlu.dataset import Example, read_dataset

LANGUAGES = ("en", "ru", "es")
ENCODERS = ROOT / "var" / "encoders"
_HELD_OUT = 0.2
_FEW = 5


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, the intent it has, and its language."""

    text: str
    intent: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Trial:
    """What is learned, what is asked, and what belongs to no intent at all."""

    name: str
    train: tuple[Labelled, ...]
    test: tuple[Labelled, ...]
    out_of_scope: tuple[str, ...] = ()

    def examples(self) -> dict[str, tuple[Example, ...]]:
        """The training texts by language, as the engine takes them."""
        by_language: dict[str, list[Example]] = defaultdict(list)
        for line, labelled in enumerate(self.train):
            by_language[labelled.language].append(Example(labelled.text, labelled.intent, (), line))
        return {language: tuple(examples) for language, examples in by_language.items()}


def data_folder() -> Path | None:
    """Where the public sets lie (SWITCHBOARD_DATA), or None when they are not on this machine."""
    folder = Path(os.environ.get("SWITCHBOARD_DATA", ROOT.parent / "shared" / "data")) / "nlu"
    return folder if folder.exists() else None


def public_trials(folder: Path) -> list[Trial]:
    """BANKING77 (CC-BY-4.0) and CLINC150 (CC-BY-3.0), full and with ten examples an intent."""
    clinc: Mapping[str, list[list[str]]] = json.loads((folder / "clinc150" / "data_full.json").read_text("utf-8"))
    strangers = tuple(text for text, _ in clinc["oos_test"])
    return [
        Trial("BANKING77 10-shot", _few(folder, "BANKING77", "train_10"), _few(folder, "BANKING77", "test")),
        Trial("BANKING77 full", _banking(folder, "train"), _banking(folder, "test")),
        Trial("CLINC150 10-shot", _few(folder, "CLINC150", "train_10"), _few(folder, "CLINC150", "test"), strangers),
        Trial("CLINC150 full", _pairs(clinc["train"]), _pairs(clinc["test"]), strangers),
    ]


def _few(folder: Path, name: str, part: str) -> tuple[Labelled, ...]:
    place = folder / "fewshot" / name / part
    texts, labels = ((place / file).read_text("utf-8").splitlines() for file in ("seq.in", "label"))
    return tuple(Labelled(text.strip(), label.strip()) for text, label in zip(texts, labels, strict=True))


def _banking(folder: Path, part: str) -> tuple[Labelled, ...]:
    with (folder / "banking77" / f"{part}.csv").open(encoding="utf-8") as file:
        return tuple(Labelled(row["text"].strip(), row["category"]) for row in csv.DictReader(file))


def _pairs(pairs: Iterable[Sequence[str]]) -> tuple[Labelled, ...]:
    return tuple(Labelled(text, intent) for text, intent in pairs)


def own_texts() -> dict[str, list[Labelled]]:
    """The sample company's examples by language."""
    files = {language: read_dataset(ROOT / "config" / "nlu" / f"{language}.yml") for language in LANGUAGES}
    return {
        language: [Labelled(example.text, example.intent, language) for example in examples]
        for language, examples in files.items()
    }


def split(texts: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Training and held-out part: a fifth of each intent, chosen by the hash of the text and so before any training."""
    kept, held_out = [], []
    for mine in _by_intent(texts).values():
        cut = round(len(mine) * _HELD_OUT)
        held_out += mine[:cut]
        kept += mine[cut:]
    return kept, held_out


def few(texts: Sequence[Labelled]) -> list[Labelled]:
    """Five examples of each intent."""
    return [labelled for mine in _by_intent(texts).values() for labelled in mine[:_FEW]]


def _by_intent(texts: Sequence[Labelled]) -> dict[str, list[Labelled]]:
    by_intent: dict[str, list[Labelled]] = defaultdict(list)
    for labelled in sorted(texts, key=lambda labelled: hashlib.sha256(labelled.text.encode()).digest()):
        by_intent[labelled.intent].append(labelled)
    return by_intent
