"""Web chat's ports in memory: one list of entries a visitor, a small bot, switches for every state."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from channels.webchat_types import (
    Accepted,
    ChatEntry,
    ChatFile,
    ChatInbox,
    ChatPorts,
    ChatSettings,
    ChatUpdates,
    EntryAuthor,
    LeftContact,
    SurveyAnswer,
)
from crm_core.contracts import Address, Attachment, ConversationId, Inbound, MessageId
from crm_core.errors import Unavailable

SECRET = b"an identity secret of at least sixty-four bytes, as HS512 would ask for"


class FakeWaker:
    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.typing_by: str | None = None

    def wake(self, typing_by: str | None = None) -> None:
        self.typing_by = typing_by
        self._event.set()

    async def wait(self, timeout_s: float | None = None) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


@dataclass
class FakeChat:
    """What the ports were asked, and what they answer."""

    received: list[Inbound] = field(default_factory=list)
    left: list[tuple[Inbound, LeftContact]] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    typings: list[str] = field(default_factory=list)
    surveys: list[SurveyAnswer] = field(default_factory=list)
    transcripts: list[str] = field(default_factory=list)
    files: dict[str, Attachment] = field(default_factory=dict)
    status: dict[str, ChatUpdates] = field(default_factory=lambda: defaultdict(ChatUpdates))
    is_open: bool = True
    is_down: bool = False
    looks: int = 0

    def __post_init__(self) -> None:
        self._entries: dict[str, list[ChatEntry]] = defaultdict(list)
        self._wakers: dict[str, set[FakeWaker]] = defaultdict(set)
        self._ids: dict[str, int] = {}
        self._last_id = 0

    def ports(self) -> ChatPorts:
        return ChatPorts(
            receive=self.receive, leave_message=self.leave_message, updates=self.updates, watch=self.watch,
            mark_read=self.mark_read, typing=self.typing, answer_survey=self.answer_survey,
            request_transcript=self.request_transcript, open_now=self.open_now, store_file=self.store_file,
            load_file=self.load_file,
        )  # fmt: skip

    def say(self, visitor: str, entry: ChatEntry) -> int:
        """An entry for `visitor`; its id is set here."""
        self._last_id += 1
        self._entries[visitor].append(replace(entry, id=self._last_id))
        self.wake(visitor)
        return self._last_id

    def set_status(self, visitor: str, status: ChatUpdates) -> None:
        self.status[visitor] = status
        self.wake(visitor)

    def wake(self, visitor: str, typing_by: str | None = None) -> None:
        for waker in self._wakers[visitor]:
            waker.wake(typing_by)

    async def receive(self, inbox_key: str, inbound: Inbound) -> Accepted:
        del inbox_key
        if self.is_down:
            raise Unavailable("Please try again in a moment.")
        known = self._ids.get(inbound.external_id)
        if known is not None:
            return Accepted(MessageId(known), ConversationId(1), duplicate=True)
        self.received.append(inbound)
        files = tuple(ChatFile(f.stored_as or "", f.name, f.content_type, len(f.content)) for f in inbound.attachments)
        entry = ChatEntry(
            0, datetime.now(UTC), EntryAuthor.CUSTOMER, inbound.text, attachments=files, client_id=inbound.external_id
        )
        self._ids[inbound.external_id] = self.say(inbound.sender.value, entry)
        return Accepted(MessageId(self._last_id), ConversationId(1))

    async def leave_message(self, inbox_key: str, inbound: Inbound, contact: LeftContact) -> Accepted:
        self.left.append((inbound, contact))
        return await self.receive(inbox_key, inbound)

    async def updates(self, inbox_key: str, address: Address, after_id: int) -> ChatUpdates:
        del inbox_key
        self.looks += 1
        if self.is_down:
            raise Unavailable("Please try again in a moment.")
        fresh = tuple(entry for entry in self._entries[address.value] if entry.id > after_id)
        return replace(self.status[address.value], entries=fresh)

    @asynccontextmanager
    async def watch(self, inbox_key: str, address: Address) -> AsyncIterator[FakeWaker]:
        del inbox_key
        waker = FakeWaker()
        self._wakers[address.value].add(waker)
        try:
            yield waker
        finally:
            self._wakers[address.value].discard(waker)

    async def mark_read(self, _inbox_key: str, _address: Address, message_id: int) -> None:
        self.reads.append(message_id)

    async def typing(self, _inbox_key: str, address: Address) -> None:
        self.typings.append(address.value)

    async def answer_survey(self, _inbox_key: str, _address: Address, answer: SurveyAnswer) -> None:
        self.surveys.append(answer)

    async def request_transcript(self, _inbox_key: str, _address: Address, email: str) -> None:
        self.transcripts.append(email)

    async def open_now(self) -> bool:
        return self.is_open

    async def store_file(self, attachment: Attachment) -> str:
        token = f"{len(self.files):043d}"
        self.files[token] = attachment
        return token

    async def load_file(self, token: str) -> Attachment | None:
        return self.files.get(token)

    def texts(self) -> list[str]:
        return [inbound.text for inbound in self.received]

    def visitors(self) -> Iterable[str]:
        return list(self._entries)


def chat_settings(base_url: str = "http://chat.test", **changes: object) -> ChatSettings:
    inbox = ChatInbox("web", "Oslo & Co.", origins=("https://shop.test",), identity_secret=SECRET)
    other = ChatInbox("other", "Oslo & Co.")
    settings = ChatSettings(base_url, b"k" * 32, {"web": inbox, "other": other})
    return replace(settings, **changes)  # type: ignore[arg-type]
