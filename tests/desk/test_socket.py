import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from crm_core import models
from crm_core.contracts import ConversationId, UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.intake import inbox_ids
from crm_core.signals import Signal, Topic
from crm_core.staff import disable_user, set_agent_state
from crm_core.states import AgentState
from tests.support.asgi_socket import AsgiSocket, open_socket
from tests.support.desk_app import DeskParts
from tests.support.desk_client import BASE, Browser, LogIn
from tests.support.desk_seed import MARIA, Seeder


def connect(app: FastAPI, browser: Browser, **headers: str) -> AbstractAsyncContextManager[AsgiSocket]:
    own = {"Origin": BASE, "Host": "desk.test", "Cookie": browser.cookie_header}
    return open_socket(app, "/desk/socket", own | headers)


async def maria_writes(parts: DeskParts, now: datetime, seeded: dict[str, int], text: str) -> None:
    async with unit_of_work(parts.sessions) as session:
        seeder = Seeder(session, now, await inbox_ids(session), 900)
        await seeder.says(MARIA, text, 0)
    await parts.signals.tell(Signal(Topic.CONVERSATION, seeded["maria"]))


async def test_a_new_message_arrives_as_one_entry_and_one_row(
    app: FastAPI, parts: DeskParts, elena: Browser, seeded: dict[str, int], now: datetime
) -> None:
    async with connect(app, elena) as socket:
        assert await socket.accepted()
        await socket.tell({"watch": seeded["maria"], "tab": "mine"})
        assert "Quiero hablar con una persona" in await socket.text()
        await maria_writes(parts, now, seeded, "¿Sigue ahí?")
        update, row = await socket.text(), await socket.text()
    assert f'hx-target="#timeline-{seeded["maria"]}" hx-swap="beforeend"' in update
    assert "Quiero hablar con una persona" not in update
    assert f'hx-target="#row-{seeded["maria"]}" hx-swap="outerMorph"' in row


async def test_what_does_not_concern_the_screen_sends_nothing(
    app: FastAPI, parts: DeskParts, elena: Browser, seeded: dict[str, int]
) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.tell({"watch": seeded["maria"], "tab": "mine"})
        await socket.text()
        await parts.signals.tell(Signal(Topic.CONVERSATION, seeded["lucia"]))
        await parts.signals.tell(Signal(Topic.JOB, 1, "turn"))
        assert await socket.is_quiet()


async def test_another_team_s_conversation_is_not_shown(
    app: FastAPI, log_in: LogIn, parts: DeskParts, seeded: dict[str, int], now: datetime
) -> None:
    async with connect(app, await log_in("other")) as socket:
        await socket.accepted()
        await socket.tell({"watch": seeded["maria"], "tab": "all"})
        first = await socket.text()
        assert "María" not in first
        assert 'hx-target="#work"' in first
        await maria_writes(parts, now, seeded, "¿Sigue ahí?")
        await parts.signals.tell(Signal(Topic.TYPING, seeded["maria"], "contact"))
        assert await socket.is_quiet()


async def test_access_that_is_lost_takes_the_conversation_off_the_screen(
    app: FastAPI, parts: DeskParts, elena: Browser, sessions: Sessions, seeded: dict[str, int]
) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.tell({"watch": seeded["anton"], "tab": "queue"})
        await socket.text_with("Вы обещали")
        async with unit_of_work(sessions) as session:
            await session.execute(update(models.User).values(teams=[]))
        await parts.signals.tell(Signal(Topic.CONVERSATION, seeded["anton"]))
        assert 'hx-target="#work"' in await socket.text()


async def test_the_customer_s_typing_is_shown(
    app: FastAPI, parts: DeskParts, elena: Browser, seeded: dict[str, int]
) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.tell({"watch": seeded["maria"], "tab": "mine"})
        await socket.text()
        await parts.signals.tell(Signal(Topic.TYPING, seeded["tom"], "contact"))
        assert await socket.is_quiet()
        await parts.signals.tell(Signal(Topic.TYPING, seeded["maria"], "contact"))
        assert "The customer is typing" in await socket.text()


