"""Events that are sent out: who wants which, what is still to be delivered, and the log of every try."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import JsonObject
from crm_core.errors import InvalidInput, NotFound
from crm_core.event_feed import TOLD
from crm_core.events import Actor, EventKind
from crm_core.models_api import Webhook, WebhookAttempt, WebhookDelivery
from crm_core.states import DeliveryOutcome

MOST_URL_CHARACTERS, MOST_WEBHOOKS, SHOWN = 500, 50, 50
SALT_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - as Standard Webhooks writes secrets


class NoAddress(InvalidInput):
    code = "no_address"


class NoKind(InvalidInput):
    code = "no_kind"


@dataclass(frozen=True, slots=True)
class ListedWebhook:
    id: int
    url: str
    kinds: tuple[str, ...]
    waiting: int
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None


@dataclass(frozen=True, slots=True)
class ListedDelivery:
    """`event_id` None is a test. `status` and `code` are of the last try."""

    id: int
    event_id: int | None
    kind: str | None
    outcome: str
    attempts: int
    created_at: datetime
    due_at: datetime
    tried_at: datetime | None
    status: int | None
    code: str | None
    duration_ms: int | None


def secret_of(key: bytes, salt: bytes) -> bytes:
    """What signs: computed from the server's key, so that a copy of the database alone signs nothing."""
    return hmac.digest(key, salt, hashlib.sha256)


