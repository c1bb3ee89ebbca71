"""The sample company's own examples: a fifth held out before training, in three languages.

`python -m benchmarks.nlu_own [WORD…]` runs these alone.
"""

import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.nlu_engine import own_shapes, taught
from benchmarks.nlu_sets import ENCODERS, LANGUAGES, Labelled, Trial, few, own_texts, split
from benchmarks.report import tell
from nlu.encoders.cache import CachedEncoder
from nlu.encoders.plan import planned
from nlu.encoders.shelf import EncoderShelf
from nlu.native import NativeEngine

_ASKED_BACK = 3
_TRANSLATION = 0.6  # centred cosine from which a text of another language counts as a translation of a held-out one


def own_trials() -> list[Trial]:
    """One a language and size: all three languages are learned, with and without translations of what is held out."""
    parts = {language: split(texts) for language, texts in own_texts().items()}
    trials = []
    for name, chosen in (("", list), ("5 examples an intent, ", few)):
        learned = {language: chosen(parts[language][0]) for language in LANGUAGES}
        everything = tuple(one for mine in learned.values() for one in mine)
        trials += [Trial(f"own, {name}{language}", everything, tuple(parts[language][1])) for language in LANGUAGES]
        for language in LANGUAGES:
            held_out = parts[language][1]
            others = [one for other in LANGUAGES if other != language for one in learned[other]]
            apart = (*learned[language], *without_translations(others, held_out))
            trials.append(Trial(f"own, {name}without translations, {language}", apart, tuple(held_out)))
    return trials


@lru_cache(maxsize=1)
def _taught(train: tuple[Labelled, ...], encoder: str) -> NativeEngine:
    """The same texts once, whichever language is asked then."""
    return taught(Trial("", train, ()), encoder, own_shapes())


def without_translations(texts: Sequence[Labelled], held_out: Sequence[Labelled]) -> list[Labelled]:
    """Those that do not say what a held-out text says, so that no answer is learned in another language."""
    shelf = EncoderShelf(ENCODERS)
    block = planned("e5", shelf, lambda _stage, _fraction: None).blocks[0]
    encoder = CachedEncoder(shelf.open(block.encoder), ENCODERS / "cache")
    kept: list[Labelled] = []
    against = _centred(encoder, held_out)
    for language in LANGUAGES:
        mine = [one for one in texts if one.language == language]
        if mine:
            nearest = (_centred(encoder, mine) @ against.T).max(axis=1)
            kept += [one for one, likeness in zip(mine, nearest, strict=True) if likeness < _TRANSLATION]
    return kept


def _centred(encoder: CachedEncoder, texts: Sequence[Labelled]) -> "np.typing.NDArray[np.float32]":
    vectors = encoder.encode([one.text.lower() for one in texts])
    vectors = vectors - vectors.mean(axis=0)
    unit: np.typing.NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def own_figures(trial: Trial, encoder: str) -> dict[str, object]:
    """Accuracy as served on the held-out part, and what was done: answered, asked back, given to a person."""
    engine = _taught(trial.train, encoder)
    results = [engine.parse(one.text, languages=LANGUAGES, hint=one.language) for one in trial.test]
    pairs = list(zip(trial.test, results, strict=True))
    right = np.array([one.intent == result.intent for one, result in pairs])
    zones = np.array([result.zone.value for result in results])
    among = np.array([one.intent in [name for name, _ in result.intents[:_ASKED_BACK]] for one, result in pairs])
    served = ((zones == "answer") & right) | ((zones == "clarify") & among)
    return {
        "accuracy": _per_cent(right.mean()),
        "answered": _per_cent((zones == "answer").mean()),
        "answered_wrong": _per_cent(((zones == "answer") & ~right).mean()),
        "right_or_asked": _per_cent(served.mean()),
        "learned": len(trial.train),
        "n": len(trial.test),
    }


def _per_cent(share: float) -> float:
    return round(float(share) * 100, 1)


def model_directory(encoder: str, folder: Path) -> Path:
    """The model that this machine would serve, for the cost of serving it."""
    from nlu.training import train  # noqa: PLC0415 - only here

    plan = planned(encoder, EncoderShelf(ENCODERS), lambda _stage, _fraction: None)
    directory: Path = train(Path("config/nlu").resolve(), folder, plan)
    return directory


def main() -> None:
    """Accuracy alone, without what it costs; a word of the names to be run may be given."""
    figures: dict[str, object] = {}
    for trial in own_trials():
        if all(word in trial.name for word in sys.argv[1:]):
            figures[trial.name] = own_figures(trial, "auto")
            print(trial.name, figures[trial.name], flush=True)
    tell(figures, n=len(figures), seed=7)


if __name__ == "__main__":
    main()