async def test_one_s_own_state_changes_in_every_tab(
    app: FastAPI, parts: DeskParts, elena: Browser, sessions: Sessions, staff: dict[str, UserId], now: datetime
) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.tell({"watch": None, "tab": "mine"})
        await socket.text()
        async with unit_of_work(sessions) as session:
            await set_agent_state(session, now, staff["elena"], AgentState.AWAY)
        await parts.signals.tell(Signal(Topic.AGENT, staff["elena"], "away"))
        assert "Away" in await socket.text()


async def test_logging_out_closes_the_socket_within_a_second(
    app: FastAPI, parts: DeskParts, elena: Browser, staff: dict[str, UserId]
) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await elena.http.post("/desk/logout", data={"csrf_token": elena.csrf}, headers={"Origin": BASE})
        started = time.monotonic()
        await parts.signals.tell(Signal(Topic.AGENT, staff["elena"], "sessions"))
        assert await socket.closed() == (4401, "")
        assert time.monotonic() - started < 1


async def test_a_disabled_person_s_socket_is_closed(
    app: FastAPI, parts: DeskParts, elena: Browser, sessions: Sessions, staff: dict[str, UserId], now: datetime
) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        async with unit_of_work(sessions) as session:
            await disable_user(session, now, staff["elena"])
        await parts.signals.tell(Signal(Topic.AGENT, staff["elena"], "sessions"))
        assert (await socket.closed())[0] == 4401


async def test_being_shown_does_not_keep_a_session_from_going_idle(
    app: FastAPI, parts: DeskParts, elena: Browser, seeded: dict[str, int]
) -> None:
    clock = parts.now
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.tell({"watch": None, "tab": "mine"})
        await socket.text()
        for _ in range(3):
            clock.pass_by(minutes=90)  # type: ignore[attr-defined]
            await parts.signals.tell(Signal(Topic.RESYNC))
            await asyncio.sleep(0.4)
        assert (await socket.closed())[0] == 4401


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""},
                {"Host": "evil.example", "Origin": "http://other"}]
)  # fmt: skip
async def test_another_site_gets_no_socket(app: FastAPI, elena: Browser, headers: dict[str, str]) -> None:
    async with connect(app, elena, **headers) as socket:
        assert not await socket.accepted()


@pytest.mark.parametrize("cookie", ["", "switchboard=guess", "switchboard="])
async def test_without_a_session_the_socket_closes(app: FastAPI, elena: Browser, cookie: str) -> None:
    async with connect(app, elena, Cookie=cookie) as socket:
        await socket.accepted()
        assert await socket.closed() == (4401, "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", 4400), ("[]", 4400), ("{}", 4400), ('{"watch": true}', 4400), ('{"watch": "1"}', 4400),
        ('{"watch": 1.5}', 4400), ('{"watch": -1}', 4400), ('{"watch": 99999999999999999999}', 4400),
        ("[" * 4000, 4400), ('{"watch": null, "tab": "' + "x" * 5000 + '"}', 1008), ('{"typing": "yes"}', 4400),
    ],
)  # fmt: skip
async def test_what_is_not_understood_ends_the_socket_without_a_text(
    app: FastAPI, elena: Browser, text: str, code: int
) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.send_text(text)
        assert await socket.closed() == (code, "")


async def test_bytes_are_not_understood(app: FastAPI, elena: Browser) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.send_bytes(b"\x00")
        assert await socket.closed() == (4400, "")


async def test_a_flood_ends_the_socket(app: FastAPI, elena: Browser) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        for _ in range(100):
            await socket.tell({"typing": True})
        assert (await socket.closed())[0] == 1008


async def test_a_conversation_that_is_not_there_is_no_error(app: FastAPI, elena: Browser) -> None:
    async with connect(app, elena) as socket:
        await socket.accepted()
        await socket.tell({"watch": ConversationId(987654), "tab": "nonsense"})
        assert 'hx-target="#work"' in await socket.text()
