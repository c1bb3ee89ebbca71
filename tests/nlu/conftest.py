"""The model of the repository's own training files, trained once and again only when they or the code change."""

from pathlib import Path

import pytest

from nlu.native import NativeEngine
from tests.support.nlu import MONDAY, SHELF, trained_model


@pytest.fixture(scope="session")
def model() -> Path:
    return trained_model()


@pytest.fixture(scope="session")
def engine(model: Path) -> NativeEngine:
    return NativeEngine.load(model, SHELF, today=lambda: MONDAY)
