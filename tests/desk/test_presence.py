"""Who else has a conversation open: seen by colleagues, never by strangers, and supervisors are not seen at all."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from crm_core.signals import Signal, Topic
from desk.presence import FORGOTTEN_S, TYPING_S, Neighbour, Presence, Word
from tests.desk.test_socket import connect
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn
from tests.support.served_desk import listening

ELENA, PAVEL = 1, 2


def heard(word: Word, at: float = 0.0, conversation: int = 7) -> tuple[Presence, bool]:
    mine, theirs = Presence(7, ELENA), Presence(conversation, PAVEL)
    return mine, mine.hear(theirs.says(word), at)


def test_who_comes_asks_and_is_there() -> None:
    mine, asks = heard(Word.CAME)
    assert asks
    assert mine.neighbours(1.0) == (Neighbour(PAVEL, types=False),)


def test_an_answer_asks_for_none() -> None:
    mine, asks = heard(Word.HERE)
    assert not asks, "two tabs would answer each other for ever"
    assert mine.neighbours(1.0) == (Neighbour(PAVEL, types=False),)


def test_who_leaves_or_falls_silent_is_gone() -> None:
    mine, _ = heard(Word.CAME)
    assert mine.neighbours(FORGOTTEN_S) == ()
    mine.hear(Presence(7, PAVEL).says(Word.LEFT), 1.0)
    assert mine.neighbours(1.0) == ()


def test_typing_ends_by_itself() -> None:
    mine, _ = heard(Word.TYPES, at=10.0)
    assert mine.neighbours(11.0) == (Neighbour(PAVEL, types=True),)
    assert mine.neighbours(10.0 + TYPING_S) == (Neighbour(PAVEL, types=False),)


@pytest.mark.parametrize("detail", ["came:1", "came:", "came:x", "", "came:-2"])
def test_oneself_and_what_is_none_are_not_counted(detail: str) -> None:
    mine = Presence(7, ELENA)
    assert not mine.hear(Signal(Topic.WATCH, 7, detail), 0.0)
    assert mine.neighbours(0.0) == ()


def test_another_conversation_is_none_of_ours() -> None:
    mine, asks = heard(Word.CAME, conversation=8)
    assert not asks
    assert mine.neighbours(0.0) == ()


@pytest.fixture
async def told(parts: DeskParts, database_url: str) -> AsyncIterator[list[Signal]]:
    """Signals travel through PostgreSQL, as in service; those of presence are kept."""
    kept: list[Signal] = []

    async def keep(signal: Signal) -> None:
        if signal.topic is Topic.WATCH:
            kept.append(signal)

    async with listening(database_url, parts.signals.tell, keep):
        yield kept


Ids = dict[str, int]


async def test_two_agents_see_each_other_come_type_and_go(
    app: FastAPI, elena: Browser, log_in: LogIn, told: list[Signal], seeded: Ids
) -> None:
    pavel = await log_in("pavel")
    async with connect(app, pavel) as his:
        await his.accepted()
        await his.tell({"watch": seeded["maria"], "tab": "mine"})
        await his.text_with("Quiero hablar")
        async with connect(app, elena) as hers:
            await hers.accepted()
            await hers.tell({"watch": seeded["maria"], "tab": "mine"})
            await hers.text_with("Павел Орлов has this open")
            await his.text_with("Elena Moreno: смотрит")
            await hers.tell({"typing": True})
            await his.text_with("Elena Moreno: пишет ответ")
        await his.text_with(f'hx-target="#here-{seeded["maria"]}" hx-swap="innerMorph"></hx-partial>')
    assert {signal.id for signal in told} == {seeded["maria"]}


@pytest.mark.parametrize("name", ["grace", "other"])
async def test_who_supervises_or_may_not_see_it_is_not_noticed(
    app: FastAPI, elena: Browser, log_in: LogIn, told: list[Signal], seeded: Ids, name: str
) -> None:
    listener = await log_in(name)
    async with connect(app, listener) as silent:
        await silent.accepted()
        await silent.tell({"watch": seeded["maria"], "tab": "mine"})
        await silent.text()
        await silent.tell({"ping": True})
        await asyncio.sleep(0.5)
    assert told == []
