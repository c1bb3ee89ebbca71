"""What may happen on a call and what may be done about it: the same words for every carrier."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class CallStarted:
    """Somebody called, or was called back, and listens."""


@dataclass(frozen=True, slots=True)
class UserText:
    """What the caller said, as it was recognised; `confidence` is None where the carrier tells none."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Digits:
    """Keys that were pressed."""

    keys: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller spoke into what we said; `heard` is the part before that."""

    heard: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was said or pressed in the time that was given."""


@dataclass(frozen=True, slots=True)
class Waited:
    """The time of a Wait is over."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message was left; `recording_id` is the carrier's."""

    recording_id: str
    seconds: int


@dataclass(frozen=True, slots=True)
class ColleagueGone:
    """The line between the caller and an agent is down; the caller is still there."""


@dataclass(frozen=True, slots=True)
class CarrierFailed:
    """The carrier could not do what was asked of it."""

    reason: str


Event = (
    CallStarted | UserText | Digits | Interrupted | Silence | Waited | Recorded | ColleagueGone | CarrierFailed
)  # fmt: skip


class Expect(StrEnum):
    """What an answer will be: it decides how the carrier listens."""

    FREE = "free"  # speech or keys
    DIGITS = "digits"  # keys, ended by #
    KEY = "key"  # one key


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Play:
    """The music of the waiting line."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Listen. What was said before it may be talked over."""

    expect: Expect
    language: str
    patience_s: int = 6


@dataclass(frozen=True, slots=True)
class Wait:
    """Come back with Waited."""

    seconds: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """Take a message after a tone; come back with Recorded."""

    longest_s: int = 120


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bring a person to the telephone; the caller goes on waiting."""


@dataclass(frozen=True, slots=True)
class End:
    """Hang up; `outcome` is why."""

    outcome: str


Command = Say | Play | Ask | Wait | Record | Transfer | End
