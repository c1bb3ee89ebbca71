"""What was measured for the five steps: the values that pass between the edges."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.five_steps import Range
from crm_core.economics import Economics
from crm_core.reporting import Figure, Period
from crm_core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Change:
    """One benefit: the figures it rests on, and what changed a year in `unit`s.

    With a `refusal` it is not counted. `figure` is the key on the page of reports, empty where that page has none.
    """

    key: str
    figure: str
    unit: str
    before: Figure | None = None
    now: Figure | None = None
    delta: Range | None = None
    refusal: Sentence | None = None
    is_capacity: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """By how much a figure stands above what its own past led to expect, with its 95 % interval."""

    value: float
    low: float
    high: float
    days_before: int
    days_after: int

    @property
    def is_certain(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class GoalFound:
    """`unit`: share, seconds, money or number. `effect` where the days allow one, else why there is none."""

    key: str
    unit: str
    figure: str
    baseline: float | None = None
    now: float | None = None
    effect: Effect | None = None
    refusal: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """One intent of conversations with the bot: where it fails. `came_again`: the same person on it within 7 days."""

    intent: str
    conversations: int
    handed_over: int
    not_understood: int
    came_again: int
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """Conversations by channel, language and intent; `unknown` are words of messages that no flow answers."""

    channels: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    intents: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    unknown_messages: int = 0
    foreign: Mapping[str, int] = field(default_factory=dict)  # languages written in that are not on


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the report shows beside what a manager wrote. Without `periods` nothing can be compared."""

    now: Period
    before: Period | None
    changes: tuple[Change, ...]
    economics: Economics
    goals: tuple[GoalFound, ...]
    gaps: tuple[Gap, ...]
    scope: Scope
