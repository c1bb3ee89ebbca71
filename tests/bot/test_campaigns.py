"""Campaigns in the worker: killed at the worst moment, nobody is forgotten and nobody is written to twice."""

import asyncio
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from aiosmtplib.email import flatten_message
from fastapi import FastAPI
from sqlalchemy import update

from bot.campaigns import UnsubscribeLinks
from bot.replies import Replies
from bot.unsubscribe_page import Unsubscribing, unsubscribe_routes
from bot.upkeep import close_idle
from channels.email_compose import MailStyle, compose
from config.business import Business
from config.settings import ROOT
from crm_core import models
from crm_core.consents import consent_of
from crm_core.contracts import Address, AddressKind, ConversationId, MessageId, Outbound
from crm_core.db import Sessions, utc_now
from tests.support.factories import Centre
from tests.support.marketing import Marketing

PEOPLE = 12


@pytest.fixture
async def centre(sessions: Sessions, now: datetime) -> Centre:
    return await Centre(sessions, now).open()


@pytest.fixture
async def marketing(centre: Centre) -> Marketing:
    return await Marketing(centre).open()


async def run_worker(url: str, path: Path, *how: str) -> int:
    command = (sys.executable, "-m", "tests.support.campaign_worker", url, str(path), *how)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    return await process.wait()


async def killed_and_started_again(marketing: Marketing, url: str, path: Path, *how: str) -> dict[str, set[str]]:
    """What each person got, as ids of letters: a mailbox shows the same letter once."""
    marketing.centre.now = utc_now()
    await marketing.crowd(PEOPLE)
    await marketing.campaign()
    assert await run_worker(url, path, *how, "5") == -9
    async with marketing.centre.work() as session:  # as if the lease of the dead had run out
        await session.execute(update(models.Job).values(run_at=utc_now()))
    assert await run_worker(url, path, *how, "0") == 0
    got: defaultdict[str, set[str]] = defaultdict(set)
    for line in (await asyncio.to_thread(path.read_text)).splitlines():
        recipient, message_id = line.split()
        got[recipient].add(message_id)
    return got


def is_once_each(got: dict[str, set[str]]) -> bool:
    return len(got) == PEOPLE and all(len(ids) == 1 for ids in got.values())


@pytest.mark.slow
@pytest.mark.parametrize("where", ["posting", "sending"])
async def test_a_worker_killed_in_the_middle_loses_nobody_and_writes_to_nobody_twice(
    marketing: Marketing, database_url: str, tmp_path: Path, where: str
) -> None:
    assert is_once_each(
        await killed_and_started_again(marketing, database_url, tmp_path / "taken", "careful", where)
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("how", ["marks_later", "marks_first"])
async def test_a_mark_apart_from_its_message_is_caught(
    marketing: Marketing, database_url: str, tmp_path: Path, how: str
) -> None:
    """The check must see both ways to do it wrong: one writes twice, the other forgets."""
    assert not is_once_each(
        await killed_and_started_again(marketing, database_url, tmp_path / "taken", how, "posting")
    )  # fmt: skip


Left = tuple[httpx.AsyncClient, UnsubscribeLinks, int]


@pytest.fixture
async def asked(marketing: Marketing, business: Business, replies: Replies) -> Left:
    anna = await marketing.person("Anna", language="es")
    links = UnsubscribeLinks("http://desk.test", b"key")
    app = FastAPI()
    app.include_router(unsubscribe_routes(Unsubscribing(marketing.centre.sessions, business, replies, links)))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test")
    return client, links, anna


async def is_agreed(centre: Centre, contact_id: int) -> bool:
    async with centre.work() as session:
        consent = await consent_of(session, contact_id)
    return consent is not None and consent.is_given


async def test_looking_at_the_link_changes_nothing_and_one_click_ends_it(asked: Left, centre: Centre) -> None:
    client, links, anna = asked
    link = links.of(anna)  # type: ignore[arg-type]
    page = await client.get(link)
    assert "¿No recibir más" in page.text
    assert await is_agreed(centre, anna)
    one_click = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        answer = await client.post(link, data=one_click)
        assert (answer.status_code, "Le hemos dado de baja" in answer.text) == (200, True)
    assert not await is_agreed(centre, anna)
    assert "Le hemos dado de baja" in (await client.get(link)).text


@pytest.mark.parametrize("token", ["{anna}.0", "{other}.{mac}", "x.{mac}", "{anna}", "", "9" * 30 + ".{mac}"])
async def test_a_link_that_we_did_not_sign_ends_nothing(asked: Left, centre: Centre, token: str) -> None:
    client, links, anna = asked
    mac = links.of(anna).rpartition(".")[2]  # type: ignore[arg-type]
    path = f"/unsubscribe/{token.format(anna=anna, other=anna + 1, mac=mac)}"
    assert (await client.post(path)).status_code == 404
    assert await is_agreed(centre, anna)


async def test_what_we_began_stays_open_for_an_answer(marketing: Marketing, centre: Centre) -> None:
    await marketing.person("Anna")
    await marketing.campaign()
    await marketing.post_all()
    for days, closed in ((2, 0), (15, 1)):
        assert await close_idle(centre.sessions, marketing.later(days=days)) == closed


def test_a_letter_carries_the_one_click_fields_and_others_do_not() -> None:
    """RFC 8058 sections 3.1 and 3.2."""
    style, at = MailStyle("Oslo <news@oslo.example>", "Oslo"), utc_now()
    asked_for = Outbound(
        MessageId(1), ConversationId(1), "mail", Address(AddressKind.MAILTO, "a@example.com"), "Hi", "en", "Oak"
    )
    assert compose(asked_for, style, at)["List-Unsubscribe"] is None
    link = f"https://contact-centre.furniture-of-a-long-name.example/{'path/' * 8}unsubscribe/7.{'ab' * 16}"
    sent = flatten_message(compose(replace(asked_for, unsubscribe=link), style, at)).decode()
    assert f"List-Unsubscribe: <{link}>\r\n" in sent, "not folded and not encoded, however long"
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in sent
