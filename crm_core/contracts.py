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


@dataclass(frozen=True, slots=True)
class Inbound:
    """One utterance of a customer. `external_id` is unique in its inbox: a redelivery changes nothing."""

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
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to be sent. `message_id` makes a repeated send recognisable."""

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
    """What became of a send. Errors are data: only the sender decides on a retry."""

    state: DeliveryState
    external_id: str | None = None
    code: str | None = None
    retryable: bool = False
    retry_after_s: float | None = None


class InDoubtPolicy(StrEnum):
    """What to do with a send that a crash left open."""

    REPEAT = "repeat"  # the receiver recognises the same id: mail by Message-ID, web chat by message id
    ASK_PROVIDER = "ask_provider"
    PARK = "park"  # a person decides


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can carry; the sender splits and downgrades to it.

    `pulled`: the customer's side fetches from our store, so a stored message is a sent one.
    `text_limit` counts characters; 0 is no limit.
    """

    text_limit: int = 0
    choices: int = 0
    cards: bool = False
    attachments: bool = False
    pulled: bool = False
    in_doubt: InDoubtPolicy = InDoubtPolicy.PARK
    proves_sender: frozenset[AddressKind] = field(default_factory=frozenset)
