"""The attacks on webhooks, W1 to W9, against every channel through the real HTTP door and the real database."""

import asyncio
import gzip
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from bot.intake_door import IntakeDoor
from bot.metrics import Metrics
from channels.http import WebhookPorts, webhook_routes
from channels.protocol import ChannelRequest
from crm_core.blobs import FolderBlobStore
from crm_core.db import Sessions, unit_of_work
from crm_core.intake import inbox_ids
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from tests.channels.conftest import running_server
from tests.support.webhooks import Headers, Subject, subjects

pytestmark = pytest.mark.slow

SUBJECTS = {subject.key: subject for subject in subjects()}
KEYS = sorted(SUBJECTS)
ONE_OF_EACH = sorted({subject.kind: key for key, subject in sorted(SUBJECTS.items(), reverse=True)}.values())
BODY_TIMEOUT_S = 1.0
numbers = itertools.count(1)


@dataclass
class Door:
    """The webhooks of all subjects on a real server; `rows` counts what came through."""

    url: str
    client: httpx.AsyncClient
    sessions: Sessions

    async def post(self, key: str, body: bytes, headers: Headers, content_type: str | None = None) -> httpx.Response:
        known = SUBJECTS[key].content_type if key in SUBJECTS else "application/json"
        told = {"Content-Type": content_type or known, **headers}
        return await self.client.post(f"{self.url}/webhooks/{key}", content=body, headers=told)

    async def rows(self, table: str = "message") -> int:
        async with unit_of_work(self.sessions) as session:
            return int(await session.scalar(text(f"select count(*) from {table}")) or 0)


def trusting(subject: Subject) -> object:
    """The deliberately broken variant: the same channel without its check."""
    channel = subject.channel
    broken = type("Trusting", (type(channel),), {"verify": lambda _self, _request: True})
    copy = object.__new__(broken)
    copy.__dict__.update(channel.__dict__)
    return copy


async def opened(sessions: Sessions, directory: Path, *, broken: bool) -> FastAPI:
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, [ConfiguredInbox(key, SUBJECTS[key].kind, key, pulled=False) for key in KEYS])
        ids = await inbox_ids(session)
    parts = SimpleNamespace(
        sessions=sessions, inbox_ids=ids, blobs=FolderBlobStore(directory), metrics=Metrics(), inboxes={}
    )
    channels = {key: trusting(subject) if broken else subject.channel for key, subject in SUBJECTS.items()}
    app = FastAPI()
    ports = WebhookPorts(IntakeDoor(parts).take, lambda _channel: None)
    app.include_router(webhook_routes(channels, ports, body_timeout_s=BODY_TIMEOUT_S))
    return app


@pytest.fixture
async def door(sessions: Sessions, tmp_path: Path) -> AsyncIterator[Door]:
    async with running_server(await opened(sessions, tmp_path, broken=False)) as server:
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            yield Door(server.url, client, sessions)


def message(key: str, said: str = "Where is my order?") -> bytes:
    return SUBJECTS[key].message(str(next(numbers)), said)


