"""The one WebSocket of a tab: it says what it shows, and is sent what changed there."""

import asyncio
import json
import time
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.audit import note_reading
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.errors import NotFound
from crm_core.inbox_view import InboxTab
from crm_core.signals import Signal, Topic, publish
from crm_core.staff import names_of_staff
from crm_core.states import Role
from crm_core.transcripts import transcript
from desk.conversation_page import read_conversation
from desk.fragments import Fragments
from desk.guard import is_own_origin, session_token
from desk.inbox_page import me, read_inbox, tab_of
from desk.live import partial
from desk.presence import TYPING_S, Presence, Word
from desk.reader import Reader, find_reader
from desk.screen import Screen
from desk.services import Desk
from desk.views import ShownNeighbour

log = structlog.get_logger(__name__)

LIST_EVERY_S = 0.2  # the list is looked at no more often; what concerns the open conversation is shown at once
RECHECK_S = 60.0
TYPING_EVERY_S = 2.0
MOST_CHARACTERS = 4096
MOST_PER_WINDOW, WINDOW_S = 60, 10.0
LOGGED_OUT, NOT_UNDERSTOOD, TOO_MUCH, FAILED = 4401, 4400, 1008, 1011
LARGEST_ID = 2**63
SILENT = frozenset({Role.SUPERVISOR, Role.ADMIN})  # may listen to any conversation
UNSEEN = frozenset({Topic.JOB, Topic.LINE, Topic.RULES})  # what no page shows