def shown_secret(secret: bytes) -> str:
    """As Standard Webhooks libraries take it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def checked_url(url: str, *, may_be_private: bool) -> str:
    """Where it leads is checked at every delivery; here only that it can lead anywhere. Raises InvalidInput."""
    schemes = ("https", "http") if may_be_private else ("https",)
    plain = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>')
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_address = False
    if not plain or not is_address or parts.scheme not in schemes or len(url) > MOST_URL_CHARACTERS:
        raise NoAddress(f"Write the whole address, beginning with {' or '.join(s + '://' for s in schemes)}.")
    return url


async def register(
    session: AsyncSession, now: datetime, viewer: Viewer, url: str, kinds: Collection[str]
) -> tuple[int, bytes]:
    """Its id, and the salt of its secret. Events from now on are sent. Raises InvalidInput."""
    require_role(viewer, Action.ADMINISTER)
    wanted = [kind.value for kind in TOLD if kind in kinds]
    if not wanted:
        raise NoKind("Choose at least one kind of event.")
    if (await session.scalar(select(func.count()).select_from(Webhook)) or 0) >= MOST_WEBHOOKS:
        raise InvalidInput(f"There are {MOST_WEBHOOKS} webhooks already; remove one first.")
    newest = await session.scalar(select(func.max(models.Event.id))) or 0
    salt = secrets.token_bytes(SALT_BYTES)
    row = insert(Webhook).values(url=url, kinds=wanted, salt=salt, cursor=newest, created_at=now)
    webhook_id = int(await session.scalar(row.returning(Webhook.id)) or 0)
    await _note(session, now, viewer, webhook_id, {"change": "created", "kinds": [*wanted]})
    return webhook_id, salt


async def webhook_of(session: AsyncSession, viewer: Viewer, webhook_id: int) -> Webhook:
    """Locked. Raises Forbidden, NotFound."""
    require_role(viewer, Action.ADMINISTER)
    found = await session.get(Webhook, webhook_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


async def switch(session: AsyncSession, now: datetime, viewer: Viewer, webhook_id: int, *, on: bool) -> None:
    """Off, nothing is sent and nothing forgotten; on again, it goes on where it stopped, with what was given up."""
    webhook = await webhook_of(session, viewer, webhook_id)
    webhook.disabled_at, webhook.disabled_why = (None, None) if on else (now, "chosen")
    webhook.failing_since = None
    await session.flush()
    if on:
        await _take_up(session, now, webhook_id)
    await _note(session, now, viewer, webhook_id, {"change": "enabled" if on else "disabled"})


async def _take_up(session: AsyncSession, now: datetime, webhook_id: int) -> None:
    """Events that did not arrive have a day again; a test was one try."""
    delivery = WebhookDelivery
    theirs = (delivery.webhook_id == webhook_id) & delivery.event_id.is_not(None)
    undelivered = theirs & (delivery.outcome != DeliveryOutcome.DELIVERED)
    values = {"outcome": DeliveryOutcome.WAITING.value, "due_at": now, "created_at": now}
    await session.execute(
        update(delivery).where(undelivered).values(**values).execution_options(synchronize_session=False)
    )


async def remove(session: AsyncSession, now: datetime, viewer: Viewer, webhook_id: int) -> None:
    """With its deliveries and their log."""
    webhook = await webhook_of(session, viewer, webhook_id)
    await session.delete(webhook)
    await session.flush()
    await _note(session, now, viewer, webhook_id, {"change": "removed"})


async def _note(session: AsyncSession, now: datetime, viewer: Viewer, webhook_id: int, detail: JsonObject) -> None:
    actor = Actor.agent(viewer.user_id)
    await append(session, now, Deed(AuditAction.CONFIGURATION_CHANGED, actor, f"webhook:{webhook_id}", detail=detail))


async def send_test(session: AsyncSession, now: datetime, viewer: Viewer, webhook_id: int) -> int:
    """A delivery without an event; its outcome stands in the log a moment later."""
    await webhook_of(session, viewer, webhook_id)
    row = insert(WebhookDelivery).values(webhook_id=webhook_id, created_at=now, due_at=now)
    return int(await session.scalar(row.returning(WebhookDelivery.id)) or 0)


async def send_again(session: AsyncSession, now: datetime, viewer: Viewer, delivery: tuple[int, int]) -> None:
    """Of a webhook the delivery: at once, with the same webhook-id, whatever became of it."""
    webhook_id, delivery_id = delivery
    await webhook_of(session, viewer, webhook_id)
    own = (WebhookDelivery.id == delivery_id) & (WebhookDelivery.webhook_id == webhook_id)
    values = {"outcome": DeliveryOutcome.WAITING.value, "due_at": now, "created_at": now}
    again = update(WebhookDelivery).where(own).values(**values).returning(WebhookDelivery.id)
    if await session.scalar(again.execution_options(synchronize_session=False)) is None:
        raise NotFound("There is no such delivery.")


async def list_webhooks(session: AsyncSession, viewer: Viewer) -> list[ListedWebhook]:
    require_role(viewer, Action.ADMINISTER)
    theirs = (WebhookDelivery.webhook_id == Webhook.id) & (WebhookDelivery.outcome == DeliveryOutcome.WAITING)
    waiting = select(func.count()).where(theirs).scalar_subquery()
    rows = await session.execute(select(Webhook, waiting).order_by(Webhook.id))
    return [
        ListedWebhook(
            one.id, one.url, tuple(one.kinds), count, one.failing_since, one.disabled_at, one.disabled_why
        )
        for one, count in rows
    ]  # fmt: skip


async def list_deliveries(session: AsyncSession, viewer: Viewer, webhook_id: int) -> list[ListedDelivery]:
    """The newest, each with its last try."""
    require_role(viewer, Action.ADMINISTER)
    delivery, attempt = WebhookDelivery, WebhookAttempt
    last = select(attempt).where(attempt.delivery_id == delivery.id).order_by(attempt.id.desc()).limit(1).lateral()
    statement = (
        select(
            delivery.id, delivery.event_id, models.Event.kind, delivery.outcome, delivery.attempts,
            delivery.created_at, delivery.due_at, last.c.at, last.c.status, last.c.code, last.c.duration_ms,
        )
        .select_from(delivery)
        .join(models.Event, models.Event.id == delivery.event_id, isouter=True)
        .join(last, last.c.delivery_id == delivery.id, isouter=True)
        .where(delivery.webhook_id == webhook_id)
        .order_by(delivery.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    return [ListedDelivery(*row) for row in await session.execute(statement)]


async def plan_deliveries(session: AsyncSession, now: datetime, webhook: Webhook, through: int) -> int:
    """Events up to `through`, which is settled, become deliveries of the locked webhook; its cursor moves with them."""
    event = models.Event
    new = select(event.id).where(event.id > webhook.cursor, event.id <= through, event.kind.in_(_told(webhook.kinds)))
    ids: Sequence[int] = (await session.scalars(new.order_by(event.id))).all()
    rows = [{"webhook_id": webhook.id, "event_id": event_id, "created_at": now, "due_at": now} for event_id in ids]
    if rows:
        await session.execute(insert_or(WebhookDelivery).on_conflict_do_nothing(), rows)
    webhook.cursor = max(through, webhook.cursor)
    await session.flush()
    return len(rows)


def _told(kinds: Collection[str]) -> list[str]:
    return [kind for kind in kinds if kind in set(EventKind)]


DELIVERED_KEPT = timedelta(days=30)
