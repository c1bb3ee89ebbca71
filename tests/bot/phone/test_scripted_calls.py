"""Calls in three languages through the real application, every document validated as Twilio would."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.phone import PhoneCentre

pytestmark = pytest.mark.slow

CALLS = [
    pytest.param(call, id=f"{language}: {call['name']}")
    for language in ("en", "ru", "es")
    for call in yaml.safe_load((Path(__file__).parent / f"calls_{language}.yml").read_text(encoding="utf-8"))
]


def test_there_are_twenty_calls_and_more() -> None:
    assert len(CALLS) >= 20


@pytest.mark.parametrize("call", CALLS)
async def test_a_scripted_call(centre: PhoneCentre, call: dict[str, Any]) -> None:
    walker = await centre.a_call(call["from"], list(call["turns"]), call.get("key", "line")).call()
    assert (walker.script, walker.ended) == ([], call["ends"])
    await centre.status(walker)
