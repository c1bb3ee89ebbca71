"""Who is woken by which signal, across processes and after a gap."""

from datetime import datetime

import pytest
from sqlalchemy import insert

from bot.hub import Hub, VisitorKey
from crm_core import models
from crm_core.contracts import Address, AddressKind, Inbound, InboxId
from crm_core.db import Sessions, unit_of_work
from crm_core.intake import receive
from crm_core.signals import Signal, Topic

ANNA, BORIS = Address(AddressKind.WEB, "anna"), Address(AddressKind.WEB, "boris")


@pytest.fixture
async def conversations(sessions: Sessions, now: datetime) -> tuple[InboxId, dict[str, int]]:
    """The inbox, and the conversation of each visitor."""
    async with unit_of_work(sessions) as session:
        statement = insert(models.Inbox).values(key="web", channel="webchat", name="Web", pulled=True)
        inbox_id = InboxId((await session.execute(statement.returning(models.Inbox.id))).scalar_one())
        ids = {
            visitor.value: (
                await receive(session, now, inbox_id, Inbound(visitor.value, visitor, "hi"))
            ).conversation_id
            for visitor in (ANNA, BORIS)
        }
    return inbox_id, {name: int(number) for name, number in ids.items()}


async def test_a_signal_wakes_only_the_visitor_it_concerns(
    sessions: Sessions, conversations: tuple[InboxId, dict[str, int]]
) -> None:
    inbox_id, ids = conversations
    hub = Hub(sessions)
    async with (
        hub.watch_visitor(VisitorKey(inbox_id, ANNA.uri)) as anna,
        hub.watch_visitor(VisitorKey(inbox_id, BORIS.uri)) as boris,
    ):
        await hub.hand_out(Signal(Topic.CONVERSATION, ids["anna"]))
        assert await anna.wait(0.01)
        assert not await boris.wait(0.01)


async def test_typing_says_who(sessions: Sessions, conversations: tuple[InboxId, dict[str, int]]) -> None:
    inbox_id, ids = conversations
    hub = Hub(sessions)
    async with hub.watch_visitor(VisitorKey(inbox_id, ANNA.uri)) as anna:
        await hub.hand_out(Signal(Topic.TYPING, ids["anna"], "agent"))
        assert await anna.wait(0.01)
        assert anna.typing_by == "agent"


async def test_a_resync_wakes_everybody(sessions: Sessions, conversations: tuple[InboxId, dict[str, int]]) -> None:
    inbox_id, _ = conversations
    hub = Hub(sessions)
    async with (
        hub.watch_visitor(VisitorKey(inbox_id, ANNA.uri)) as anna,
        hub.watch_visitor(VisitorKey(inbox_id, "web:nobody-yet")) as newcomer,
        hub.watch_all() as staff,
    ):
        await hub.hand_out(Signal(Topic.RESYNC))
        assert await anna.wait(0.01)
        assert await newcomer.wait(0.01)
        assert staff.get_nowait() == Signal(Topic.RESYNC)


async def test_a_desk_socket_that_falls_behind_is_told_to_resync(sessions: Sessions) -> None:
    hub = Hub(sessions)
    async with hub.watch_all(most_waiting=2) as staff:
        for number in range(3):
            await hub.hand_out(Signal(Topic.AGENT, number))
        assert staff.get_nowait() == Signal(Topic.RESYNC)
        assert staff.empty()


async def test_two_signals_before_a_look_are_one(sessions: Sessions) -> None:
    hub = Hub(sessions)
    async with hub.watch_visitor(VisitorKey(1, "web:x")) as waker:
        await hub.hand_out(Signal(Topic.RESYNC))
        await hub.hand_out(Signal(Topic.RESYNC))
        assert await waker.wait(0.01)
        assert not await waker.wait(0.01)
