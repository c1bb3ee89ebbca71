"""Web chat over a WebSocket, through a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from channels.webchat_identity import Visitor, VisitorTokens
from channels.webchat_routes import webchat_routes
from channels.webchat_types import ChatEntry, ChatLimits, ChatState, ChatUpdates, EntryAuthor, Rate
from tests.channels.conftest import ChatServer, running_server
from tests.support.chat_fake import FakeChat, chat_settings

ORIGIN = "https://shop.test"
TOKENS = VisitorTokens(b"k" * 32)
PATIENCE_S = 3


@asynccontextmanager
async def serving(chat: FakeChat, limits: ChatLimits) -> AsyncIterator[ChatServer]:
    app = FastAPI()
    app.include_router(webchat_routes(chat.ports(), chat_settings(limits=limits)))
    async with running_server(app) as server:
        yield server


@pytest.fixture
async def server(chat: FakeChat) -> AsyncIterator[ChatServer]:
    async with serving(chat, ChatLimits(frames=Rate(1000, 2000))) as server:
        yield server


def dial(server: ChatServer, origin: str | None = ORIGIN, inbox: str = "web", **more: object) -> connect:
    return connect(f"ws://127.0.0.1:{server.port}/chat/{inbox}/socket", origin=origin, **more)  # type: ignore[arg-type]


def a_token(visitor: str = "a" * 32, inbox: str = "web") -> str:
    return TOKENS.issue(Visitor(inbox, visitor))


@asynccontextmanager
async def chatting(server: ChatServer, visitor: str = "a" * 32, after: int = 0) -> AsyncIterator[ClientConnection]:
    """Connected and greeted; the first updates were read."""
    async with dial(server) as socket:
        await say(socket, type="hello", token=a_token(visitor), after=after)
        assert (await heard(socket))["type"] == "updates"
        yield socket


async def say(socket: ClientConnection, **frame: object) -> None:
    await socket.send(json.dumps(frame))


async def heard(socket: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S))
    return frame


async def heard_until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        frame = await heard(socket)
        if frame["type"] == kind:
            return frame


async def close_of(socket: ClientConnection) -> tuple[int, list[dict[str, Any]]]:
    """The close code, and what was said before it."""
    frames = []
    try:
        while True:
            frames.append(await heard(socket))
    except ConnectionClosed as closed:
        return (closed.rcvd.code if closed.rcvd else 1006), frames


def an_entry(text: str) -> ChatEntry:
    return ChatEntry(0, datetime.now(UTC), EntryAuthor.AGENT, text)


async def test_a_message_is_acknowledged_and_comes_back_as_an_entry(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server) as socket:
        await say(socket, type="message", id="message-1", text="hola", language="es")
        frames = [await heard(socket), await heard(socket)]
    by_type = {frame["type"]: frame for frame in frames}
    assert (by_type["accepted"]["id"], by_type["accepted"]["message_id"]) == ("message-1", 1)
    assert [(entry["text"], entry["client_id"]) for entry in by_type["updates"]["entries"]] == [("hola", "message-1")]
    assert (chat.received[0].language, chat.received[0].sender.uri) == ("es", f"web:{'a' * 32}")


async def test_a_message_sent_again_after_a_cut_is_acknowledged_and_stored_once(
    server: ChatServer, chat: FakeChat
) -> None:
    for _ in range(2):
        async with chatting(server) as socket:
            await say(socket, type="message", id="message-1", text="hola")
            assert (await heard_until(socket, "accepted"))["message_id"] == 1
    assert len(chat.received) == 1


async def test_an_answer_is_pushed_at_once_and_once(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server) as socket:
        pushed = []
        for text in ("first", "second", "third"):
            chat.say("a" * 32, an_entry(text))
            pushed.append([entry["text"] for entry in (await heard(socket))["entries"]])
    assert pushed == [["first"], ["second"], ["third"]]


async def test_a_connection_resumes_after_the_last_entry_seen(server: ChatServer, chat: FakeChat) -> None:
    for text in ("one", "two", "three"):
        chat.say("a" * 32, an_entry(text))
    async with dial(server) as socket:
        await say(socket, type="hello", token=a_token(), after=2)
        assert [entry["text"] for entry in (await heard(socket))["entries"]] == ["three"]


async def test_place_in_line_and_typing_are_told(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server) as socket:
        chat.set_status("a" * 32, ChatUpdates((), ChatState.QUEUED, 3, 240.0))
        queued = await heard(socket)
        chat.wake("a" * 32, typing_by="agent")
        typing = await heard(socket)
    assert (queued["state"], queued["queue_position"], queued["estimated_wait_s"]) == ("queued", 3, 240.0)
    assert (typing["typing"], typing["entries"]) == ("agent", [])


async def test_nothing_is_pushed_when_nothing_changed(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server) as socket:
        chat.wake("a" * 32, typing_by="contact")
        await say(socket, type="ping")
        assert await heard(socket) == {"type": "pong"}


async def test_small_frames_reach_their_ports(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server) as socket:
        await say(socket, type="typing")
        await say(socket, type="read", message_id=4)
        await say(socket, type="survey", score=4, comment="ok")
        assert await heard(socket) == {"type": "survey_stored"}
    assert (chat.typings, chat.reads, chat.surveys[0].score) == (["a" * 32], [4], 4)


@pytest.mark.parametrize("origin", [None, "https://evil.test", "null", "https://shop.test.evil.test"])
async def test_a_page_of_another_site_gets_no_socket(server: ChatServer, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with dial(server, origin):
            pass
    assert refused.value.response.status_code == 403


async def test_an_unknown_inbox_has_no_socket(server: ChatServer) -> None:
    with pytest.raises(InvalidStatus):
        async with dial(server, inbox="nobody"):
            pass


BAD_HELLOS = {
    "forged token": ({"type": "hello", "token": "x.y"}, 4401, "unauthenticated"),
    "token of another inbox": ({"type": "hello", "token": a_token(inbox="other")}, 4401, "unauthenticated"),
    "token signed by another": (
        {"type": "hello", "token": VisitorTokens(b"z" * 32).issue(Visitor("web", "a" * 32))}, 4401, "unauthenticated",
    ),
    "no token": ({"type": "hello"}, 4400, "invalid_input"),
    "another frame first": ({"type": "message", "id": "message-1", "text": "x"}, 4400, "invalid_input"),
    "a cursor below zero": ({"type": "hello", "token": a_token(), "after": -1}, 4400, "invalid_input"),
    "a list": ([], 4400, "invalid_input"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_HELLOS)
async def test_without_a_good_hello_the_socket_closes(server: ChatServer, chat: FakeChat, name: str) -> None:
    frame, close_code, code = BAD_HELLOS[name]
    async with dial(server) as socket:
        await socket.send(json.dumps(frame))
        closed, frames = await close_of(socket)
    assert (closed, frames) == (close_code, [{"type": "error", "code": code, "id": None}])
    assert chat.looks == 0


BAD_FRAMES = {
    "not json": "hello",
    "unknown": '{"type":"sudo"}',
    "no type": "{}",
    "depth": '{"type":"message","id":"message-1","text":' + "[" * 20_000 + "]" * 20_000 + "}",
    "nul": '{"type":"message","id":"message-1","text":"a\\u0000"}',
    "lone surrogate": '{"type":"message","id":"message-1","text":"\\udfff"}',
    "binary rubbish": b"\xff\xfe\x00",
    "missing field": '{"type":"read"}',
    "wrong type": '{"type":"read","message_id":"4"}',
    "true for a number": '{"type":"read","message_id":true}',
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_a_bad_frame_closes_the_socket_with_a_code_and_no_text(
    server: ChatServer, chat: FakeChat, name: str
) -> None:
    async with chatting(server) as socket:
        await socket.send(BAD_FRAMES[name])
        closed, [error] = await close_of(socket)
    assert (closed, set(error), chat.received) == (4400, {"type", "code", "id"}, [])
    assert error["code"] in ("malformed", "invalid_input")


async def test_a_frame_of_10_mb_closes_the_socket(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server) as socket:
        with suppress(ConnectionClosed):
            await socket.send("x" * 10_000_000)
        closed, frames = await close_of(socket)
    assert closed in (1009, 1006), "the server may cut the connection before its close frame is read"
    assert frames == []
    assert chat.received == []


async def test_a_frame_over_64_kb_closes_the_socket_whatever_the_server_allows(chat: FakeChat) -> None:
    app = FastAPI()
    app.include_router(webchat_routes(chat.ports(), chat_settings()))
    async with running_server(app, ws_max_size=2**24) as server, chatting(server) as socket:
        await say(socket, type="message", id="message-1", text="x", padding=" " * 70_000)
        closed, frames = await close_of(socket)
    assert (closed, frames, chat.received) == (1009, [{"type": "error", "code": "too_large", "id": None}], [])


async def test_a_flood_is_refused_and_then_cut(chat: FakeChat) -> None:
    async with serving(chat, ChatLimits(messages=Rate(1, 5))) as server, chatting(server) as socket:
        for number in range(200):
            await say(socket, type="message", id=f"message-{number}", text="x")
        closed, frames = await close_of(socket)
    refusals = [frame for frame in frames if frame["type"] == "error"]
    assert closed == 4429
    assert len(chat.received) <= 6
    assert refusals[0]["code"] == "rate_limited"
    assert refusals[0]["id"] == "message-5"
    assert refusals[0]["retry_after_s"] <= 1


async def test_a_lost_database_refuses_the_message_and_keeps_the_socket(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server) as socket:
        chat.is_down = True
        await say(socket, type="message", id="message-1", text="x")
        refused = await heard(socket)
        chat.is_down = False
        await say(socket, type="message", id="message-1", text="x")
        assert (await heard_until(socket, "accepted"))["id"] == "message-1"
    assert (refused["type"], refused["code"], refused["id"]) == ("error", "unavailable", "message-1")


async def test_a_fault_of_ours_shows_no_text_of_it(chat: FakeChat) -> None:
    async def broken(*_: object) -> ChatUpdates:
        raise RuntimeError("the password is 1234")

    chat.updates = broken  # type: ignore[method-assign]
    async with serving(chat, ChatLimits()) as server, dial(server) as socket:
        await say(socket, type="hello", token=a_token())
        closed, frames = await close_of(socket)
    assert (closed, frames) == (1011, [{"type": "error", "code": "fault", "id": None}])


async def test_a_visitor_hears_nothing_of_another(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server, "a" * 32) as anna, chatting(server, "b" * 32) as boris:
        chat.say("a" * 32, an_entry("for Anna"))
        assert (await heard(anna))["entries"][0]["text"] == "for Anna"
        await say(boris, type="ping")
        assert await heard(boris) == {"type": "pong"}


async def test_a_closed_socket_is_watched_no_longer(server: ChatServer, chat: FakeChat) -> None:
    async with chatting(server):
        assert len(chat._wakers["a" * 32]) == 1
    await asyncio.sleep(0.05)
    assert chat._wakers["a" * 32] == set()


async def test_hundreds_of_idle_sockets_ask_the_database_nothing(server: ChatServer, chat: FakeChat) -> None:
    async with AsyncExitStack() as stack:
        for number in range(200):
            await stack.enter_async_context(chatting(server, f"{number:032d}"))
        looks = chat.looks
        await asyncio.sleep(0.3)
        assert (looks, chat.looks) == (200, 200)
