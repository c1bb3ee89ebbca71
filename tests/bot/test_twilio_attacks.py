"""The attacks on webhooks, W1 to W8, against SMS and WhatsApp, through the real HTTP door and the real database."""

import asyncio
import gzip
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from bot.intake_door import IntakeDoor
from bot.metrics import Metrics
from bot.sending import Sending
from channels.http import WebhookPorts, webhook_routes
from channels.twilio_messages import TwilioMessages
from crm_core import jobs, models
from crm_core.blobs import FolderBlobStore
from crm_core.contracts import ConversationId
from crm_core.conversations import lock_conversation
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.intake import inbox_ids
from crm_core.outbox import BOT_VOICE, Utterance, post
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from tests.support.twilio_webhooks import twilio_subjects
from tests.support.webhooks import Headers, Subject

pytestmark = pytest.mark.slow

SUBJECTS = {subject.key: subject for subject in twilio_subjects()}
KEYS = ("sms_a", "whatsapp_a")
SAID = (
    "hi",
    " trailing ",
    "",
    "¿Dónde está?",
    "Где заказ?",
    "😀",
    "a&b=c+d%20",
    "x" * 1600,
    "line\r\nline",
    "'\"<>",
    "+",
)
FURTHER = (b"", b"&FromTheFuture=1", b"&Empty=", b"&Tags=b&Tags=a&Tags=a", b"&AddOns=%7B%22a%22%3A1%7D")
WAYS: tuple[Headers, ...] = (
    {}, {"X-Forwarded-Host": "evil.example"},
    {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
)  # fmt: skip
numbers = itertools.count(1)


@dataclass
class Door:
    client: httpx.AsyncClient
    sessions: Sessions

    async def post(self, key: str, body: bytes, headers: Headers) -> httpx.Response:
        told = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self.client.post(f"/webhooks/{key}", content=body, headers=told)

    async def rows(self, table: str = "message") -> int:
        async with unit_of_work(self.sessions) as session:
            return int(await session.scalar(text(f"select count(*) from {table}")) or 0)


def trusting(subject: Subject) -> object:
    """The deliberately broken variant: the same channel without its check."""
    broken = type("Trusting", (type(subject.channel),), {"verify": lambda _self, _request: True})
    copy = object.__new__(broken)
    copy.__dict__.update(subject.channel.__dict__)
    return copy


async def opened(sessions: Sessions, directory: Path, *, broken: bool = False) -> httpx.AsyncClient:
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, [ConfiguredInbox(key, key[:-2], key, pulled=False) for key in SUBJECTS])
        ids = await inbox_ids(session)
    parts = SimpleNamespace(
        sessions=sessions, inbox_ids=ids, blobs=FolderBlobStore(directory), metrics=Metrics(), inboxes={}
    )
    channels = {key: trusting(subject) if broken else subject.channel for key, subject in SUBJECTS.items()}
    app = FastAPI()
    app.include_router(webhook_routes(channels, WebhookPorts(IntakeDoor(parts).take, lambda _: None)))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7:8080")


@pytest.fixture
async def door(sessions: Sessions, tmp_path: Path) -> AsyncIterator[Door]:
    async with await opened(sessions, tmp_path) as client:
        yield Door(client, sessions)


def message(key: str, said: str = "Where is my order?") -> bytes:
    return SUBJECTS[key].message(str(next(numbers)), said)


@pytest.mark.parametrize("key", KEYS)
async def test_every_genuine_variant_passes(door: Door, key: str) -> None:
    """W2."""
    told = []
    for said, further, way in itertools.product(SAID, FURTHER, WAYS):
        body = message(key, said) + further
        told.append((await door.post(key, body, {**SUBJECTS[key].sign(body), **way})).status_code)
    print(f"{key}: {len(told)} genuine, {sum(status != 200 for status in told)} rejected")  # noqa: T201
    assert ({*told}, await door.rows()) == ({200}, len(told))
    assert len(told) >= 150


def forgeries(key: str) -> list[tuple[bytes, Headers]]:
    bodies = [*(message(key, said) for said in SAID), b"", *SUBJECTS[key].reports]
    return [(body, headers) for body in bodies for headers in SUBJECTS[key].forge(body)]


@pytest.mark.parametrize("key", KEYS)
async def test_every_forgery_is_refused(door: Door, key: str) -> None:
    """W1, W7: whatever is missing, wrong, or signed by somebody else."""
    told = [(await door.post(key, body, headers)).status_code for body, headers in forgeries(key)]
    print(f"{key}: {len(told)} forged, {sum(status != 403 for status in told)} accepted")  # noqa: T201
    assert {*told} == {403}
    assert (await door.rows(), await door.rows("address"), await door.rows("event")) == (0, 0, 0)
    assert len(told) >= 400


