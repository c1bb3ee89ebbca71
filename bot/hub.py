"""Live signals inside one process: who watches what, woken without a query for those it does not concern."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select

from crm_core import models
from crm_core.contracts import AddressKind
from crm_core.db import Sessions
from crm_core.signals import Signal, Topic

KNOWN_CONVERSATIONS = 50_000
OWN_MESSAGE = "in"  # a visitor's own words to the bot: their widget shows them already, and the answer follows


@dataclass(frozen=True, slots=True)
class VisitorKey:
    """A chat visitor in one inbox."""

    inbox_id: int
    address_uri: str


class Waker:
    """Set when something changed; any number of changes before a look are one.

    `typing_by` is who typed last ("agent" or "contact"), for whoever shows it.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.typing_by: str | None = None

    def wake(self, typing_by: str | None = None) -> None:
        self.typing_by = typing_by
        self._event.set()

    async def wait(self, timeout_s: float | None = None) -> bool:
        """True when woken, False when `timeout_s` passed first."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Hub:
    """Fans signals out to visitors' wakers (by conversation) and to staff queues (all of them)."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._visitors: dict[VisitorKey, set[Waker]] = defaultdict(set)
        self._staff: set[asyncio.Queue[Signal]] = set()
        self._visitors_of: OrderedDict[int, tuple[VisitorKey, ...]] = OrderedDict()

    @asynccontextmanager
    async def watch_visitor(self, key: VisitorKey) -> AsyncIterator[Waker]:
        waker = Waker()
        self._visitors[key].add(waker)
        try:
            yield waker
        finally:
            self._visitors[key].discard(waker)
            if not self._visitors[key]:
                del self._visitors[key]

    @asynccontextmanager
    async def watch_all(self, most_waiting: int = 1_000) -> AsyncIterator[asyncio.Queue[Signal]]:
        """Every signal, for a desk socket; one that falls behind gets a RESYNC instead of the lost ones."""
        queue: asyncio.Queue[Signal] = asyncio.Queue(most_waiting)
        self._staff.add(queue)
        try:
            yield queue
        finally:
            self._staff.discard(queue)

    async def hand_out(self, signal: Signal) -> None:
        """The handler to subscribe to the listener."""
        for queue in self._staff:
            _offer(queue, signal)
        if signal.topic is Topic.RESYNC:
            for wakers in self._visitors.values():
                for waker in wakers:
                    waker.wake()
        elif signal.topic in (Topic.CONVERSATION, Topic.TYPING) and signal.detail != OWN_MESSAGE:
            typing_by = signal.detail if signal.topic is Topic.TYPING else None
            for key in await self._keys_of(signal.id):
                for waker in self._visitors.get(key, ()):
                    waker.wake(typing_by)

    async def _keys_of(self, conversation_id: int) -> tuple[VisitorKey, ...]:
        if not self._visitors:
            return ()
        known = self._visitors_of.get(conversation_id)
        if known is None:
            known = await self._look_up(conversation_id)
            self._visitors_of[conversation_id] = known
            if len(self._visitors_of) > KNOWN_CONVERSATIONS:
                self._visitors_of.popitem(last=False)
        return known

    async def _look_up(self, conversation_id: int) -> tuple[VisitorKey, ...]:
        statement = (
            select(models.Conversation.inbox_id, models.Address.uri)
            .join(models.Address, models.Address.contact_id == models.Conversation.contact_id)
            .where(models.Conversation.id == conversation_id, models.Address.uri.startswith(f"{AddressKind.WEB}:"))
        )
        async with self._sessions() as session:
            rows = (await session.execute(statement)).all()
        return tuple(VisitorKey(inbox_id, uri) for inbox_id, uri in rows)


def _offer(queue: asyncio.Queue[Signal], signal: Signal) -> None:
    try:
        queue.put_nowait(signal)
    except asyncio.QueueFull:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(Signal(Topic.RESYNC))
