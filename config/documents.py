"""Business files in YAML, read into typed models; every error names file, line and remedy."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

try:  # thirty times as fast; a PyYAML built without libyaml has none
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # pragma: no cover - every wheel has it
    from yaml import SafeLoader  # type: ignore[assignment]

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


class DocumentError(ValueError):
    """A business file that cannot be used: `file:line: problem`."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path, self.line, self.problem = path, line, problem


class _StrictLoader(SafeLoader):
    """Refuses a key written twice, which plain YAML lets the last one win."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(problem="a key must be a single word", problem_mark=key_node.start_mark)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"the key “{key}” stands twice", problem_mark=key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


def _timestamp(loader: _StrictLoader, node: yaml.ScalarNode) -> object:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        raise yaml.MarkedYAMLError(problem=f"no such date ({error})", problem_mark=node.start_mark) from error


_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)
_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _child(node: yaml.Node, key: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if str(name.value) == str(key)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        found: yaml.Node = node.value[key]
        return found
    return None


def read_yaml(text: str) -> Any:  # noqa: ANN401 - whatever stands there
    """Plain values. Raises yaml.MarkedYAMLError."""
    return yaml.load(text, Loader=SafeLoader)


def tree_of(text: str) -> yaml.Node | None:
    """With the lines. Raises yaml.MarkedYAMLError."""
    root: yaml.Node | None = yaml.compose(text, Loader=SafeLoader)
    return root


def line_of(root: yaml.Node | None, location: Location) -> int:
    """The line (from 1) of the deepest part of `location` that the document has."""
    node, line = root, 1
    for key in location:
        if node is None:
            break
        line = node.start_mark.line + 1
        node = _child(node, key) or node
    return line if node is None else node.start_mark.line + 1


def read_text(path: Path) -> str:
    """Raises DocumentError for a file that cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError(path, 1, f"cannot be read ({error.strerror}); restore it from the repository") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DocumentError(path, line, "not UTF-8; save the file in that encoding") from error


def read_document(path: Path, model: type[Model]) -> Model:
    """`path` as `model`. Raises DocumentError for a missing file, bad YAML and wrong content alike."""
    text = read_text(path)
    try:
        root = yaml.compose(text, Loader=_StrictLoader)
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DocumentError(path, line, f"not valid YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise DocumentError(
            path, line, f"not valid YAML: the character #x{error.character:04x} may not stand here"
        ) from error
    try:
        return model.model_validate(content if content is not None else {})
    except ValidationError as error:
        # A misspelt key explains the one that is missing.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in first["loc"])
        problem = f"{where}: {first['msg']}" if where else first["msg"]
        raise DocumentError(path, line_of(root, _place_of(first)), problem) from error


def _place_of(error: ErrorDetails) -> Location:
    """Where the wrong word stands; of an entry of an unknown kind it is the word that names the kind."""
    is_kind = error["type"] == "union_tag_invalid"
    return (*error["loc"], error["ctx"]["discriminator"].strip("'")) if is_kind else error["loc"]
