"""What mining found, as text for a terminal and as plain values for JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from math import isfinite

from crm_core.sentences import Sentence
from desk.sentences import said, shown_value
from desk.words import Words
from insight.mining.findings import BackTest, Finding

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
Table = tuple[Sequence[str], Iterable[Sequence[object]]]
MOST_ROWS = 20


def plain(value: object) -> Plain:
    """Endless and undefined numbers have no JSON and become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def text_of(words: Words, finding: Finding[object], table: Table) -> str:
    """The sentence, the first rows, the back-test, and what there had to be."""
    rested = [said(words, Sentence("minimum", {
        "what": words.known(f"mining.counted.{each.what}", each.what), "have": each.have, "need": each.need,
    })) for each in finding.minima]  # fmt: skip
    parts = [said(words, finding.sentence), _table(words, table), _tried(words, finding.back_test), "; ".join(rested)]
    return "\n\n".join(part for part in parts if part)


def _tried(words: Words, test: BackTest) -> str:
    return said(words, Sentence("back_test", {
        "protocol": words.known(f"mining.protocol.{test.protocol}", test.protocol), "n": test.n,
        "measure": words.known(f"mining.measure.{test.measure}", test.measure), "value": _figure(test.value),
        "anchor": words.known(f"mining.anchor.{test.anchor}", test.anchor),
        "anchor_value": _figure(test.anchor_value),
    }))  # fmt: skip


def _figure(value: float) -> str:
    return f"{value:.4g}"


def _table(words: Words, table: Table) -> str:
    head, rows = table
    lines = [tuple(head)]
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            lines.append(("…",) * len(head))
            break
        lines.append(tuple(_cell(words, cell) for cell in row))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def _cell(words: Words, value: object) -> str:
    return shown_value(words, value) if isinstance(value, int | float | date) else str(value)
