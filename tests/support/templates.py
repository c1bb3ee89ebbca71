"""Templates compiled once a process, for tests that build a desk each."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from desk import pages


class KeptTemplates(BytecodeCache):
    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@contextmanager
def templates_kept() -> Iterator[None]:
    kept = KeptTemplates()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "Environment", lambda **given: Environment(**given, bytecode_cache=kept))
        yield
