"""What a voice session asks of the rest of the house."""

from dataclasses import dataclass, field
from typing import Protocol

from channels.phone.call import CallState
from channels.phone.policy import QueueNews


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message to be said. `choices` are values and labels that keys may stand for."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()
    is_knowledge: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything new since `heard_through`. `misses`: how often in a row the bot did not follow the caller."""

    said: tuple[Spoken, ...]
    language: str
    through: int
    is_with_people: bool = False
    is_closed: bool = False
    misses: int = 0
    wants_callback: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """How it stands with a person. `news` is None once one has it; `opens` is when people come, if nobody is here."""

    news: QueueNews | None = None
    is_exhausted: bool = False
    is_over: bool = False
    opens: str | None = None
    said: tuple[Spoken, ...] = field(default=())
    through: int = 0


class Dialogue(Protocol):
    """One call's way to the bot, the line and the desk. Every method is durable when it returns."""

    async def tell(self, state: CallState, text: str, choice: str | None = None) -> None:
        """What the caller said: stored without card numbers (a recording pauses for one), and the turn started."""
        ...

    async def reply(self, state: CallState, patience_s: float) -> Reply | None:
        """What is to be said now; None when the bot still thinks after `patience_s`."""
        ...

    async def hand_off(self, state: CallState, reason: str) -> None:
        """Into the line, with what is known."""
        ...

    async def line(self, state: CallState) -> Line: ...

    async def call_back(self) -> bool:
        """Note that they want to be called; False when this number cannot be."""
        ...

    async def allow_recording(self, *, allowed: bool) -> None: ...

    async def leave_message(self, state: CallState, recording_id: str, seconds: int) -> None: ...

    async def put_first(self) -> None:
        """Back into the line, before all who came later."""
        ...

    async def note(self, text: str) -> int:
        """What we said ourselves, for the transcript; the message's id."""
        ...


class SayIn(Protocol):
    """A sentence of `config/replies`."""

    def __call__(self, key: str, language: str, **values: object) -> str: ...


@dataclass(slots=True)
class OpenCall:
    """A request of a call that is ours to answer."""

    call_id: int
    key: str
    state: CallState
    dialogue: Dialogue


@dataclass(frozen=True, slots=True)
class Whisper:
    """What an agent hears before they take a call."""

    sentence: str
    language: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An agent has it: the room where the two meet. False for a customer who is gone."""

    room: str
    is_customer_there: bool


class CallDesk(Protocol):
    """Where calls are kept, whoever carries them. `external_id` is the carrier's id of the customer's line."""

    async def begin(self, external_id: str, caller: str, key: str) -> OpenCall | str | None:
        """The request to be answered, the answer it had before, or None while another process thinks about it.

        Raises NotFound for a call that has ended.
        """
        ...

    async def finish(self, call: OpenCall, document: str) -> None: ...

    async def give_up(self, call: OpenCall) -> None:
        """It could not be answered; a retry may try again."""
        ...

    async def ring_next(self, external_id: str) -> None:
        """Bring the next free agent to the telephone, if nobody is rung already."""
        ...

    async def whisper(self, leg_id: int) -> Whisper | None: ...

    async def take(self, leg_id: int) -> Taken | None: ...

    async def leg_ended(self, leg_id: int, outcome: str) -> None: ...

    async def ended(self, external_id: str, caller: str, duration_s: int, outcome: str) -> None:
        """The customer's line is down. A call that never reached us, because we were away, is noted as well."""
        ...

    async def recorded(self, external_id: str, recording_id: str, seconds: int) -> None:
        """The recording of a whole call is there; kept only when the caller had allowed it."""
        ...