class SocketEnded(Exception):
    """Close with this code; never with a text."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Shows:
    """The tab tells what it shows now."""

    conversation_id: int | None
    tab: InboxTab


@dataclass(frozen=True, slots=True)
class Types:
    """The agent is writing a reply."""


@dataclass(frozen=True, slots=True)
class Asks:
    """Is anybody there? An empty frame says yes."""


Told = Shows | Types | Asks


def parse_told(text: str) -> Told:
    """Raises SocketEnded for anything but the three messages there are."""
    if len(text) > MOST_CHARACTERS:
        raise SocketEnded(TOO_MUCH)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SocketEnded(NOT_UNDERSTOOD) from error
    if not isinstance(told, dict):
        raise SocketEnded(NOT_UNDERSTOOD)
    if told.get("typing") is True:
        return Types()
    if told.get("ping") is True:
        return Asks()
    watched = told.get("watch")
    is_id = isinstance(watched, int) and not isinstance(watched, bool) and 0 < watched < LARGEST_ID
    if "watch" not in told or not (watched is None or is_id):
        raise SocketEnded(NOT_UNDERSTOOD)
    return Shows(watched, tab_of(told.get("tab")))


def socket_routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.websocket("/desk/socket")
    async def socket(websocket: WebSocket) -> None:
        if not is_own_origin(desk, websocket):
            await websocket.close(4403)
            return
        await websocket.accept()
        try:
            await Conversing(desk, websocket).run()
        except* SocketEnded as ended:
            await _close(websocket, _code_of(ended))
        except* WebSocketDisconnect:
            pass
        except* (DBAPIError, OSError) as errors:
            log.warning("desk.socket_failed", error=type(errors.exceptions[0]).__name__)
            await _close(websocket, FAILED)

    return router


def _code_of(ended: BaseExceptionGroup[SocketEnded]) -> int:
    first = ended.exceptions[0]
    return first.code if isinstance(first, SocketEnded) else _code_of(first)


async def _close(websocket: WebSocket, code: int) -> None:
    try:
        await websocket.close(code)
    except (RuntimeError, WebSocketDisconnect):
        log.debug("desk.socket_gone")


@dataclass(slots=True)
class Conversing:
    """One open socket."""

    desk: Desk
    websocket: WebSocket
    _happened: asyncio.Queue[Signal | Told] = field(default_factory=lambda: asyncio.Queue(1000))
    _screen: Screen | None = None
    _typed_at: float = 0.0
    _listed_at: float = 0.0
    _owes_list: bool = False
    _presence: Presence | None = None

    async def run(self) -> None:
        """Until the browser leaves or the session ends. Raises an exception group."""
        try:
            async with self.desk.services.watch() as signals, asyncio.TaskGroup() as group:
                group.create_task(self._receive())
                group.create_task(self._pass_on(signals))
                group.create_task(self._look())
        finally:
            await self._say(self._presence, Word.LEFT)

    async def _receive(self) -> None:
        window_from, count = time.monotonic(), 0
        while True:
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            now = time.monotonic()
            if now - window_from > WINDOW_S:
                window_from, count = now, 0
            count += 1
            if count > MOST_PER_WINDOW:
                raise SocketEnded(TOO_MUCH)
            text = message.get("text")
            if text is None:
                raise SocketEnded(NOT_UNDERSTOOD)
            await self._happened.put(parse_told(text))

    async def _pass_on(self, signals: asyncio.Queue[Signal]) -> None:
        while True:
            signal = await signals.get()
            if signal.topic not in UNSEEN and not self._is_elsewhere(signal):
                await self._happened.put(signal)

    def _is_elsewhere(self, signal: Signal) -> bool:
        """Who looks at other conversations is told often, and concerns nobody here."""
        watched = self._screen.conversation_id if self._screen else None
        return signal.topic is Topic.WATCH and signal.id != watched

    async def _look(self) -> None:
        """After each batch of changes: is the session still good, and what must be sent."""
        batch: list[Signal | Told] = []
        while True:
            html = await self._answer(batch)
            if html or any(isinstance(told, Asks) for told in batch):
                await self.websocket.send_text(html)
            batch = await self._gather()

    async def _gather(self) -> list[Signal | Told]:
        """What happened next. Nothing after RECHECK_S, once typing has ended, or when the list is due."""
        types = self._presence is not None and any(one.types for one in self._presence.neighbours(time.monotonic()))
        longest_s = TYPING_S if types else RECHECK_S
        batch: list[Signal | Told] = []
        try:
            async with asyncio.timeout(self._list_due_s() if self._owes_list else longest_s):
                batch.append(await self._happened.get())
        except TimeoutError:
            return []
        while not self._happened.empty():
            batch.append(self._happened.get_nowait())
        return batch

    def _list_due_s(self) -> float:
        return max(0.0, self._listed_at + LIST_EVERY_S - time.monotonic())

    async def _answer(self, batch: list[Signal | Told]) -> str:
        # never committed: being looked at by a page alone does not keep a session from going idle
        async with self.desk.services.sessions() as session:
            reader = await find_reader(self.desk, session, session_token(self.desk, self.websocket))
            if reader is None:
                raise SocketEnded(LOGGED_OUT)
            for told in batch:
                if isinstance(told, Shows):
                    self._screen = Screen(Fragments(self.desk, reader), told.tab, told.conversation_id)
            if self._screen is None:
                return ""
            html = await self._changes(session, reader, self._screen, batch)
            html += await self._typing_of(session, reader, batch)
            left = self._settle(reader)
            asked = self._hear(batch)
            html += await self._neighbours(session)
        if left is not None:
            await self._say(left, Word.LEFT)
        if any(isinstance(told, Types) for told in batch):
            await self._tell_typing(reader)
        if any(isinstance(told, Shows) for told in batch):
            await self._say(self._presence, Word.CAME)
        elif asked:
            await self._say(self._presence, Word.HERE)
        await self._audit_reading(reader, batch)
        return html

    def _settle(self, reader: Reader) -> Presence | None:
        """Be where the tab is now: the place that was left, if any. Who supervises listens without being seen."""
        shown = self._screen.conversation_id if self._screen else None
        before = self._presence
        if before is not None and before.conversation_id == shown:
            return None
        self._presence = Presence(shown, reader.viewer.user_id, reader.viewer.role in SILENT) if shown else None
        return before

    def _hear(self, batch: list[Signal | Told]) -> bool:
        """True when somebody came and asks, or our own browser says that it is still there."""
        presence, at = self._presence, time.monotonic()
        if presence is None:
            return False
        asked = [presence.hear(told, at) for told in batch if isinstance(told, Signal) and told.topic is Topic.WATCH]
        return any(asked) or any(isinstance(told, Asks) for told in batch)

    async def _neighbours(self, session: AsyncSession) -> str:
        if self._presence is None or self._screen is None:
            return ""
        found = self._presence.neighbours(time.monotonic())
        names = await names_of_staff(session, [one.user_id for one in found]) if found else {}
        people = tuple(ShownNeighbour(names.get(UserId(one.user_id), ""), one.types) for one in found)
        return self._screen.update_here(people)

    async def _say(self, presence: Presence | None, word: Word) -> None:
        """What is lost is made good by the next: the others forget who falls silent."""
        if presence is None or presence.is_silent:
            return
        try:
            async with unit_of_work(self.desk.services.sessions) as session:
                await publish(session, presence.says(word))
        except (DBAPIError, OSError) as error:
            log.warning("desk.presence_not_told", error=type(error).__name__)

    async def _audit_reading(self, reader: Reader, batch: list[Signal | Told]) -> None:
        watched = self._screen.conversation_id if self._screen else None
        if watched is None or not any(isinstance(told, Shows) for told in batch):
            return
        source = self.websocket.client.host if self.websocket.client else None
        async with unit_of_work(self.desk.services.sessions) as session:
            await note_reading(session, reader.now, reader.reach, watched, source)

    async def _changes(self, session: AsyncSession, reader: Reader, screen: Screen, batch: list[Signal | Told]) -> str:
        """First the conversation that is open, since somebody waits for it; the list at its own pace."""
        html = await self._conversation(session, reader, screen) if _concerns(screen.conversation_id, batch) else ""
        self._owes_list |= _is_news(batch)
        is_new = any(isinstance(told, Shows) for told in batch)
        if self._owes_list and (is_new or (not html and not self._list_due_s())):
            inbox = await read_inbox(session, reader, screen.tab)
            html += screen.update_list(inbox, me(reader, inbox))
            self._owes_list, self._listed_at = False, time.monotonic()
        return html

    async def _conversation(self, session: AsyncSession, reader: Reader, screen: Screen) -> str:
        if screen.conversation_id is None:
            return ""
        try:
            page = await read_conversation(self.desk, session, reader, screen.conversation_id)
        except NotFound:
            screen.conversation_id = None
            return partial("work", "innerHTML", screen.fragments.nothing())
        return screen.update_conversation(page)

    async def _typing_of(self, session: AsyncSession, reader: Reader, batch: list[Signal | Told]) -> str:
        watched = self._screen.conversation_id if self._screen else None
        typing = Signal(Topic.TYPING, watched or 0, "contact")
        if self._screen is None or watched is None or typing not in batch:
            return ""
        try:
            await transcript(session, reader.reach, watched)
        except NotFound:
            return ""
        return partial(f"typing-{watched}", "innerHTML", self._screen.fragments.typing("contact"))

    async def _tell_typing(self, reader: Reader) -> None:
        """The customer sees that the owner of their conversation writes; nobody else can make it seem so."""
        watched = self._screen.conversation_id if self._screen else None
        if watched is None or time.monotonic() - self._typed_at < TYPING_EVERY_S:
            return
        self._typed_at = time.monotonic()
        async with unit_of_work(self.desk.services.sessions) as session:
            try:
                head = (await transcript(session, reader.reach, watched)).conversation
            except NotFound:
                return
            if head.agent_id == reader.viewer.user_id:
                await publish(session, Signal(Topic.TYPING, watched, "agent"))
                if self._presence is not None:
                    await publish(session, self._presence.says(Word.TYPES))


def _is_news(batch: list[Signal | Told]) -> bool:
    news = (Topic.CONVERSATION, Topic.AGENT, Topic.RESYNC)
    return any(isinstance(told, Shows) or (isinstance(told, Signal) and told.topic in news) for told in batch)


def _concerns(watched: int | None, batch: list[Signal | Told]) -> bool:
    """Whether the open conversation may look otherwise now."""
    signals = [told for told in batch if isinstance(told, Signal)]
    about_it = any(signal.topic is Topic.CONVERSATION and signal.id == watched for signal in signals)
    about_all = any(signal.topic in (Topic.AGENT, Topic.RESYNC) for signal in signals)
    return about_it or about_all or any(isinstance(told, Shows) for told in batch)
