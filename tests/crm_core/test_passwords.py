"""Passwords: weak ones are refused with advice, strong ones are hashed slowly and off the event loop."""

import asyncio
from time import process_time

import pytest

from crm_core.errors import InvalidInput
from crm_core.passwords import check_strength, hash_password, matches

STRONG = "grey otter sings seven songs"


@pytest.mark.parametrize(
    ("password", "advice"),
    [
        ("", "at least 10"),
        ("Xk9#vQ2!a", "at least 10"),
        ("x" * 201, "at most 200"),
        ("password1234", "add a few words"),
        ("qwertyuiop[]", "add a few words"),
        ("maria.lopez@oslo.example", "add a few words"),
        ("1234567890123", "add a few words"),
        (f"{STRONG}\x00", "can be typed"),
        (f"{STRONG}\ud800", "can be typed"),
    ],
)
def test_a_weak_password_is_refused_with_advice(password: str, advice: str) -> None:
    with pytest.raises(InvalidInput, match=advice):
        check_strength(password, "maria.lopez@oslo.example", "María López")


@pytest.mark.parametrize(
    "password", [STRONG, "три рыжих ежа пели хором", "Tr0ub4dour&3-lampara", "correct horse battery"]
)
def test_a_strong_password_passes_in_any_language(password: str) -> None:
    check_strength(password, "maria@oslo.example", "María")


async def test_only_the_password_itself_matches_its_hash() -> None:
    stored = await hash_password(STRONG)
    assert stored.startswith("$argon2id$")
    assert await matches(STRONG, stored)
    for wrong in ("", STRONG.upper(), f"{STRONG} ", "\ud800"):
        assert not await matches(wrong, stored)


async def test_the_same_password_has_another_hash_each_time() -> None:
    assert await hash_password(STRONG) != await hash_password(STRONG)


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$broken"])
async def test_without_a_hash_nothing_matches(stored: str | None) -> None:
    assert not await matches("a password that nobody has", stored)


async def test_somebody_unknown_costs_the_work_of_somebody_known() -> None:
    stored = await hash_password(STRONG)

    async def quickest(password_hash: str | None) -> float:
        taken = []
        for _ in range(5):
            started = process_time()
            await matches("wrong password", password_hash)
            taken.append(process_time() - started)
        return min(taken)

    known, unknown = await quickest(stored), await quickest(None)
    assert 1 / 3 < unknown / known < 3


async def test_the_event_loop_turns_while_a_password_is_hashed() -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    await asyncio.sleep(0)
    before = turns
    await hash_password(STRONG)
    turning.cancel()
    assert turns > before + 2
