"""What web chat needs from the rest of the house: values it shows, and the functions it is handed."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from crm_core.contracts import Address, Attachment, Card, Choice, ConversationId, Inbound, MessageId


class EntryAuthor(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class ChatState(StrEnum):
    """Who answers the visitor now. Without a conversation it is the bot."""

    BOT = "bot"
    QUEUED = "queued"
    AGENT = "agent"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ChatFile:
    """A stored file; its token is the whole permission to read it."""

    token: str
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ChatEntry:
    """One line of the transcript as its visitor may see it. `client_id` is a customer's own `external_id`."""

    id: int
    at: datetime
    author: EntryAuthor
    text: str
    choices: tuple[Choice, ...] = ()
    card: Card | None = None
    attachments: tuple[ChatFile, ...] = ()
    client_id: str | None = None
    agent_name: str | None = None


@dataclass(frozen=True, slots=True)
class ChatUpdates:
    """Everything new for a visitor: entries in order of id, and how the conversation stands."""

    entries: tuple[ChatEntry, ...] = ()
    state: ChatState = ChatState.BOT
    queue_position: int | None = None
    estimated_wait_s: float | None = None
    agent_name: str | None = None
    survey_due: bool = False
    longest_wait_s: float | None = None  # eight of ten wait no longer
    typing: EntryAuthor | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message is stored for good."""

    message_id: MessageId
    conversation_id: ConversationId
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """`score` is 1 to 5."""

    score: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class LeftContact:
    """What a visitor says about themselves in the offline form: a claim, proved by nothing."""

    email: str
    name: str = ""


class Subscription(Protocol):
    """Wakes when the visitor's conversation changed. `typing_by` is who typed last: "agent" or "contact"."""

    @property
    def typing_by(self) -> str | None: ...

    async def wait(self, timeout_s: float | None = None) -> bool:
        """True when woken, False when `timeout_s` passed first."""
        ...


@dataclass(frozen=True, slots=True)
class ChatPorts:
    """The functions the application hands in. Each may raise a SwitchboardError; Unavailable means try again."""

    receive: Callable[[str, Inbound], Awaitable[Accepted]]
    leave_message: Callable[[str, Inbound, LeftContact], Awaitable[Accepted]]
    updates: Callable[[str, Address, int], Awaitable[ChatUpdates]]
    watch: Callable[[str, Address], AbstractAsyncContextManager[Subscription]]
    mark_read: Callable[[str, Address, int], Awaitable[None]]
    typing: Callable[[str, Address], Awaitable[None]]
    answer_survey: Callable[[str, Address, SurveyAnswer], Awaitable[None]]
    request_transcript: Callable[[str, Address, str], Awaitable[None]]
    open_now: Callable[[], Awaitable[bool]]
    store_file: Callable[[Attachment], Awaitable[str]]
    load_file: Callable[[str], Awaitable[Attachment | None]]


@dataclass(frozen=True, slots=True)
class ChatInbox:
    """One widget. `origins` may embed it besides our own; `identity_secret` checks what the shop signs."""

    key: str
    company: str
    origins: tuple[str, ...] = ()
    accent: str = "#3450c8"
    languages: tuple[str, ...] = ("en", "ru", "es")
    identity_secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` at once, refilled with `per_s`."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """How much one visitor, or one client address, may ask of us."""

    messages: Rate = Rate(5, 20)
    frames: Rate = Rate(10, 60)  # all other frames of a socket, by visitor
    visitors: Rate = Rate(0.5, 30)  # by client address
    uploads: Rate = Rate(0.2, 10)
    letters: Rate = Rate(1 / 1200, 3)  # transcripts and offline messages, by visitor and by client address
    file_bytes: int = 10 * 1024 * 1024
    files_per_message: int = 5


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """`base_url` is the configured public address; `token_key` signs visitors' tokens."""

    base_url: str
    token_key: bytes
    inboxes: Mapping[str, ChatInbox]
    limits: ChatLimits = field(default_factory=ChatLimits)
