"""Live signals between processes: PostgreSQL's NOTIFY, sent when the transaction commits."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

log = structlog.get_logger(__name__)

CHANNEL = "switchboard"
RECONNECT_FIRST_S, RECONNECT_MOST_S = 0.2, 5.0
# a server that vanished without a word is noticed within a minute (libpq parameter keywords)
_NOTICE_SILENCE = {"connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}
_NOTIFY = text("select pg_notify(:channel, :payload)")


class Topic(StrEnum):
    """`RESYNC` is made by a listener itself after a gap: look again at everything."""

    CONVERSATION = "conversation"  # its messages, state or delivery changed
    TYPING = "typing"
    WATCH = "watch"  # somebody at the desk has it open, or types a reply; never told to customers
    JOB = "job"  # something became due
    LINE = "line"  # a conversation came into a line, was offered, taken or let go; detail: the agent it leaves
    SETTINGS = "settings"  # an administrator changed a document of the desk
    RULES = "rules"  # queues, hours or promises changed
    AGENT = "agent"  # an agent's state changed, or a session ended
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Signal:
    """`id` is that of the topic's object; `detail` is small and never holds text of people."""

    topic: Topic
    id: int = 0
    detail: str = ""


Handler = Callable[[Signal], Awaitable[None]]


async def publish(session: AsyncSession, *signals: Signal) -> None:
    """Tell every listener once this transaction commits; a rolled-back one tells nothing."""
    for signal in signals:
        payload = json.dumps([signal.topic, signal.id, signal.detail], separators=(",", ":"))
        await session.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})


class SignalListener:
    """Hands every signal to the handlers; survives a restart of the database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._handlers: list[Handler] = []
        self.listening = asyncio.Event()

    def subscribe(self, handler: Handler) -> None:
        self._handlers.append(handler)

    async def run(self) -> None:
        """Listen for ever; after each reconnect tell RESYNC, since signals may have been missed.

        A handler that loses the database counts as a lost connection: it gets a RESYNC as well.
        """
        pause_s = RECONNECT_FIRST_S
        while True:
            try:
                await self._listen()
            except (psycopg.Error, SQLAlchemyError, OSError) as error:
                pause_s = RECONNECT_FIRST_S if self.listening.is_set() else min(pause_s * 2, RECONNECT_MOST_S)
                log.warning("signals.disconnected", error=type(error).__name__, retry_s=pause_s)
            self.listening.clear()
            await asyncio.sleep(pause_s)

    async def _listen(self) -> None:
        target = make_conninfo(self._url, **_NOTICE_SILENCE)
        connection = await psycopg.AsyncConnection.connect(target, autocommit=True)
        async with connection:
            await connection.execute(f"listen {CHANNEL}")
            await self._hand_out(Signal(Topic.RESYNC))
            self.listening.set()
            async for notification in connection.notifies():
                signal = _signal_of(notification.payload)
                if signal is not None:
                    await self._hand_out(signal)

    async def _hand_out(self, signal: Signal) -> None:
        for handler in self._handlers:
            await handler(signal)


def _signal_of(payload: str) -> Signal | None:
    """None for what this version does not know: another one may publish it during an upgrade."""
    try:
        topic, object_id, detail = json.loads(payload)
        return Signal(Topic(topic), object_id, detail)
    except (ValueError, TypeError):
        return None
