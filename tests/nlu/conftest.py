"""The model of the repository's own training files, trained once and again only when they or the code change."""

from datetime import date
from pathlib import Path

import pytest

from config.settings import ROOT
from nlu.native import NativeEngine
from nlu.training import train

MONDAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def model(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return train(ROOT / "config" / "nlu", pytestconfig.cache.mkdir("nlu-models"))


@pytest.fixture(scope="session")
def engine(model: Path) -> NativeEngine:
    return NativeEngine.load(model, today=lambda: MONDAY)
