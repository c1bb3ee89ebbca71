"""Keys and webhooks at the desk: for administrators, secrets shown once, every try in the log."""

import re

import pytest
from sqlalchemy import insert, select, update
from standardwebhooks import Webhook as StandardWebhook

from bot.postman import Sender
from channels.fetch import Guard
from channels.outgoing_webhook import Letter, Reception, signed_headers
from config.settings import WebhookSettings
from crm_core import models
from crm_core.api_keys import key_hash
from crm_core.contracts import UserId
from crm_core.db import unit_of_work, utc_now
from crm_core.models_api import ApiKey, Webhook, WebhookDelivery
from crm_core.models_oversight import AuditEntry
from crm_core.states import Role
from crm_core.webhooks import secret_of
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn

KEYS, WEBHOOKS = "/desk/admin/keys", "/desk/admin/webhooks"
SHOP = {"name": "The web shop", "days": "90", "scope_contacts:read": "1", "scope_orders:read": "1", "team_claims": "1"}
HOOK = {"url": "https://shop.example/hook", "kind_closed": "1", "kind_message_received": "1"}


@pytest.fixture
async def ada(log_in: LogIn, parts: DeskParts, staff: dict[str, UserId]) -> Browser:
    """Grace, made an administrator."""
    async with unit_of_work(parts.sessions) as session:
        grace = models.User.id == staff["grace"]
        await session.execute(update(models.User).where(grace).values(role=Role.ADMIN.value, language="en"))
    return await log_in("grace")


def shown_once(html: str) -> str:
    found = re.search(r'readonly value="([^"]+)"', html)
    assert found is not None
    return found[1]


async def test_a_key_is_shown_once_and_revoked(ada: Browser, parts: DeskParts) -> None:
    made = await ada.post(KEYS, **SHOP)
    key = shown_once(made.text)
    listed = (await ada.get(KEYS)).text
    assert (made.status_code, key.startswith("sb_"), key in listed, "The web shop" in listed) == (
        200,
        True,
        False,
        True,
    )
    async with parts.sessions() as session:
        (row,) = (await session.scalars(select(ApiKey))).all()
    assert (row.hash, row.scopes, row.teams) == (key_hash(key), ["contacts:read", "orders:read"], ["claims"])
    assert (row.expires_at - row.created_at).days == 90
    assert (await ada.post(f"{KEYS}/{row.id}")).status_code == 303
    assert "revoked" in (await ada.get(KEYS)).text
    trail = (await ada.get("/desk/audit?action=configuration_changed")).text
    assert (trail.count(f"key {row.id}"), "change: created" in trail, "change: revoked" in trail) == (2, True, True)


@pytest.mark.parametrize(
    ("without", "sentence"), [("name", "which program"), ("scope", "at least one thing")]
)  # fmt: skip
async def test_an_unfinished_key_says_what_is_missing(ada: Browser, without: str, sentence: str) -> None:
    fields = {name: value for name, value in SHOP.items() if not name.startswith(without)}
    answer = await ada.post(KEYS, **fields)
    assert (answer.status_code, sentence in answer.text) == (422, True)


async def test_a_webhook_s_secret_is_shown_once_and_signs(ada: Browser, parts: DeskParts) -> None:
    made = await ada.post(WEBHOOKS, **HOOK)
    secret = shown_once(made.text)
    assert secret not in (await ada.get(WEBHOOKS)).text
    async with parts.sessions() as session:
        (row,) = (await session.scalars(select(Webhook))).all()
    assert (row.url, row.kinds) == (HOOK["url"], ["message_received", "closed"])
    letter = Letter(row.url, "id", b"{}", secret_of(b"", row.salt))
    assert StandardWebhook(secret).verify(b"{}", signed_headers(letter, utc_now().timestamp())) == {}


