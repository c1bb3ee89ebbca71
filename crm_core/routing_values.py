"""What routing speaks about: who waits and needs what, who could serve and how much more, and why who got whom."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from crm_core.contracts import JsonObject


class Load(StrEnum):
    """A call takes the whole agent, a chat a slot; mails fill what is left and are laid aside for a call."""

    CALL = "call"
    CHAT = "chat"
    MAIL = "mail"


LOAD_OF_CHANNEL = {"phone": Load.CALL, "email": Load.MAIL, "fax": Load.MAIL}


def load_of(channel: str) -> Load:
    return LOAD_OF_CHANNEL.get(channel, Load.CHAT)


@dataclass(frozen=True, slots=True)
class Ring:
    """Who may serve once at most `slack_s` seconds are left to the promise; `level` is the least of every skill."""

    teams: frozenset[str]
    slack_s: float = inf
    needs_skills: bool = True
    needs_language: bool = True
    level: int = 1


@dataclass(frozen=True, slots=True)
class Need:
    """What serving takes; those with equal needs form one line. An urgent chat may interrupt mails."""

    queue: str
    load: Load
    language: str | None = None
    skills: frozenset[str] = frozenset()
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in line; times in epoch seconds.

    `last_agent` is kept for them until `prefer_until`. A callback keeps its place by its deadline and is offered from
    `not_before` on. `passed_by` are the agents who declined.
    """

    id: int
    need: Need
    deadline: float
    queued_at: float
    last_agent: int | None = None
    prefer_until: float = 0.0
    not_before: float = 0.0
    passed_by: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Capacity:
    """`slots` over chats and mails together; a limit of None is the slots, one of 0 means none of that kind."""

    slots: int = 5
    calls: int = 1
    chats: int | None = None
    mails: int | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What an agent has in hand, offers included."""

    calls: int = 0
    chats: int = 0
    mails: int = 0

    @property
    def total(self) -> int:
        return self.calls + self.chats + self.mails

    def plus(self, load: Load, number: int) -> "Holding":
        return Holding(
            max(0, self.calls + number * (load is Load.CALL)),
            max(0, self.chats + number * (load is Load.CHAT)),
            max(0, self.mails + number * (load is Load.MAIL)),
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent as routing sees one. `skills` are pairs of skill and level; who is not `present` gets nothing."""

    id: int
    teams: frozenset[str]
    languages: frozenset[str]
    skills: frozenset[tuple[str, int]] = frozenset()
    present: bool = True
    capacity: Capacity = Capacity()
    holding: Holding = Holding()
    idle_since: float = 0.0

    def with_more(self, load: Load, number: int, now: float) -> "Candidate":
        """So many contacts more, or fewer, in hand from `now` on; `replace` would take three times as long."""
        held = self.holding.plus(load, number)
        return Candidate(self.id, self.teams, self.languages, self.skills, self.present, self.capacity, held, now)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this agent and now: stored with the offer and shown at the desk. `ring` counts from 0, the strictest."""

    slack_s: float
    skills: tuple[str, ...]
    language: str | None
    ring: int
    idle_s: float
    candidates: int
    is_last_agent: bool = False
    interrupts: bool = False

    def as_json(self) -> JsonObject:
        return {
            "slack_s": round(self.slack_s, 1), "skills": list(self.skills), "language": self.language,
            "ring": self.ring, "idle_s": round(self.idle_s, 1), "candidates": self.candidates,
            "is_last_agent": self.is_last_agent, "interrupts": self.interrupts,
        }  # fmt: skip

    def __str__(self) -> str:
        known = ", ".join(word for word in (self.language, *self.skills) if word) or "none"
        return (
            f"least slack {self.slack_s:.0f} s; skills {known}; idle {self.idle_s:.0f} s; {self.candidates} candidates"
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    waiting: Waiting
    agent_id: int
    reason: Reason
