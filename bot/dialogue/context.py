"""What a step may use and what it may cause, while one message is dealt with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.dialogue.memory import Memory
from bot.dialogue.schema import Flows
from bot.knowledge import Knowledge
from bot.replies import Replies
from config.business import Business
from crm_core.attempts import attempt_subject, count_attempts
from crm_core.contracts import Card, Choice, JsonObject
from crm_core.db import Sessions
from crm_core.erp.port import Erp, Order
from crm_core.events import BOT, Event, EventKind
from crm_core.outbox import Utterance
from nlu.engine import NluResult

MOST_PROOFS_AN_HOUR = 10


@dataclass(frozen=True, slots=True)
class VerifiedCustomer:
    """A customer of the ERP this conversation has proven to be; without one no order data is shown."""

    id: str
    how: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class DialogueServices:
    """Read-only parts that every message shares."""

    flows: Flows
    replies: Replies
    knowledge: Knowledge
    erp: Erp
    business: Business
    sessions: Sessions
    readers: Sessions
    key: bytes
    mail_available: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the customer and what it was understood as. `choice` is the button pressed."""

    message_id: int
    text: str
    nlu: NluResult
    choice: str | None = None


@dataclass(slots=True)
class Caused:
    """Everything one message causes; written in one transaction by the turn."""

    utterances: list[Utterance] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    letters: list[JsonObject] = field(default_factory=list)
    returns: list[JsonObject] = field(default_factory=list)
    attempts: list[bytes] = field(default_factory=list)
    handoff_reason: str | None = None
    close: bool = False
    transcript_to: str | None = None  # an address that was proved here
    verified: VerifiedCustomer | None = None


@dataclass(slots=True)
class Context:
    """One message in hand. `proven` are addresses of the customer that the channel proved in this conversation."""

    services: DialogueServices
    memory: Memory
    said: Said
    language: str
    now: datetime
    conversation_id: int
    contact_id: int
    customer: VerifiedCustomer | None
    proven: tuple[str, ...] = ()
    caused: Caused = field(default_factory=Caused)
    order: Order | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.services.business.company.time_zone)

    def text(self, key: str, **values: object) -> str:
        return self.services.replies.say(key, self.language, self.memory.turns, **values)

    def say(self, key: str, **values: object) -> None:
        self.utter(Utterance(self.text(key, **values)))

    def utter(self, utterance: Utterance) -> None:
        self.caused.utterances.append(utterance)

    def offer(self, *keys: str) -> None:
        """Put buttons under the last utterance; each says its own label when pressed."""
        if not self.caused.utterances:
            return
        last = self.caused.utterances[-1]
        choices = tuple(Choice(self.text(f"choice_{key}"), key) for key in keys)
        self.caused.utterances[-1] = Utterance(last.text, choices, last.card)

    def show(self, text: str, card: Card) -> None:
        self.utter(Utterance(text, card=card))

    def happened(self, kind: EventKind, **data: str | float | bool | None) -> None:
        self.caused.events.append(Event(kind, BOT, self.conversation_id, self.contact_id, {**data}))

    def verify(self, customer: VerifiedCustomer) -> None:
        self.customer = self.caused.verified = customer
        self.happened(EventKind.IDENTITY_VERIFIED, how=customer.how)

    async def too_many(self, *parts: str) -> bool:
        """Whether `parts` (an order, an address) were tried too often within the hour, in any conversation."""
        subject = attempt_subject(self.services.key, *parts)
        async with self.services.readers() as session:
            count = await count_attempts(session, "proof", subject, self.now - timedelta(hours=1))
        return count >= MOST_PROOFS_AN_HOUR

    def note_attempt(self, *parts: str) -> None:
        self.caused.attempts.append(attempt_subject(self.services.key, *parts))
