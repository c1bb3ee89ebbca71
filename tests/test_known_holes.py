"""The table of known holes is true: every test it names exists, and there are enough of them."""

import ast

import pytest

from config.settings import ROOT
from tests.support.known_holes import KnownHole, known_holes


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("hole", known_holes(), ids=lambda hole: hole.name)
def test_the_test_of_a_known_hole_exists(hole: KnownHole) -> None:
    path, _, name = hole.test.partition("::")
    assert name in functions_of(path)


def test_enough_known_holes_are_tried() -> None:
    assert len({hole.test for hole in known_holes()}) >= 40
