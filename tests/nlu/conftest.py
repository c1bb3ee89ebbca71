"""The model of the repository's own training files, trained once per session."""

from datetime import date
from pathlib import Path

import pytest

from config.settings import ROOT
from nlu.native import NativeEngine
from nlu.training import train

MONDAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(ROOT / "config" / "nlu", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def engine(model: Path) -> NativeEngine:
    return NativeEngine.load(model, today=lambda: MONDAY)
