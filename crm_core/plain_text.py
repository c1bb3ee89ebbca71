"""Text that PostgreSQL can hold: without NUL, and without halves of surrogate pairs, which are not UTF-8."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """`text` without what cannot be stored."""
    return _UNSTORABLE.sub("", text)
