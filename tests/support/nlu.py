"""The model of the repository's own files, trained once per checkout and again when they or the code change."""

from datetime import date
from pathlib import Path

from config.settings import ROOT
from nlu.encoders.plan import Plan, planned
from nlu.encoders.shelf import EncoderShelf
from nlu.native import NativeEngine
from nlu.training import train
from tests.support.alone import alone

MONDAY = date(2026, 11, 23)
SHELF = EncoderShelf(ROOT / "var" / "encoders", threads=2)


def best_plan() -> Plan:
    return planned("auto", SHELF, _unheard)


def words_only() -> Plan:
    """Nothing to fetch and quick to train: for tests of the storage, not of the understanding."""
    return planned("tfidf", SHELF, _unheard)


def trained_model() -> Path:
    """Its directory; the folder above holds the pointer to it."""
    models = ROOT / "var" / "models"
    with alone(models):
        return train(ROOT / "config" / "nlu", models, best_plan())


def loaded_engine() -> NativeEngine:
    return NativeEngine.load(trained_model(), SHELF, today=lambda: MONDAY)


def _unheard(_stage: str, _fraction: float) -> None:
    pass
