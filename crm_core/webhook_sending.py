"""The way of a delivery: claimed under a lease, tried, and put off or given up by what came of it."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.db import Sessions, unit_of_work
from crm_core.event_feed import FeedEvent, feed_events, settled_through
from crm_core.models_api import Webhook, WebhookAttempt, WebhookDelivery
from crm_core.states import DeliveryOutcome
from crm_core.webhooks import DELIVERED_KEPT, plan_deliveries

# after each failure; the last pause is repeated until a day is over
PAUSES_S = (5, 30, 120, 600, 1_800, 3_600, 7_200)
GIVEN_UP_AFTER = timedelta(hours=24)
DISABLED_AFTER = timedelta(days=3)
MOST_PLANNED = 1_000  # events in one transaction
AT_ONCE = 8  # deliveries of one webhook
GONE = 410


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery under our lease; `attempt` also fences off a claim whose lease ran out."""

    id: int
    webhook_id: int
    url: str
    salt: bytes
    attempt: int
    created_at: datetime
    event: FeedEvent | None

    @property
    def webhook_message_id(self) -> str:
        """The same at every try, so that a receiver takes it once."""
        return f"evt_{self.webhook_id}_{self.event.id}" if self.event else f"test_{self.webhook_id}_{self.id}"


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try went: an HTTP status, or None with the reason in `code`."""

    status: int | None
    code: str
    duration_ms: int

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP


async def plan_all(sessions: Sessions, now: datetime) -> None:
    """New events become deliveries. Several processes may do this at once: a locked webhook is in good hands."""
    async with unit_of_work(sessions) as session:
        active = select(Webhook.id, Webhook.cursor).where(Webhook.disabled_at.is_(None))
        cursors = {row.id: row.cursor for row in await session.execute(active)}
    if not cursors:
        return
    through = await settled_through(sessions, min(cursors.values()))
    for webhook_id in sorted(webhook_id for webhook_id, cursor in cursors.items() if cursor < through):
        await _plan_one(sessions, now, webhook_id, through)


async def _plan_one(sessions: Sessions, now: datetime, webhook_id: int, through: int) -> None:
    mine = select(Webhook).where(Webhook.id == webhook_id, Webhook.disabled_at.is_(None))
    async with unit_of_work(sessions) as session:
        webhook = await session.scalar(mine.with_for_update(skip_locked=True))
        if webhook is not None:
            await plan_deliveries(session, now, webhook, await _enough(session, webhook.cursor, through))


async def _enough(session: AsyncSession, after: int, through: int) -> int:
    """How far MOST_PLANNED events go: counted, since ids may have gaps of any width."""
    new = select(models.Event.id).where(models.Event.id > after, models.Event.id <= through)
    return await session.scalar(new.order_by(models.Event.id).offset(MOST_PLANNED - 1).limit(1)) or through


async def with_due_deliveries(session: AsyncSession, now: datetime) -> list[int]:
    """The webhooks that have something to send now."""
    due = _due(now) & (WebhookDelivery.webhook_id == Webhook.id)
    statement = select(Webhook.id).where(Webhook.disabled_at.is_(None), select(WebhookDelivery.id).where(due).exists())
    return list(await session.scalars(statement))


def _due(now: datetime) -> ColumnElement[bool]:
    return (WebhookDelivery.outcome == DeliveryOutcome.WAITING) & (WebhookDelivery.due_at <= now)


def _is_active(webhook_id: int) -> ColumnElement[bool]:
    return select(Webhook.id).where(Webhook.id == webhook_id, Webhook.disabled_at.is_(None)).exists()


async def claim_deliveries(session: AsyncSession, now: datetime, webhook_id: int, lease_s: float) -> list[Claimed]:
    """Up to AT_ONCE, in the order of events; a dead process's come back when the lease is over."""
    delivery = WebhookDelivery
    due = (
        select(delivery.id)
        .where(_due(now), delivery.webhook_id == webhook_id, _is_active(webhook_id))
        .order_by(delivery.due_at, delivery.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    mine = (
        update(delivery)
        .where(delivery.id.in_(select(due.c.id)))
        .values(due_at=now + timedelta(seconds=lease_s), attempts=delivery.attempts + 1)
        .returning(delivery.id)
        .execution_options(synchronize_session=False)
    )
    ids = list(await session.scalars(mine))
    statement = (
        select(delivery, Webhook, models.Event)
        .join(Webhook, Webhook.id == delivery.webhook_id)
        .join(models.Event, models.Event.id == delivery.event_id, isouter=True)
        .where(delivery.id.in_(ids))
        .order_by(delivery.id)
        .execution_options(populate_existing=True)
    )
    return [
        Claimed(one.id, one.webhook_id, to.url, to.salt, one.attempts, one.created_at, _event(happened))
        for one, to, happened in await session.execute(statement)
    ]


def _event(row: models.Event | None) -> FeedEvent | None:
    return feed_events([row])[0] if row is not None else None


async def settle(session: AsyncSession, now: datetime, claimed: Claimed, tried: Tried) -> DeliveryOutcome:
    """Write the try into the log, and what becomes of the delivery and of its receiver."""
    log = {"delivery_id": claimed.id, "at": now, "status": tried.status, "code": tried.code}
    await session.execute(insert(WebhookAttempt).values(**log, duration_ms=tried.duration_ms))
    outcome, due_at = outcome_of(now, claimed, tried)
    delivery = WebhookDelivery
    await session.execute(
        update(delivery)
        .where(delivery.id == claimed.id, delivery.attempts == claimed.attempt)
        .values(outcome=outcome.value, due_at=due_at)
        .execution_options(synchronize_session=False)
    )
    await _judge(session, now, claimed, tried)
    return outcome


def outcome_of(now: datetime, claimed: Claimed, tried: Tried) -> tuple[DeliveryOutcome, datetime]:
    """And when to try again; a test is tried once."""
    if tried.is_delivered:
        return DeliveryOutcome.DELIVERED, now
    is_test, is_late = claimed.event is None, now - claimed.created_at >= GIVEN_UP_AFTER
    if is_test or is_late or tried.status == GONE:
        return DeliveryOutcome.GIVEN_UP, now
    pause_s = PAUSES_S[min(claimed.attempt, len(PAUSES_S)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return DeliveryOutcome.WAITING, now + timedelta(seconds=pause_s)


async def _judge(session: AsyncSession, now: datetime, claimed: Claimed, tried: Tried) -> None:
    """A receiver that fails for days, or says that it is gone, is left alone until an administrator looks."""
    if claimed.event is None:
        return
    webhook = await session.get(Webhook, claimed.webhook_id, with_for_update=True, populate_existing=True)
    if webhook is None:
        return
    if tried.is_delivered:
        webhook.failing_since = None
    elif webhook.failing_since is None:
        webhook.failing_since = now
    has_failed_long = webhook.failing_since is not None and now - webhook.failing_since >= DISABLED_AFTER
    if webhook.disabled_at is None and (has_failed_long or tried.status == GONE):
        webhook.disabled_at, webhook.disabled_why = now, "gone" if tried.status == GONE else "failing"
    await session.flush()


async def forget_delivered(session: AsyncSession, now: datetime) -> None:
    """With their log; what waits is kept however old it is."""
    delivery = WebhookDelivery
    old = (delivery.outcome != DeliveryOutcome.WAITING) & (delivery.created_at < now - DELIVERED_KEPT)
    await session.execute(delete(delivery).where(old).execution_options(synchronize_session=False))
