"""Another model in place of the serving one, while messages come."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot import swappable_engine
from bot.swappable_engine import SwappableEngine, follow_pointer
from nlu.engine import NluEngine, NluResult, Zone
from nlu.model_store import ModelError, make_current


class Named:
    """An engine that only tells its name, and waits for a sign when asked to."""

    def __init__(self, model_id: str, sign: threading.Event | None = None) -> None:
        self.model_id, self.sign = model_id, sign
        self.asked = threading.Event()

    def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
        self.asked.set()
        if self.sign is not None:
            self.sign.wait(5)
        return NluResult(hint or languages[0], ((text, 1.0),), Zone.ANSWER, (), self.model_id)


def test_a_parse_under_way_ends_on_the_engine_it_began_with() -> None:
    sign = threading.Event()
    old = Named("old", sign)
    engine = SwappableEngine(old)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(engine.parse, "a", languages=["en"])
        assert old.asked.wait(5)
        engine.swap(Named("new"))
        assert engine.parse("b", languages=["en"]).model_id == "new"
        sign.set()
        assert under_way.result(5).model_id == "old"


def test_no_parse_fails_while_models_are_swapped() -> None:
    engine = SwappableEngine(Named("0"))
    done = threading.Event()

    def swap() -> None:
        for number in range(500):
            engine.swap(Named(str(number)))
        done.set()

    def ask() -> int:
        asked = 0
        while not done.is_set() or not asked:
            assert engine.parse("a", languages=["en"]).intent == "a"
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        pool.submit(swap).result(20)
        assert all(one.result(20) > 0 for one in asking)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)


async def test_a_promoted_model_is_taken_over_and_one_that_cannot_be_loaded_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swappable_engine, "LOOK_EVERY_S", 0.01)
    engine, tried = SwappableEngine(Named("old")), []

    def load() -> NluEngine:
        name = (tmp_path / "current").read_text().strip()
        tried.append(name)
        if name == "broken":
            raise ModelError("model.npz is not the one the model was written with")
        return Named(name)

    following = asyncio.create_task(follow_pointer(tmp_path, engine, load))
    await asyncio.sleep(0.05)
    make_current(tmp_path, "broken")
    await until(lambda: tried == ["broken"])
    assert engine.model_id == "old"
    make_current(tmp_path, "new")
    await until(lambda: engine.model_id == "new")
    following.cancel()
