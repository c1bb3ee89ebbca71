"""Delivers events to webhooks: planned from the event table, sent signed, tried again; each receiver by itself."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from channels.fetch import OPEN_INTERNET, Guard
from channels.outgoing_webhook import ANYWHERE, Letter, Reception, post_letter
from config.settings import WebhookSettings
from crm_core.contracts import JsonObject
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.idempotency import forget_old
from crm_core.signals import Signal, Topic
from crm_core.webhook_sending import (
    Claimed,
    Tried,
    claim_deliveries,
    forget_delivered,
    plan_all,
    settle,
    with_due_deliveries,
)
from crm_core.webhooks import secret_of

log = structlog.get_logger(__name__)

POLL_S, REST_S, DATABASE_PAUSE_S = 1.0, 0.2, 1.0
LEASE_S = 30.0  # more than a try may take
CLEAR_EVERY = timedelta(hours=1)
Post = Callable[[Letter, Guard, float], Awaitable[Reception]]


@dataclass(frozen=True, slots=True)
class Sender:
    """`key` makes the secrets; `post` carries a letter."""

    sessions: Sessions
    key: bytes
    settings: WebhookSettings
    post: Post = post_letter
    lease_s: float = LEASE_S

    @property
    def guard(self) -> Guard:
        return ANYWHERE if self.settings.allow_private else OPEN_INTERNET

    async def empty(self, webhook_id: int) -> None:
        """Deliver what is due to one receiver, a few at a time, until nothing is."""
        while claimed := await self._claim(webhook_id):
            await asyncio.gather(*(self.deliver(one) for one in claimed))

    async def _claim(self, webhook_id: int) -> list[Claimed]:
        async with unit_of_work(self.sessions) as session:
            return await claim_deliveries(session, utc_now(), webhook_id, self.lease_s)

    async def deliver(self, claimed: Claimed) -> None:
        """Sent first and written down afterwards: who dies in between sends it again, with the same id."""
        reception = await self.post(self._letter(claimed), self.guard, self.settings.timeout_s)
        await self.settle(claimed, Tried(reception.status, reception.code, reception.duration_ms))

    async def settle(self, claimed: Claimed, tried: Tried) -> None:
        async with unit_of_work(self.sessions) as session:
            outcome = await settle(session, utc_now(), claimed, tried)
        log.info("webhook.tried", webhook=claimed.webhook_id, delivery=claimed.id, code=tried.code, outcome=outcome)

    def _letter(self, claimed: Claimed) -> Letter:
        body = json.dumps(payload_of(claimed), ensure_ascii=False, separators=(",", ":")).encode()
        return Letter(claimed.url, claimed.webhook_message_id, body, secret_of(self.key, claimed.salt))


def payload_of(claimed: Claimed) -> JsonObject:
    """As Standard Webhooks advises: a type, a time, and ids to ask the API with."""
    event = claimed.event
    if event is None:
        return {"type": "test", "timestamp": claimed.created_at.isoformat(), "data": {}}
    return {
        "type": event.kind, "timestamp": event.at.isoformat(),
        "data": {
            "event_id": event.id, "actor": event.actor, "conversation_id": event.conversation_id,
            "contact_id": event.contact_id, "detail": event.detail,
        },
    }  # fmt: skip


class Postman:
    """One for each worker process; a slow receiver keeps none of the others waiting, nor any job."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._wake = asyncio.Event()
        self._rounds: dict[int, asyncio.Task[None]] = {}
        self._cleared_at: datetime | None = None

    async def on_signal(self, signal: Signal) -> None:
        if signal.topic is not Topic.TYPING:
            self._wake.set()

    async def run(self) -> None:
        """For ever; a lost database is waited for."""
        while True:
            try:
                await self.step()
                await self._pause()
            except (SQLAlchemyError, OSError) as error:
                log.warning("postman.database_lost", error=type(error).__name__)
                await asyncio.sleep(DATABASE_PAUSE_S)

    async def step(self) -> None:
        """Plan what is new, and start a round for every receiver that has something due and none under way."""
        now, sessions = utc_now(), self._sender.sessions
        await plan_all(sessions, now)
        async with unit_of_work(sessions) as session:
            due = await with_due_deliveries(session, now)
        await self._look_back()
        for webhook_id in due:
            if webhook_id not in self._rounds:
                self._rounds[webhook_id] = asyncio.create_task(self._sender.empty(webhook_id))
        await self._clear(now)

    async def _look_back(self) -> None:
        """What a round did not finish is claimed again when its lease is over."""
        for webhook_id in [number for number, task in self._rounds.items() if task.done()]:
            try:
                await self._rounds.pop(webhook_id)
            except Exception as error:  # noqa: BLE001 - one bad receiver must not stop the others
                log.warning("postman.round_failed", webhook=webhook_id, error=type(error).__name__)

    async def _clear(self, now: datetime) -> None:
        if self._cleared_at is None or now - self._cleared_at >= CLEAR_EVERY:
            self._cleared_at = now
            async with unit_of_work(self._sender.sessions) as session:
                await forget_delivered(session, now)
                await forget_old(session, now)

    async def _pause(self) -> None:
        await asyncio.sleep(REST_S)
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    def stop(self) -> None:
        """Whatever is under way is sent again by somebody else, with the same id."""
        for task in self._rounds.values():
            task.cancel()
