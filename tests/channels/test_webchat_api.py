"""Web chat over HTTP, as the widget and as an attacker would use it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import jwt
import pytest

from channels.webchat_types import ChatEntry, ChatLimits, ChatState, ChatUpdates, EntryAuthor, Rate
from crm_core.contracts import Card, Choice, Identity, Tone
from tests.channels.conftest import open_client
from tests.support.chat_fake import SECRET, FakeChat, chat_settings

ID = "11111111-2222-4333-8444-555555555555"


def message(text: str = "where is my order", **more: object) -> dict[str, object]:
    return {"id": ID, "text": text, "language": "en", **more}


def visitor_of(chat: FakeChat) -> str:
    return chat.received[-1].sender.value


async def test_a_message_is_stored_before_it_is_answered(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str]
) -> None:
    answer = await client.post("/chat/web/messages", json=message(), headers=bearer)
    assert (answer.status_code, answer.json()) == (200, {"id": ID, "message_id": 1, "duplicate": False})
    assert chat.texts() == ["where is my order"]


async def test_a_repeated_message_is_stored_once(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str]
) -> None:
    answers = [await client.post("/chat/web/messages", json=message(), headers=bearer) for _ in range(3)]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True, True]
    assert len(chat.received) == 1


async def test_two_visitors_may_use_the_same_id(client: httpx.AsyncClient, chat: FakeChat) -> None:
    for _ in range(2):
        token = (await client.post("/chat/web/visitors")).json()["token"]
        await client.post("/chat/web/messages", json=message(), headers={"Authorization": f"Bearer {token}"})
    assert len(chat.received) == 2


async def test_a_visitor_sees_their_own_entries_only(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    await client.post("/chat/web/messages", json=message("my secret"), headers=bearer)
    stranger = (await client.post("/chat/web/visitors")).json()["token"]
    theirs = await client.get("/chat/web/messages", headers={"Authorization": f"Bearer {stranger}"})
    mine = await client.get("/chat/web/messages", headers=bearer)
    assert theirs.json()["entries"] == []
    assert [(entry["text"], entry["client_id"]) for entry in mine.json()["entries"]] == [("my secret", ID)]


async def test_an_entry_carries_all_that_the_widget_draws(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str]
) -> None:
    await client.post("/chat/web/messages", json=message(), headers=bearer)
    card = Card("Order 1", "shipped", Tone.OK, 2, 4, ("one", "two"), "as of 14:02", "https://t.example/1", "Track")
    entry = ChatEntry(0, datetime(2026, 11, 23, 14, 2, tzinfo=UTC), EntryAuthor.BOT, "Order 1 is on its way.")
    chat.say(visitor_of(chat), replace(entry, card=card, choices=(Choice("Yes", "yes"),)))
    chat.set_status(visitor_of(chat), ChatUpdates((), ChatState.QUEUED, 2, 90.0))
    answer = (await client.get("/chat/web/messages?after=1", headers=bearer)).json()
    [shown] = answer["entries"]
    assert shown["card"]["title"] == "Order 1"
    assert shown["card"]["lines"] == ["one", "two"]
    assert shown["choices"] == [{"label": "Yes", "value": "yes"}]
    assert (shown["author"], shown["at"]) == ("bot", "2026-11-23T14:02:00+00:00")
    assert (answer["state"], answer["queue_position"], answer["estimated_wait_s"]) == ("queued", 2, 90.0)


async def test_a_long_poll_answers_as_soon_as_something_happens(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str]
) -> None:
    await client.post("/chat/web/messages", json=message(), headers=bearer)
    poll = asyncio.create_task(client.get("/chat/web/messages?after=1&wait=25", headers=bearer))
    await asyncio.sleep(0.05)
    assert not poll.done()
    chat.say(visitor_of(chat), ChatEntry(0, datetime.now(UTC), EntryAuthor.AGENT, "Hello"))
    answer = await asyncio.wait_for(poll, 2)
    assert [entry["text"] for entry in answer.json()["entries"]] == ["Hello"]


async def test_the_identity_of_a_signed_visitor_goes_with_each_message(
    client: httpx.AsyncClient, chat: FakeChat
) -> None:
    content = {"sub": "C-7", "aud": "web", "exp": int(time.time()) + 60, "email": "anna@example.com", "name": "Anna"}
    made = await client.post("/chat/web/visitors", json={"identity_token": jwt.encode(content, SECRET, "HS256")})
    assert (made.status_code, made.json()["name"]) == (201, "Anna")
    await client.post("/chat/web/messages", json=message(), headers={"Authorization": f"Bearer {made.json()['token']}"})
    assert chat.received[0].identity == Identity("C-7", email="anna@example.com", name="Anna")


@pytest.mark.parametrize(
    "body", [{"user_id": "C-7"}, {"user_hash": "0" * 64}, {"user_id": "C-7", "user_hash": ""}, {"identity_token": ""}]
)
async def test_a_claimed_identity_without_proof_is_refused(client: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await client.post("/chat/web/visitors", json=body)).status_code == 401


async def test_an_inbox_without_a_secret_takes_no_identity(client: httpx.AsyncClient) -> None:
    content = {"sub": "C-7", "aud": "other", "exp": int(time.time()) + 60}
    answer = await client.post("/chat/other/visitors", json={"identity_token": jwt.encode(content, SECRET, "HS256")})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["messages", "survey", "transcript", "offline", "attachments", "read", "typing"])
async def test_nothing_is_done_without_a_token(client: httpx.AsyncClient, chat: FakeChat, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer forged.token"}, {"Authorization": "Basic x"}):
        answer = await client.post(f"/chat/web/{path}", json=message(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert chat == FakeChat()


async def test_a_token_of_one_inbox_opens_no_other(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    assert (await client.get("/chat/other/messages", headers=bearer)).status_code == 401


async def test_only_sites_on_the_list_may_call(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    evil = await client.post("/chat/web/messages", json=message(), headers={**bearer, "Origin": "https://evil.test"})
    good = await client.post("/chat/web/messages", json=message(), headers={**bearer, "Origin": "https://shop.test"})
    assert evil.status_code == 403
    assert "access-control-allow-origin" not in evil.headers
    assert (good.status_code, good.headers["access-control-allow-origin"]) == (200, "https://shop.test")


@pytest.mark.parametrize(
    "origin",
    ["null", "https://shop.test.evil.test", "https://shop.test:8443", "http://shop.test", "https://shop.test@evil.test",
     "javascript:alert(1)", "https://[", ""],
)  # fmt: skip
async def test_a_preflight_of_another_site_is_refused(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.options("/chat/web/messages", headers={"Origin": origin})
    assert answer.status_code == 403


async def test_a_preflight_of_a_listed_site_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.options("/chat/web/messages", headers={"Origin": "https://shop.test"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type, X-File-Name"


def nested(depth: int) -> bytes:
    return b'{"id":"12345678","text":' + b"[" * depth + b"]" * depth + b"}"


BAD_BODIES: dict[str, tuple[bytes, int]] = {
    "not json": (b"hello", 400),
    "empty": (b"", 400),
    "bad utf-8": (b'{"id":"12345678","text":"\xff"}', 400),
    "depth": (nested(30_000), 400),
    "nul": (b'{"id":"12345678","text":"a\\u0000b"}', 422),
    "lone surrogate": (b'{"id":"12345678","text":"\\ud800"}', 400),
    "array": (b"[]", 422),
    "no id": (b'{"text":"x"}', 422),
    "id as number": (b'{"id":12345678,"text":"x"}', 422),
    "id too short": (b'{"id":"1","text":"x"}', 422),
    "id with a path": (b'{"id":"../../../etc","text":"x"}', 422),
    "text as object": (b'{"id":"12345678","text":{}}', 422),
    "nothing said": (b'{"id":"12345678","text":"  "}', 422),
    "too long": (b'{"id":"12345678","text":"' + b"x" * 20_001 + b'"}', 422),
    "language": (b'{"id":"12345678","text":"x","language":"../"}', 422),
    "attachment unknown": (b'{"id":"12345678","text":"x","attachments":["' + b"Z" * 43 + b'"]}', 422),
    "attachments many": (b'{"id":"12345678","text":"x","attachments":["a","b","c","d","e","f"]}', 422),
    "64 kB": (b'{"id":"12345678","text":"' + b" " * 70_000 + b'"}', 413),
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_is_refused_with_a_sentence(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str], name: str
) -> None:
    body, status = BAD_BODIES[name]
    answer = await client.post("/chat/web/messages", content=body, headers=bearer)
    assert (answer.status_code, chat.received) == (status, [])
    assert answer.json()["message"].endswith(".")
    assert not any(word in answer.text for word in ("Traceback", "pydantic", "Error", "input_value"))


async def test_a_streamed_body_is_cut_at_the_limit(client: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1024
            yield b"x" * 1024

    answer = await client.post("/chat/web/messages", content=endless(), headers=bearer)
    assert answer.status_code == 413
    assert sent < 200_000


async def test_a_lost_database_asks_to_try_again(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str]
) -> None:
    chat.is_down = True
    answer = await client.post("/chat/web/messages", json=message(), headers=bearer)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "2")


async def test_too_many_messages_are_slowed_down(chat: FakeChat) -> None:
    settings = chat_settings(limits=ChatLimits(messages=Rate(0.5, 2)))
    async with open_client(chat, settings) as client:
        headers = {"Authorization": f"Bearer {(await client.post('/chat/web/visitors')).json()['token']}"}
        answers = [
            await client.post("/chat/web/messages", json={"id": f"message-{n}", "text": "x"}, headers=headers)
            for n in range(3)
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["retry-after"] == "2"


async def test_one_address_cannot_make_visitors_without_end(chat: FakeChat) -> None:
    async with open_client(chat, chat_settings(limits=ChatLimits(visitors=Rate(0.1, 3)))) as client:
        spoofed = [
            await client.post("/chat/web/visitors", headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(4)
        ]
    assert [answer.status_code for answer in spoofed] == [201, 201, 201, 429]


async def test_the_forms_reach_their_ports(client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str]) -> None:
    survey = await client.post("/chat/web/survey", json={"score": 5, "comment": "¡Gracias!"}, headers=bearer)
    transcript = await client.post("/chat/web/transcript", json={"email": "anna@example.com"}, headers=bearer)
    offline = await client.post(
        "/chat/web/offline", json=message("call me", email="anna@example.com", name="Anna"), headers=bearer
    )
    read = await client.post("/chat/web/read", json={"type": "read", "message_id": 3}, headers=bearer)
    typing = await client.post("/chat/web/typing", headers=bearer)
    assert [each.status_code for each in (survey, transcript, offline, read, typing)] == [204, 202, 200, 204, 204]
    assert (chat.surveys[0].score, chat.transcripts, chat.reads) == (5, ["anna@example.com"], [3])
    assert (chat.left[0][0].text, chat.left[0][1].email, chat.left[0][1].name) == (
        "call me",
        "anna@example.com",
        "Anna",
    )
    assert chat.left[0][0].identity is None


@pytest.mark.parametrize("score", [0, 6, -1, 2.5, "5", True, None, [5]])
async def test_a_score_is_a_whole_number_from_1_to_5(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str], score: object
) -> None:
    assert (await client.post("/chat/web/survey", json={"score": score}, headers=bearer)).status_code == 422
    assert chat.surveys == []


@pytest.mark.parametrize(
    "email", ["", "anna", "anna@", "@example.com", "a b@example.com", "a@example.com\r\nBcc: b@example.com",
              "a@example.com,b@example.com", "<a@example.com>", "a" * 300 + "@example.com", "a@exa\x00mple.com"],
)  # fmt: skip
async def test_a_transcript_goes_to_one_plain_address(
    client: httpx.AsyncClient, chat: FakeChat, bearer: dict[str, str], email: str
) -> None:
    assert (await client.post("/chat/web/transcript", json={"email": email}, headers=bearer)).status_code == 422
    assert chat.transcripts == []


async def test_nobody_is_flooded_with_transcripts(client: httpx.AsyncClient) -> None:
    answers = []
    for _ in range(5):
        token = (await client.post("/chat/web/visitors")).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answers.append(await client.post("/chat/web/transcript", json={"email": "v@example.com"}, headers=headers))
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]


async def test_the_status_says_whether_people_are_here(client: httpx.AsyncClient, chat: FakeChat) -> None:
    chat.is_open = False
    assert (await client.get("/chat/web/status")).json() == {"open": False}


@pytest.mark.parametrize("path", ["/chat/nobody/status", "/chat/nobody/frame", "/chat/nobody/messages"])
async def test_an_unknown_inbox_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("query", ["after=-1", "after=1e3", "after=9223372036854775808", "wait=26", "wait=x"])
async def test_a_wrong_cursor_is_refused(client: httpx.AsyncClient, bearer: dict[str, str], query: str) -> None:
    answer = await client.get(f"/chat/web/messages?{query}", headers=bearer)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
