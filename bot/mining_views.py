"""What mining found, as text for a terminal and as plain values for JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from math import isfinite

from desk.sentences import counted, said, shown_value, tried
from desk.words import Words
from insight.mining.findings import Finding

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
    rested = [counted(words, each.what, each.have, each.need) for each in finding.minima]
    parts = [said(words, finding.sentence), _table(words, table), tried(words, finding.back_test), "; ".join(rested)]
    return "\n\n".join(part for part in parts if part)


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
