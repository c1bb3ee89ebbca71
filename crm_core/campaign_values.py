"""The words and values of campaigns: states, what is asked of an audience, the arms, and why somebody is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from crm_core.contracts import Json, JsonObject
from crm_core.errors import InvalidInput

MOST_ARMS = 4
MOST_NAME_CHARACTERS = 120


class Purpose(StrEnum):
    MARKETING = "marketing"


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


class MemberState(StrEnum):
    WAITING = "waiting"
    POSTED = "posted"
    HELD_OUT = "held_out"
    SKIPPED = "skipped"


class ConversionKind(StrEnum):
    ORDER = "order"
    REPLY = "reply"


class Reason(StrEnum):
    """Why a contact whom the criteria fit is not written to; the first that holds."""

    UNSUBSCRIBED = "unsubscribed"
    NO_CONSENT = "no_consent"
    UNREACHABLE = "unreachable"
    COMPLAINT = "complaint"
    OTHER_CAMPAIGN = "other_campaign"
    CAPPED = "capped"
    TOO_LATE = "too_late"
    STOPPED = "stopped"
    GONE = "gone"  # erased or merged into another contact


@dataclass(frozen=True, slots=True)
class Criteria:
    """Everything that is given must hold; days and sums are of orders in the ERP's extract."""

    languages: tuple[str, ...] = ()
    ordered_within_days: int | None = None
    not_ordered_for_days: int | None = None
    orders_from: int | None = None
    spent_from: int | None = None
    segments: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @staticmethod
    def from_json(stored: JsonObject) -> "Criteria":
        return Criteria(
            languages=_words(stored.get("languages")), segments=_words(stored.get("segments")),
            ordered_within_days=_number(stored.get("ordered_within_days")),
            not_ordered_for_days=_number(stored.get("not_ordered_for_days")),
            orders_from=_number(stored.get("orders_from")), spent_from=_number(stored.get("spent_from")),
        )  # fmt: skip


def _words(stored: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in stored) if isinstance(stored, list) else ()


def _number(stored: Json) -> int | None:
    return int(stored) if isinstance(stored, int | float) else None


@dataclass(frozen=True, slots=True)
class ArmText:
    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """`share` in percent; the hold-out has no texts."""

    key: str
    share: int
    texts: Mapping[str, ArmText] = field(default_factory=dict)
    is_hold_out: bool = False
    id: int = 0

    def text_in(self, language: str) -> ArmText:
        """Raises KeyError where nobody wrote it."""
        return self.texts[language]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a marketer decides before the start."""

    name: str
    criteria: Criteria
    inbox_ids: tuple[int, ...]
    arms: tuple[Arm, ...]
    conversion: ConversionKind = ConversionKind.ORDER
    conversion_days: int = 14
    send_days: int = 7
    cost: Decimal | None = None
    starts_at: datetime | None = None


class BadPlan(InvalidInput):
    """`what` says which rule, for the sentence in the reader's language."""

    code = "bad_plan"

    def __init__(self, what: str, sentence: str) -> None:
        super().__init__(sentence)
        self.what = what


def check_arms(arms: Sequence[Arm]) -> None:
    """Raises BadPlan: shares are whole percents that make a hundred, and somebody is written to."""
    if not 1 <= len(arms) <= MOST_ARMS or all(arm.is_hold_out for arm in arms):
        raise BadPlan("arms", f"A campaign has one to {MOST_ARMS} arms, and at least one of them is written to.")
    if any(not 1 <= arm.share <= 100 for arm in arms) or sum(arm.share for arm in arms) != 100:  # noqa: PLR2004
        raise BadPlan("shares", "The shares of the arms are whole percents and make a hundred together.")
    if len({arm.key for arm in arms}) != len(arms):
        raise BadPlan("arms", "Two arms have the same key.")
