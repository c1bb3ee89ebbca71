"""Inboxes that fetch by themselves: one process of all at a time, and again when the provider was away."""

import asyncio
from contextlib import suppress

import pytest

from bot import pullers
from bot.inboxes.parts import OpenInbox
from bot.intake_door import IntakeDoor
from channels.protocol import Receive
from channels.webchat import WebChat
from channels.webchat_identity import VisitorTokens


class Mailbox:
    """Counts who pulls; fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.pulling, self.most, self.started, self.failures = 0, 0, 0, failures
        self.first = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        del receive
        self.started += 1
        if self.started <= self.failures:
            raise OSError("the server hung up")
        self.pulling += 1
        self.most = max(self.most, self.pulling)
        self.first.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.pulling -= 1


async def pull(mailbox: Mailbox, url: str, door: IntakeDoor) -> None:
    inbox = OpenInbox("mail", WebChat("mail", VisitorTokens(b"k" * 32)), mailbox)
    await pullers.run_pullers({"mail": inbox}, door, url)


async def ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_of_two_workers_one_pulls_until_it_ends(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pullers, "LOOK_AGAIN_S", 0.05)
    mailbox = Mailbox()
    door = IntakeDoor(services=None)  # type: ignore[arg-type]
    first, second = (asyncio.create_task(pull(mailbox, database_url, door)) for _ in range(2))
    await asyncio.wait_for(mailbox.first.wait(), 10)
    await asyncio.sleep(0.3)
    assert (mailbox.pulling, mailbox.most) == (1, 1)
    mailbox.first.clear()
    await ended(first)
    if not mailbox.pulling:
        await asyncio.wait_for(mailbox.first.wait(), 10)
    assert (mailbox.pulling, mailbox.most) == (1, 1)
    await ended(second)


async def test_one_that_fails_is_started_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pullers, "PAUSE_FIRST_S", 0.01)
    mailbox = Mailbox(failures=2)
    task = asyncio.create_task(pull(mailbox, database_url, IntakeDoor(services=None)))  # type: ignore[arg-type]
    await asyncio.wait_for(mailbox.first.wait(), 10)
    assert mailbox.started == 3
    await ended(task)
