"""Training examples in Rasa's nlu.yml format; every error names file, line and remedy."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from nlu.normalise import normalise

FEWEST_EXAMPLES = 5
_TOP_KEYS = frozenset({"version", "nlu"})
_INTENT_KEYS = frozenset({"intent", "examples", "metadata"})
_EXAMPLE_KEYS = frozenset({"text", "metadata"})
_FOREIGN_SECTIONS = frozenset({"synonym", "regex", "lookup"})  # Rasa's; our entities are grammars in code
_ANNOTATION = re.compile(r"\[([^\[\]\n]{1,200})\](?:\((\w{1,40})\)|(\{[^{}\n]{1,200}\}))")


class DatasetError(ValueError):
    """A training file that cannot be used: `file:line: problem; remedy`."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path, self.line, self.problem = path, line, problem


@dataclass(frozen=True, slots=True)
class Annotation:
    """An entity that the author of an example marked in its plain text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance, its annotations taken out of the text."""

    text: str
    intent: str
    annotations: tuple[Annotation, ...]
    line: int


def read_dataset(path: Path) -> tuple[Example, ...]:
    """All examples of one file, each text once. Raises DatasetError."""
    examples = [example for section in _sections(path, _root(path)) for example in _intent_examples(path, section)]
    return tuple(_checked(path, examples))


def _root(path: Path) -> yaml.MappingNode:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise DatasetError(path, 1, f"cannot be read ({error.strerror}); restore the file") from error
    except UnicodeDecodeError as error:
        raise DatasetError(path, 1, "is not UTF-8; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DatasetError(path, line, f"not valid YAML: {error.problem}; mend this line or the one above") from error
    if not isinstance(node, yaml.MappingNode):
        raise DatasetError(path, 1, 'the file must begin with version: "3.1" and nlu:')
    return node


def _fields(path: Path, node: yaml.MappingNode, known: frozenset[str]) -> dict[str, yaml.Node]:
    fields = {}
    for key, value in node.value:
        if key.value not in known:
            expected = ", ".join(sorted(known))
            raise DatasetError(path, _line(key), f"unknown key “{key.value}”; use one of: {expected}")
        fields[str(key.value)] = value
    return fields


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _sections(path: Path, root: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    entries = _fields(path, root, _TOP_KEYS).get("nlu")
    if not isinstance(entries, yaml.SequenceNode) or not entries.value:
        raise DatasetError(path, _line(entries or root), "no examples; write a list “- intent: name” under nlu:")
    for entry in entries.value:
        if not isinstance(entry, yaml.MappingNode):
            raise DatasetError(path, _line(entry), "not an intent; write “- intent: name” with examples:")
        if not any(str(key.value) in _FOREIGN_SECTIONS for key, _ in entry.value):
            yield entry


def _intent_examples(path: Path, section: yaml.MappingNode) -> Iterator[Example]:
    fields = _fields(path, section, _INTENT_KEYS)
    name, examples = fields.get("intent"), fields.get("examples")
    if name is None or not str(name.value).strip():
        raise DatasetError(path, _line(section), "an intent without a name; write “- intent: name”")
    if examples is None:
        raise DatasetError(path, _line(section), f"intent “{name.value}” has no examples; add examples: |")
    for line, text in _texts(path, examples):
        plain, annotations = _plain(path, line, text)
        if plain:
            yield Example(plain, str(name.value).strip(), annotations, line)


def _texts(path: Path, node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Both styles: a block of “- text” lines, or a list of texts or of `text:` with `metadata:`."""
    if isinstance(node, yaml.ScalarNode):
        yield from _block_texts(path, node)
        return
    for item in node.value:
        text = _fields(path, item, _EXAMPLE_KEYS).get("text") if isinstance(item, yaml.MappingNode) else item
        if not isinstance(text, yaml.ScalarNode):
            raise DatasetError(path, _line(item), "not an example; write “- some words” or “- text: some words”")
        yield _line(text), str(text.value).strip().removeprefix("- ")


def _block_texts(path: Path, node: yaml.ScalarNode) -> Iterator[tuple[int, str]]:
    first = _line(node) + (1 if node.style in {"|", ">"} else 0)
    for offset, written in enumerate(str(node.value).splitlines()):
        text = written.strip()
        if not text or text.startswith("#"):
            continue
        if not text.startswith("- "):
            raise DatasetError(path, first + offset, "an example must begin with “- ”")
        yield first + offset, text[2:].strip()


def _plain(path: Path, line: int, text: str) -> tuple[str, tuple[Annotation, ...]]:
    """The text without Rasa's `[raw](kind)` and `[raw]{"entity": "kind"}` marks, and where they stood."""
    plain, position, annotations = "", 0, []
    for match in _ANNOTATION.finditer(text):
        plain += text[position : match.start()]
        kind = match[2] or _kind_in(path, line, match[3])
        annotations.append(Annotation(kind, len(plain), len(plain) + len(match[1])))
        plain, position = plain + match[1], match.end()
    return plain + text[position:], tuple(annotations)


def _kind_in(path: Path, line: int, written: str) -> str:
    try:
        return str(json.loads(written)["entity"])
    except (ValueError, KeyError, TypeError) as error:
        problem = f'annotation {written} is not understood; write {{"entity": "order_number"}}'
        raise DatasetError(path, line, problem) from error


def _checked(path: Path, examples: list[Example]) -> Iterator[Example]:
    first: dict[str, Example] = {}
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        earlier = first.setdefault(normalise(example.text), example)
        if earlier.intent != example.intent:
            problem = f"“{example.text}” stands under “{earlier.intent}” (line {earlier.line}) and “{example.intent}”"
            raise DatasetError(path, example.line, f"{problem}; keep it under one")
        if earlier is example:
            by_intent[example.intent].append(example)
    for intent, found in by_intent.items():
        if len(found) < FEWEST_EXAMPLES:
            problem = f"intent “{intent}” has {len(found)} examples; write at least {FEWEST_EXAMPLES}"
            raise DatasetError(path, found[0].line, problem)
        yield from found