def sender(parts: DeskParts, statuses: list[int]) -> Sender:
    """Answers in turn with `statuses`."""

    async def post(letter: Letter, guard: Guard, timeout_s: float) -> Reception:
        status = statuses.pop(0)
        return Reception(status, f"http_{status}", 12)

    return Sender(parts.sessions, b"", WebhookSettings(), post)


async def test_a_test_is_sent_and_a_delivery_sent_again(ada: Browser, parts: DeskParts) -> None:
    await ada.post(WEBHOOKS, **HOOK)
    async with parts.sessions() as session:
        webhook_id = await session.scalar(select(Webhook.id)) or 0
    page = f"{WEBHOOKS}/{webhook_id}"
    parts.now = utc_now  # type: ignore[method-assign]
    assert (await ada.post(page, verb="test")).status_code == 303
    await sender(parts, [503]).empty(webhook_id)
    assert "HTTP 503 · 12 ms" in (await ada.get(page)).text
    async with parts.sessions() as session:
        delivery_id = await session.scalar(select(WebhookDelivery.id)) or 0
    assert (await ada.post(f"{page}/deliveries/{delivery_id}")).status_code == 303
    await sender(parts, [204]).empty(webhook_id)
    shown = (await ada.get(page)).text
    assert ("HTTP 204" in shown, "2 tries" in shown) == (True, True)
    assert (await ada.post(f"{page}/deliveries/{delivery_id + 1}")).status_code == 404
    assert (await ada.post(page, verb="explode")).status_code == 422


async def test_one_that_failed_for_days_is_told_and_switched_on_again(ada: Browser, parts: DeskParts) -> None:
    await ada.post(WEBHOOKS, **HOOK)
    async with unit_of_work(parts.sessions) as session:
        await session.execute(update(Webhook).values(disabled_at=utc_now(), disabled_why="failing"))
        webhook_id = await session.scalar(select(Webhook.id))
    assert "Nothing is sent to https://shop.example/hook any more" in (await ada.get(WEBHOOKS)).text
    await ada.post(f"{WEBHOOKS}/{webhook_id}", verb="enable")
    assert "any more" not in (await ada.get(WEBHOOKS)).text
    await ada.post(f"{WEBHOOKS}/{webhook_id}", verb="remove")
    async with parts.sessions() as session:
        assert await session.scalar(select(Webhook.id)) is None
        changes = [row.detail["change"] for row in await session.scalars(select(AuditEntry)) if "change" in row.detail]
    assert changes == ["created", "enabled", "removed"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"url": "http://shop.example"}, "beginning with https://"),
        ({"kind_closed": "", "kind_message_received": ""}, "at least one event"),
    ],
)  # fmt: skip
async def test_an_unfinished_webhook_says_what_is_missing(ada: Browser, fields: dict[str, str], sentence: str) -> None:
    answer = await ada.post(WEBHOOKS, **{**HOOK, **fields})
    assert (answer.status_code, sentence in answer.text) == (422, True)


@pytest.mark.parametrize("name", ["elena", "grace"])
async def test_only_administrators_come_near(log_in: LogIn, parts: DeskParts, name: str) -> None:
    async with unit_of_work(parts.sessions) as session:
        values = {"url": "https://x.example", "kinds": [], "salt": b"", "cursor": 0, "created_at": utc_now()}
        webhook_id = await session.scalar(insert(Webhook).values(**values).returning(Webhook.id))
    browser = await log_in(name)
    for path in (KEYS, WEBHOOKS, f"{WEBHOOKS}/{webhook_id}"):
        assert (await browser.get(path)).status_code == 403
    one = f"{WEBHOOKS}/{webhook_id}"
    changes = [(KEYS, SHOP), (f"{KEYS}/1", {}), (WEBHOOKS, HOOK), (f"{one}/deliveries/1", {})]
    for path, fields in (*changes, (one, {"verb": "test"}), (one, {"verb": "remove"})):
        assert (await browser.post(path, **fields)).status_code == 403
