"""Training examples in Rasa's nlu.yml format; every error names file, line and remedy."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from config.documents import tree_of
from nlu.normalise import normalise

FEWEST_EXAMPLES = 5
_TOP_KEYS = frozenset({"version", "nlu"})
# What else Rasa lets stand in the same file: its dialogue, which is not ours to read.
_PASSED_OVER_KEYS = frozenset(
    {"responses", "stories", "rules", "intents", "entities", "slots", "forms", "actions", "e2e_actions",
     "session_config", "recipe", "language", "pipeline", "policies", "assistant_id"}
)  # fmt: skip
_INTENT_KEYS = frozenset({"intent", "examples", "metadata"})
_EXAMPLE_KEYS = frozenset({"text", "metadata"})
_FOREIGN_SECTIONS = frozenset({"synonym", "regex", "lookup"})  # Rasa's; our entities are grammars in code
_ANNOTATION = re.compile(
    r"\[(?P<raw>[^\[\]\n]{1,200})\]"
    r"(?:\((?P<kind>[^():\n]{1,80})(?::(?P<value>[^()\n]{1,200}))?\)"
    r"|(?P<one>\{[^{}\n]{1,400}\})|\[(?P<many>\s*\{[^\[\]\n]{1,800}\}\s*)\])"
)


class DatasetError(ValueError):
    """A training file that cannot be used: `file:line: problem; remedy`."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path, self.line, self.problem = path, line, problem


@dataclass(frozen=True, slots=True)
class Annotation:
    """An entity that the author of an example marked in its plain text; `value` where it differs from the words."""

    kind: str
    start: int
    end: int
    value: str | None = None
    role: str | None = None
    group: str | None = None


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
        node = tree_of(path.read_text(encoding="utf-8"))
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
        if known is _TOP_KEYS and key.value in _PASSED_OVER_KEYS:
            continue
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
    """Every style: a block of “- text” lines, a list of texts, a list of `text:` with or without `metadata:`."""
    if isinstance(node, yaml.ScalarNode):
        yield from _block_texts(path, node)
        return
    if not isinstance(node, yaml.SequenceNode):
        raise DatasetError(path, _line(node), "examples are a block (examples: |) or a list")
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
        if not text.startswith("-"):
            raise DatasetError(path, first + offset, "an example must begin with “- ”")
        yield first + offset, text[1:].strip()


def _plain(path: Path, line: int, text: str) -> tuple[str, tuple[Annotation, ...]]:
    """The text without Rasa's marks, and where they stood.

    They are `[raw](kind)`, `[raw](kind:value)`, `[raw]{"entity": "kind", "role": …}` and `[raw][{…}, {…}]`.
    """
    plain, position, annotations = "", 0, []
    for match in _ANNOTATION.finditer(text):
        plain += text[position : match.start()]
        start, end = len(plain), len(plain) + len(match["raw"])
        annotations += [_annotation(marks, start, end) for marks in _marks(path, line, match)]
        plain, position = plain + match["raw"], match.end()
    return plain + text[position:], tuple(annotations)


def _annotation(marks: dict[str, object], start: int, end: int) -> Annotation:
    value, role, group = (None if marks.get(key) is None else str(marks[key]) for key in ("value", "role", "group"))
    return Annotation(str(marks["entity"]), start, end, value, role, group)


def _marks(path: Path, line: int, match: re.Match[str]) -> list[dict[str, object]]:
    if match["kind"]:
        return [{"entity": match["kind"].strip(), "value": match["value"]}]
    written = match["one"] or f"[{match['many']}]"
    try:
        marks = json.loads(written)
    except ValueError:
        marks = None
    found = marks if isinstance(marks, list) else [marks]
    if not all(isinstance(one, dict) and one.get("entity") for one in found):
        problem = f'annotation {written} is not understood; write {{"entity": "order_number"}}'
        raise DatasetError(path, line, problem)
    return found


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