SAID = (
    "hi",
    "¿Dónde está?",
    "Где заказ?",
    "😀🏳️‍🌈",
    " trailing ",
    "\u202eRTL",
    "a&b=c+d%20",
    "x" * 4000,
    "line\nline",
    "'; drop table",
)
WRITTEN: tuple[Callable[[bytes], bytes], ...] = (
    lambda body: body,
    lambda body: json.dumps(json.loads(body), indent=2).encode(),
    lambda body: json.dumps({**json.loads(body), "from_the_future": {"deep": [1, None]}}).encode() + b"\r\n",
)
WAYS: tuple[Headers, ...] = (
    {}, {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-For": "10.0.0.1"},
    {"Content-Type": "application/json; charset=utf-8"}, {"User-Agent": "", "Accept-Encoding": "gzip, br"},
)  # fmt: skip


@pytest.mark.parametrize("key", ONE_OF_EACH)
async def test_every_genuine_variant_passes(door: Door, key: str) -> None:
    bodies = [write(message(key, said)) for said, write, _ in itertools.product(SAID, WRITTEN, WAYS)]
    ways = [way for _, _, way in itertools.product(SAID, WRITTEN, WAYS)]
    sent = [door.post(key, body, {**SUBJECTS[key].sign(body), **way}) for body, way in zip(bodies, ways, strict=True)]
    told = [answer.status_code for answer in await asyncio.gather(*sent)]
    print(f"{key}: {len(told)} genuine, {sum(status != 200 for status in told)} rejected")  # noqa: T201
    assert {*told} == {200}
    assert await door.rows() == len(told)


def forgeries(key: str) -> list[tuple[bytes, Headers]]:
    subject = SUBJECTS[key]
    bodies = [message(key, said) for said in SAID[:8]] + [b"{}", b"", *subject.reports]
    return [(body, headers) for body in bodies for headers in subject.forge(body)]


@pytest.mark.parametrize("key", ONE_OF_EACH)
async def test_every_forgery_is_refused(door: Door, key: str) -> None:
    """W1, W4, W7: whatever is missing, wrong, old or signed by somebody else."""
    answers = await asyncio.gather(*(door.post(key, body, headers) for body, headers in forgeries(key)))
    told = [answer.status_code for answer in answers]
    print(f"{key}: {len(told)} forged, {sum(status != 403 for status in told)} accepted")  # noqa: T201
    assert {*told} == {403}
    assert (await door.rows(), await door.rows("address"), await door.rows("event")) == (0, 0, 0)


def test_there_are_enough_of_both() -> None:
    assert len(ONE_OF_EACH) * len(SAID) * len(WRITTEN) * len(WAYS) >= 200
    assert sum(len(forgeries(key)) for key in ONE_OF_EACH) >= 500


@pytest.mark.parametrize("key", ONE_OF_EACH)
async def test_a_door_without_its_check_lets_forgeries_in(sessions: Sessions, tmp_path: Path, key: str) -> None:
    """The broken variant must be seen to fail, else the two tests above prove nothing."""
    async with running_server(await opened(sessions, tmp_path, broken=True)) as server, httpx.AsyncClient() as client:
        broken = Door(server.url, client, sessions)
        assert (await broken.post(key, message(key), {})).status_code == 200
        assert await broken.rows() == 1


@pytest.mark.parametrize(("mine", "theirs"), [("bot_a", "bot_b"), ("shop_a", "shop_b"), ("bot_a", "shop_a")])
async def test_one_tenants_signature_opens_no_other_door(door: Door, mine: str, theirs: str) -> None:
    """W6."""
    body = message(theirs)
    assert (await door.post(theirs, body, SUBJECTS[mine].sign(body))).status_code == 403
    assert (await door.post("nobody", body, SUBJECTS[mine].sign(body))).status_code == 404
    assert await door.rows() == 0


@pytest.mark.parametrize("key", ONE_OF_EACH)
async def test_a_thousand_copies_at_once_are_one_message_and_one_turn(door: Door, key: str) -> None:
    """W5."""
    body = message(key)
    headers = SUBJECTS[key].sign(body)
    told = await asyncio.gather(*(door.post(key, body, headers) for _ in range(1000)))
    assert {answer.status_code for answer in told} == {200}
    assert (await door.rows(), await door.rows("job where kind = 'turn'")) == (1, 1)


def hostile(key: str) -> dict[str, bytes]:
    """Bodies that a provider could sign without looking at them."""
    good = message(key, "MARK")
    return {
        "NUL": good.replace(b"MARK", b"a\\u0000b"),
        "lone surrogate": good.replace(b"MARK", b"a\\ud800b"),
        "half of UTF-8": good.replace(b"MARK", b"a\xc3"),
        "duplicate keys": good[:-1] + b"," + good[1:],
        "10,000 deep": b"[" * 10_000 + b"]" * 10_000,
        "10,000 deep inside": good[:-1] + b',"x":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        "no end": good[:-1],
        "a huge number": good.replace(b'"MARK"', b"9" * 5_000),
        "not a number": good.replace(b'"MARK"', b"NaN"),
        "an object for a text": good.replace(b'"MARK"', b'{"$ne":null}'),
        "gzip": gzip.compress(good),
        "nothing": b"",
        "a list": b"[" + good + b"]",
        "a method of the provider": good[:-1] + b',"method":"sendMessage","chat_id":1,"text":"x"}',
    }


@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("key", ONE_OF_EACH)
async def test_hostile_bodies_are_answered_at_once_without_a_fault(door: Door, key: str, *, is_signed: bool) -> None:
    """W8, W9: never a 5xx, never over a second, and nothing of the body in the answer."""
    for name, body in hostile(key).items():
        started = time.monotonic()
        headers = SUBJECTS[key].sign(body) if is_signed else {}
        packed = {"Content-Encoding": "gzip"} if name == "gzip" else {}
        answer = await door.post(key, body, {**headers, **packed})
        assert (name, answer.status_code < 500) == (name, True)
        assert (name, time.monotonic() - started < 2) == (name, True)
        assert (name, "sendMessage" in answer.text, "method" in answer.json()) == (name, False, False)
        if not is_signed:
            assert (name, answer.status_code) == (name, 403)


@pytest.mark.parametrize("key", ONE_OF_EACH)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x" * 5000]
)
async def test_a_wrong_content_type_is_no_way_in(door: Door, key: str, kind: str) -> None:
    answer = await door.post(key, message(key), {}, kind or "application/octet-stream")
    assert (answer.status_code, await door.rows()) == (403, 0)


