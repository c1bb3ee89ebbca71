"""What is remembered of a call between two events: plain JSON, so that any process may take the next one."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Self

from crm_core.contracts import JsonObject


class Stage(StrEnum):
    CONSENT = "consent"
    TALKING = "talking"
    THINKING = "thinking"
    QUEUED = "queued"
    CLOSED = "closed"  # nobody is here: a message or a callback
    VOICEMAIL = "voicemail"
    ENDED = "ended"


@dataclass(slots=True)
class CallState:
    """`heard_through` is the last message that was spoken; `number` counts our answers; `misses` are in a row.

    `choices` are the values that keys stand for now, with their labels; `rounds` counts the turns of the line.
    """

    language: str
    stage: Stage = Stage.TALKING
    number: int = 0
    heard_through: int = 0
    misses: int = 0
    silences: int = 0
    waits: int = 0
    rounds: int = 0
    keypad: bool = False
    may_call_back: bool = False
    choices: list[list[str]] = field(default_factory=list)
    outcome: str = ""

    def as_json(self) -> JsonObject:
        return {**asdict(self)}

    @classmethod
    def from_json(cls, stored: JsonObject) -> Self:
        values = {name: value for name, value in stored.items() if name in cls.__dataclass_fields__}
        return cls(**{**values, "stage": Stage(str(values["stage"]))})  # type: ignore[arg-type]
