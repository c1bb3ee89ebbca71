"""The table of docs/security.md: holes that others had, and the test that tries each on us."""

import re
from dataclasses import dataclass
from functools import cache

from config.settings import ROOT

_ROW = re.compile(r"^\| (?P<name>[^|]+) \| (?P<what>[^|]*) \| `(?P<test>tests/[^`]+)` \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KnownHole:
    name: str
    what: str
    test: str


@cache
def known_holes() -> tuple[KnownHole, ...]:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    return tuple(KnownHole(*found.group("name", "what", "test")) for found in _ROW.finditer(text))