@pytest.mark.parametrize("key", KEYS)
async def test_a_door_without_its_check_lets_forgeries_in(sessions: Sessions, tmp_path: Path, key: str) -> None:
    """The broken variant must be seen to fail, else the test above proves nothing."""
    async with await opened(sessions, tmp_path, broken=True) as client:
        broken = Door(client, sessions)
        assert (await broken.post(key, message(key), {})).status_code == 200
        assert await broken.rows() == 1


@pytest.mark.parametrize(
    ("mine", "theirs"), [("sms_a", "sms_b"), ("whatsapp_b", "whatsapp_a"), ("sms_a", "whatsapp_a")]
)
async def test_one_accounts_signature_opens_no_other_door(door: Door, mine: str, theirs: str) -> None:
    """W6: signed for the wrong address, and signed by us about another account or another number."""
    for body in (message(mine), message(theirs)):
        assert (await door.post(theirs, body, SUBJECTS[mine].sign(body))).status_code == 403
    about_them = message(theirs)
    if mine[:-2] == theirs[:-2]:
        assert (await door.post(mine, about_them, SUBJECTS[mine].sign(about_them))).status_code == 403
    assert await door.rows() == 0


async def test_three_hundred_copies_are_one_message_and_one_turn(door: Door) -> None:
    """W5, forty at once."""
    body, key = message("sms_a"), "sms_a"
    headers, places = SUBJECTS[key].sign(body), asyncio.Semaphore(40)

    async def send() -> int:
        async with places:
            return (await door.post(key, body, headers)).status_code

    assert {*await asyncio.gather(*(send() for _ in range(300)))} == {200}
    assert (await door.rows(), await door.rows("job where kind = 'turn'")) == (1, 1)


@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("key", KEYS)
async def test_hostile_bodies_are_answered_at_once_without_a_fault(door: Door, key: str, *, is_signed: bool) -> None:
    """W8: never a 5xx, never over a second, an empty document to the provider."""
    good = message(key, "MARK")
    hostile = [
        good.replace(b"MARK", b"a%00b"), good.replace(b"MARK", b"%ED%A0%80"), good.replace(b"MARK", b"\xff\xfe"),
        good + b"&Body=other", good + b"&x=1" * 10_000, good.replace(b"MARK", b"x" * 100_000), gzip.compress(good), b"",
        b"[" * 10_000, good.replace(b"NumMedia=0", b"NumMedia=99999999999999999999"), good.replace(b"From=", b"From=x"),
        good.replace(b"NumMedia=0", b"NumMedia=2&MediaUrl0=http%3A%2F%2F169.254.169.254%2F&MediaUrl1=file%3A%2F%2F"),
    ]  # fmt: skip
    for place, body in enumerate(hostile):
        started = time.monotonic()
        answer = await door.post(key, body, SUBJECTS[key].sign(body) if is_signed else {})
        assert (place, answer.status_code < 500, time.monotonic() - started < 2) == (place, True, True)
        assert is_signed or answer.status_code == 403
    assert await door.rows("job where kind = 'fetch'") == 0


async def test_nothing_is_sent_after_stop_until_start(door: Door, sessions: Sessions) -> None:
    key, channel = "sms_a", SUBJECTS["sms_a"].channel
    assert isinstance(channel, TwilioMessages)
    for word, state in (("hello", None), ("СТОП", "failed"), ("start", None)):
        body = message(key, word)
        assert (await door.post(key, body, SUBJECTS[key].sign(body))).status_code == 200
        async with unit_of_work(sessions) as session:
            conversation_id = ConversationId((await session.scalars(text("select id from conversation"))).one())
            conversation = await lock_conversation(session, conversation_id)
            (message_id,) = await post(session, utc_now(), conversation, BOT_VOICE, [Utterance("Your order is here.")])
            claimed = await jobs.claim(session, utc_now(), worker="t", limit=50, lease_s=60)
        sending = Sending(sessions, {} if state is None else {key: channel}, Metrics())
        job = next(job for job in claimed if job.payload.get("message_id") == message_id)
        if state is None:
            continue
        await sending.send(job)
        async with sessions() as session:
            stored = await session.get_one(models.Message, message_id)
        assert (stored.delivery, stored.delivery_code) == ("failed", "unreachable")
    async with sessions() as session:
        address = (await session.scalars(text("select unreachable_why from address"))).one()
    assert address is None
