"""Who else has the same conversation open, and who is typing a reply: told by signals alone, kept in no table.

Whoever comes asks, and those who are there answer. Who falls silent is forgotten after a while, so a lost browser
does not stay on the screen.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from crm_core.signals import Signal, Topic

FORGOTTEN_S = 50.0  # a browser says every 20 s that it is there
TYPING_S = 6.0


class Word(StrEnum):
    """What a tab tells the others about its person."""

    CAME = "came"
    HERE = "here"
    TYPES = "types"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Neighbour:
    user_id: int
    types: bool


@dataclass(slots=True)
class Presence:
    """Around one conversation, as one tab knows it. Times are seconds of a monotonic clock."""

    conversation_id: int
    own_id: int
    is_silent: bool = False
    _heard: dict[int, float] = field(default_factory=dict)
    _typed: dict[int, float] = field(default_factory=dict)

    def says(self, word: Word) -> Signal:
        return Signal(Topic.WATCH, self.conversation_id, f"{word}:{self.own_id}")

    def hear(self, signal: Signal, at: float) -> bool:
        """Note what another tab told; True when it asks who is here."""
        word, _, number = signal.detail.partition(":")
        if signal.id != self.conversation_id or not number.isdigit() or int(number) == self.own_id:
            return False
        user_id = int(number)
        if word == Word.LEFT:
            self._heard.pop(user_id, None)
            return False
        self._heard[user_id] = at
        if word == Word.TYPES:
            self._typed[user_id] = at
        return word == Word.CAME

    def neighbours(self, at: float) -> tuple[Neighbour, ...]:
        """In the order of their ids, so that equal ones are equal."""
        here = sorted(user_id for user_id, heard in self._heard.items() if at - heard < FORGOTTEN_S)
        return tuple(Neighbour(user_id, at - self._typed.get(user_id, -TYPING_S) < TYPING_S) for user_id in here)