@pytest.mark.parametrize("key", ONE_OF_EACH)
async def test_a_bomb_in_gzip_is_never_unpacked(door: Door, key: str) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    headers = {**SUBJECTS[key].sign(bomb), "Content-Encoding": "gzip"}
    assert (await door.post(key, bomb, headers)).status_code == 400


@pytest.mark.parametrize("key", ONE_OF_EACH)
async def test_fifty_megabytes_are_cut_off(door: Door, key: str) -> None:
    """Told by its length, and where no length is told."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 1_000_000

    url = f"{door.url}/webhooks/{key}"
    declared = await _refused(door.client.post(url, content=b"x" * 50_000_000))
    streamed = await _refused(door.client.post(url, content=endless()))
    assert (declared, streamed) == (413, 413)
    assert await door.rows() == 0


async def _refused(posting: object) -> int:
    """A server may hang up on what it does not want to read; that is a refusal as well."""
    try:
        return (await posting).status_code  # type: ignore[misc]
    except (httpx.WriteError, httpx.ReadError):
        return 413


async def test_slow_senders_keep_nobody_out_and_are_let_go(door: Door) -> None:
    """W8, slowloris: a hundred that never finish; a genuine message is stored at once."""
    key, host, port = KEYS[0], "127.0.0.1", int(door.url.rpartition(":")[2])
    slow = [await asyncio.open_connection(host, port) for _ in range(100)]
    for _, writer in slow:
        writer.write(f"POST /webhooks/{key} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
    body = message(key)
    started = time.monotonic()
    assert (await door.post(key, body, SUBJECTS[key].sign(body))).status_code == 200
    assert time.monotonic() - started < 2
    told = await asyncio.wait_for(slow[0][0].readline(), 10)
    for _, writer in slow:
        writer.close()
    assert b"408" in told


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(door: Door, method: str) -> None:
    assert (await door.client.request(method, f"{door.url}/webhooks/{KEYS[0]}")).status_code == 405


def test_an_unset_secret_verifies_nothing() -> None:
    """W3, on the adapters themselves; an inbox without its secret is not even opened."""
    for subject in SUBJECTS.values():
        emptied = object.__new__(type(subject.channel))
        emptied.__dict__.update({**subject.channel.__dict__, "_secret": b""})
        body = subject.message("1", "x")
        for headers in (*subject.forge(body), subject.sign(body)):
            plain = {name.lower(): str(value) for name, value in headers.items()}
            assert not emptied.verify(ChannelRequest("POST", "/", headers=plain, body=body))
