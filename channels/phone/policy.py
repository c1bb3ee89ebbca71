"""When the keypad is offered, when a person, and when a call ends: the numbers of design and the decisions on them."""

from dataclasses import dataclass
from enum import StrEnum

LEAST_CONFIDENCE = 0.3
MISSES_UNTIL_KEYPAD, MISSES_UNTIL_PERSON = 2, 3
SILENCES_UNTIL_END = 2
REPLY_PATIENCE_S, LATER_PATIENCE_S = 4.0, 3.0
WAITS_UNTIL_PERSON = 2  # after one more look: about ten seconds in all, well inside the carrier's fifteen a request
LINE_ROUND_S = 20
ROUNDS_UNTIL_CALLBACK = 3
LONGEST_CALL_S = 1800
MOST_PERSON_TRIES = 3


class Remedy(StrEnum):
    """What follows when the caller was not understood."""

    ASK_AGAIN = "ask_again"
    KEYPAD = "keypad"
    PERSON = "person"


def remedy_for(misses: int) -> Remedy:
    """Of the `misses`th miss in a row about the same question."""
    if misses >= MISSES_UNTIL_PERSON:
        return Remedy.PERSON
    return Remedy.KEYPAD if misses >= MISSES_UNTIL_KEYPAD else Remedy.ASK_AGAIN


@dataclass(frozen=True, slots=True)
class QueueNews:
    """A place in the line, and how long half and four fifths of those who stood there waited; None: not known."""

    position: int
    wait_p50_s: float | None = None
    wait_p80_s: float | None = None

    @property
    def minutes(self) -> int | None:
        """What may be promised: the time within which most are served, in whole minutes."""
        promised = self.wait_p80_s or self.wait_p50_s
        return None if promised is None else max(1, round(promised / 60))
