"""The engine in service, and another in its place while messages come: by one reference, without a pause."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from crm_core.errors import SetupRequired
from nlu.encoders.encoder import EncoderError
from nlu.engine import NluEngine, NluResult
from nlu.model_store import ModelError, pointer

LOOK_EVERY_S = 1.0

log = structlog.get_logger(__name__)


class SwappableEngine:
    """Keeps the promise of all engines. A parse under way ends on the engine it began with."""

    def __init__(self, engine: NluEngine) -> None:
        self._engine = engine
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._engine.model_id

    @property
    def intents(self) -> tuple[str, ...]:
        return self._engine.intents

    def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
        return self._engine.parse(text, languages=languages, hint=hint)

    def swap(self, engine: NluEngine) -> None:
        with self._lock:
            before, self._engine = self._engine.model_id, engine
        log.info("nlu.model.swapped", before=before, model_id=engine.model_id)


async def follow_pointer(root: Path, engine: SwappableEngine, load: Callable[[], NluEngine]) -> None:
    """Until cancelled: whenever another model is made current, load it beside the serving one and swap.

    A model that cannot be loaded is left alone, and the old one goes on.
    """
    seen = _stamp(root)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        stamp = _stamp(root)
        if stamp == seen:
            continue
        seen = stamp
        try:
            engine.swap(await asyncio.to_thread(load))
        except (ModelError, EncoderError, SetupRequired, OSError) as error:
            log.error("nlu.model.refused", error=str(error), serving=engine.model_id)  # noqa: TRY400 - no trace needed


def _stamp(root: Path) -> tuple[int, int] | None:
    try:
        found = pointer(root).stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino
