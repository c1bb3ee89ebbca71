"""Sentences that are worded where they are read: a key, and the values that fill its gaps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Share:
    """From 0 to 1; read as percent."""

    value: float


Parameter = str | int | float | date | Share


@dataclass(frozen=True, slots=True)
class Sentence:
    """`key` is looked up in the reader's language."""

    key: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
