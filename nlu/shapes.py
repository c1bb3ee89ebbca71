"""How the company writes its numbers: read from `entities.yml` beside the training files."""

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from config.documents import read_yaml
from nlu.dataset import DatasetError


@dataclass(frozen=True, slots=True)
class Shapes:
    """Prefixes that mark a number on their own, and how many digits a bare order number has."""

    order_prefixes: tuple[str, ...] = ("WEB", "SO", "ORD")
    order_digits: tuple[int, int] = (5, 8)
    invoice_prefixes: tuple[str, ...] = ("INV", "FAC")
    tracking_prefixes: tuple[str, ...] = ()


def read_shapes(path: Path) -> Shapes:
    """The defaults where there is no such file. Raises DatasetError."""
    if not path.exists():
        return Shapes()
    try:
        content = read_yaml(path.read_text(encoding="utf-8")) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DatasetError(path, line, f"not valid YAML: {error.problem}") from error
    known = {field.name for field in fields(Shapes)}
    if not isinstance(content, dict) or not content.keys() <= known:
        raise DatasetError(path, 1, f"unknown content; the keys are {', '.join(sorted(known))}")
    return _shapes(path, content)


def _shapes(path: Path, content: dict[str, object]) -> Shapes:
    for key, value in content.items():
        wanted = int if key == "order_digits" else str
        if not isinstance(value, list) or not all(isinstance(part, wanted) for part in value):
            raise DatasetError(path, 1, f"{key} must be a list of {'numbers' if wanted is int else 'texts'}")
    shapes = shapes_of(content)
    if len(shapes.order_digits) != 2 or shapes.order_digits[0] > shapes.order_digits[1]:  # noqa: PLR2004
        raise DatasetError(path, 1, "order_digits must be the fewest and the most digits, like [5, 8]")
    return shapes


def shapes_of(content: dict[str, object]) -> Shapes:
    """From JSON or YAML lists."""
    return Shapes(**{key: tuple(value) for key, value in content.items() if isinstance(value, list)})
