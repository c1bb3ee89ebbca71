"""The only types that cross between the core and the channels: frozen, without behaviour of their own."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

ContactId = NewType("ContactId", int)
ConversationId = NewType("ConversationId", int)
InboxId = NewType("InboxId", int)
MessageId = NewType("MessageId", int)
UserId = NewType("UserId", int)

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
JsonObject = dict[str, Json]


class AddressKind(StrEnum):
    """The scheme of an address; with the value it makes the URI that is stored."""

    TEL = "tel"
    MAILTO = "mailto"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    WEB = "web"
    FAX = "fax"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a contact is reached. `value` is canonical: E.164, lower-case domain, visitor id."""

    kind: AddressKind
    value: str

    @property
    def uri(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it came or goes; `content` is held in memory, so channels cap its size first.

    `stored_as` is its token in the blob store when the channel has stored it already.
    """

    name: str
    content_type: str
    content: bytes
    stored_as: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that still lies with the provider: fetched by `ref`, a job's work once its message is stored."""

    ref: str
    name: str
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button, or a numbered line where a channel has no buttons. `value` is what pressing it says."""

    label: str
    value: str


class Tone(StrEnum):
    NEUTRAL = "neutral"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Card:
    """A summary such as the state of an order; the message's text always says the same in words.

    `steps_done` of `steps_total` draws the progress bar; 0 of 0 draws none.
    """

    title: str
    badge: str = ""
    tone: Tone = Tone.NEUTRAL
    steps_done: int = 0
    steps_total: int = 0
    lines: tuple[str, ...] = ()
    footnote: str = ""
    link: str | None = None
    link_label: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a channel itself proves about the sender (a signed token, a caller number)."""

    customer_ref: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None


class Mark(StrEnum):
    """What an agent must know of a message at a glance; kept with it."""

    DIFFERENT_SENDER = "different_sender"  # somebody else wrote into this thread
    UNVERIFIED_SENDER = "unverified_sender"  # nothing proves that the sender is who they say
    AUTOMATIC = "automatic"  # an absence note, a list, a bounce: nobody waits for an answer
    UNREADABLE = "unreadable"  # only the original could be kept
    RECOGNISED = "recognised"  # read off a picture by a machine: letters and digits may be wrong
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One utterance of a customer. `external_id` is unique in its inbox: a redelivery changes nothing.

    `in_reply_to` is our own message, where the channel proves that it was that one. `extra` is what only this channel
    has (a quoted part, a formatted one): kept with the message, shown to agents. An `is_automatic` one gets no turn.
    """

    external_id: str
    sender: Address
    text: str
    thread_key: str = ""
    subject: str | None = None
    sent_at: datetime | None = None
    language: str | None = None
    choice: str | None = None
    identity: Identity | None = None
    attachments: tuple[Attachment, ...] = ()
    remote_files: tuple[RemoteFile, ...] = ()
    raw: bytes = b""
    in_reply_to: MessageId | None = None
    marks: frozenset[Mark] = frozenset()
    extra: JsonObject = field(default_factory=dict)

    @property
    def is_automatic(self) -> bool:
        return Mark.AUTOMATIC in self.marks


@dataclass(frozen=True, slots=True)
class Quote:
    """What the customer wrote last, for channels where an answer repeats it."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """Of a text that one message of the provider does not hold: the `number`-th, from 1, of `of`."""

    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to be sent. `message_id` makes a repeated send recognisable.

    `in_reply_to` and `references` are the provider's ids of the customer's messages in this conversation, newest and
    all; `by_person` tells an agent's words from the bot's and the system's, `agent_name` which agent's; `quotes` is
    what it answers.
    """

    message_id: MessageId
    conversation_id: ConversationId
    inbox_key: str
    recipient: Address
    text: str
    language: str
    subject: str | None = None
    choices: tuple[Choice, ...] = ()
    card: Card | None = None
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    by_person: bool = False
    customer_wrote_at: datetime | None = None  # the last time, in this conversation
    agent_name: str | None = None
    quotes: Quote | None = None
    part: Part | None = None


class DeliveryState(StrEnum):
    """Of an outgoing message. `in_doubt`: a crash hid whether the provider has it."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What became of a send. Errors are data: only the sender decides on a retry.

    `is_unreachable`: nothing more can be sent to this address; it is marked with `code` as the reason.
    """

    state: DeliveryState
    external_id: str | None = None
    code: str | None = None
    retryable: bool = False
    retry_after_s: float | None = None
    is_unreachable: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryUpdate:
    """What a provider reports later of a message it took from us, or of a `part` of it; by its own id or by ours."""

    state: DeliveryState
    external_id: str | None = None
    message_id: MessageId | None = None
    code: str | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """The customer changed what they wrote; `external_id` is that of the message as it first came."""

    external_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Reachability:
    """Nothing more may or can be sent to `address` (STOP, a blocked bot, a hard bounce), or it may again.

    A report about `message_id` counts only for the address that this message went to.
    """

    address: Address
    is_reachable: bool
    reason: str
    message_id: MessageId | None = None


Incoming = Inbound | DeliveryUpdate | Edit | Reachability


class InDoubtPolicy(StrEnum):
    """What to do with a send that a crash left open."""

    REPEAT = "repeat"  # the receiver recognises the same id: mail by Message-ID, web chat by message id
    ASK_PROVIDER = "ask_provider"
    PARK = "park"  # a person decides


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can carry; the sender splits and downgrades to it.

    `pulled`: the customer's side fetches from our store, so a stored message is a sent one.
    `text_limit` counts characters, or UTF-16 units where `counts_utf16`; `segments` counts SMS of the text's alphabet;
    0 is no limit. `body_limit` is the largest webhook in bytes; 0 is as much as the door allows.
    """

    text_limit: int = 0
    counts_utf16: bool = False
    segments: int = 0
    body_limit: int = 0
    choices: int = 0
    cards: bool = False
    attachments: bool = False
    pulled: bool = False
    in_doubt: InDoubtPolicy = InDoubtPolicy.PARK
    proves_sender: frozenset[AddressKind] = field(default_factory=frozenset)
