"""A model promoted while 50 messages a second are understood: `python -m benchmarks.nlu_swap`.

The pause is how much longer the slowest message of the seconds with swaps took than the slowest of those without.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.nlu_own import model_directory
from benchmarks.nlu_sets import ENCODERS, LANGUAGES, own_texts
from benchmarks.report import percentile, tell
from bot.swappable_engine import SwappableEngine, follow_pointer
from nlu.encoders.shelf import EncoderShelf
from nlu.engine import NluEngine
from nlu.model_store import current_model, make_current
from nlu.native import NativeEngine

RATE_PER_S = 50
SWAPS = 4


async def run(folder: Path, seconds: float) -> dict[str, object]:
    """Half of the time undisturbed, half with swaps."""
    shelf = EncoderShelf(ENCODERS)

    def load() -> NluEngine:
        directory = current_model(folder)
        assert directory is not None
        return NativeEngine.load(directory, shelf)

    engine = SwappableEngine(load())
    following = asyncio.create_task(follow_pointer(folder, engine, load))
    texts = [one.text for language in LANGUAGES for one in own_texts()[language][:200]]
    calm = await _asked(engine, texts, seconds / 2)
    swapping = asyncio.create_task(_swap(folder, seconds / 2))
    disturbed = await _asked(engine, texts, seconds / 2)
    await swapping
    following.cancel()
    return {
        "failed": sum(delay is None for delay in calm + disturbed),
        "calm_p99_ms": _ms(calm, 0.99), "swapping_p99_ms": _ms(disturbed, 0.99),
        "pause_ms": round(max(0.0, _ms(disturbed, 1.0) - _ms(calm, 1.0)), 1), "swaps": SWAPS,
    }  # fmt: skip


async def _asked(engine: NluEngine, texts: list[str], seconds: float) -> list[float | None]:
    """The delay of every message in seconds; None for one that failed."""
    asking, started = [], time.perf_counter()
    for number in range(int(seconds * RATE_PER_S)):
        await asyncio.sleep(max(0.0, started + number / RATE_PER_S - time.perf_counter()))
        asking.append(asyncio.create_task(_one(engine, texts[number % len(texts)])))
    return list(await asyncio.gather(*asking))


async def _one(engine: NluEngine, text: str) -> float | None:
    started = time.perf_counter()
    try:
        await asyncio.to_thread(engine.parse, text, languages=LANGUAGES)
    except Exception:  # noqa: BLE001 - counted as failed
        return None
    return time.perf_counter() - started


async def _swap(folder: Path, seconds: float) -> None:
    current = current_model(folder)
    names = [current.name if current else "", "other"]
    for number in range(SWAPS):
        await asyncio.sleep(seconds / (SWAPS + 1))
        make_current(folder, names[(number + 1) % 2])


def _ms(delays: list[float | None], share: float) -> float:
    return round(1000 * percentile([delay for delay in delays if delay is not None], share), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 s")
    seconds = 20.0 if parser.parse_args().quick else 60.0
    with tempfile.TemporaryDirectory(prefix="nlu-swap-") as name:
        folder = Path(name)
        shutil.copytree(model_directory("auto", folder), folder / "other")
        figures = asyncio.run(run(folder, seconds))
    tell(figures, n=int(seconds * RATE_PER_S), seed=0)


if __name__ == "__main__":
    main()
