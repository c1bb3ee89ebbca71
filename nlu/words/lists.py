"""Reads the word lists beside this file."""

import re
from pathlib import Path


def word_list(name: str) -> frozenset[str]:
    """Every line of `name`.txt but comments."""
    return frozenset(_lines(name))


def any_of(name: str) -> re.Pattern[str]:
    """A pattern that finds any line of `name`.txt as whole words."""
    return re.compile(rf"\b(?:{'|'.join(_lines(name))})\b")


def _lines(name: str) -> list[str]:
    text = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
