"""What a manager writes into the five steps: costs, worth, periods, goals, notes and the score of the options."""

from datetime import date
from math import isfinite
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.words import Strict

ONE_OFF = ("software", "installation", "integration", "training")
YEARLY = ("upgrades", "support", "maintenance", "infrastructure", "telephony")
WORTH = ("agent_hour", "rescued_contact", "customer", "response")
MEASURED_GOALS = (
    "wait", "first_reply", "resolution", "abandonment", "containment", "handling", "satisfaction", "productivity",
    "cost_of_service", "retention", "sales_per_customer", "sales_per_seller", "sales_cycle", "acquisition_cost",
    "campaign_response",
)  # fmt: skip
WRITTEN_GOALS = ("loyalty",)
GOALS = MEASURED_GOALS + WRITTEN_GOALS
MOST_OPTIONS, MOST_CRITERIA, MOST_SCORE = 4, 12, 5
Amount = Annotated[float, Field(ge=0, le=1e12)]
ShareOfOne = Annotated[float, Field(ge=0, le=1)]
Note = Annotated[str, Field(max_length=8_000)]
ShortText = Annotated[str, Field(max_length=120)]
GoalKey = Literal[
    "wait", "first_reply", "resolution", "abandonment", "containment", "handling", "satisfaction", "productivity",
    "cost_of_service", "retention", "sales_per_customer", "sales_per_seller", "sales_cycle", "loyalty",
    "acquisition_cost", "campaign_response",
]  # fmt: skip


class Range(Strict):
    """The lowest, the most likely and the highest value that is thought possible."""

    low: float = 0.0
    mode: float = 0.0
    high: float = 0.0

    @model_validator(mode="after")
    def _in_order(self) -> "Range":
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.mode <= self.high):
            raise ValueError("low may not be above mode, nor mode above high")
        return self


NOTHING = Range()


def certain(value: float) -> Range:
    return Range(low=value, mode=value, high=value)


class Costs(Strict):
    """Money: the first four once, the others every year."""

    software: Range = NOTHING
    installation: Range = NOTHING
    integration: Range = NOTHING
    training: Range = NOTHING
    upgrades: Range = NOTHING
    support: Range = NOTHING
    maintenance: Range = NOTHING
    infrastructure: Range = NOTHING
    telephony: Range = NOTHING


class Worth(Strict):
    """Money: of an agent's hour, the margin of a contact that no longer gives up, a customer kept, one who responds."""

    agent_hour: Range = NOTHING
    rescued_contact: Range = NOTHING
    customer: Range = NOTHING
    response: Range = NOTHING


class Terms(Strict):
    """`ramp`: which share of the benefits each year brings; the last holds on. `cashable`: of the hours set free."""

    years: Annotated[int, Field(ge=1, le=10)] = 3
    discount_rate: ShareOfOne = 0.1
    ramp: Annotated[tuple[ShareOfOne, ...], Field(min_length=1, max_length=10)] = (0.3, 0.8, 1.0)
    cashable: Range = Range(low=0.0, mode=0.3, high=0.6)


class Periods(Strict):
    """First and last days: before the introduction, and what is compared with it."""

    baseline_first: date | None = None
    baseline_last: date | None = None
    first: date | None = None
    last: date | None = None


class HoldOut(Strict):
    """A campaign whose recipients were drawn by lot: how many were written to and left alone, and who responded."""

    written_to: Annotated[int, Field(ge=0)] = 0
    written_responded: Annotated[int, Field(ge=0)] = 0
    left_alone: Annotated[int, Field(ge=0)] = 0
    left_responded: Annotated[int, Field(ge=0)] = 0
    a_year: Annotated[int, Field(ge=0, le=10**9)] = 0  # people written to

    @model_validator(mode="after")
    def _no_more_than_all(self) -> "HoldOut":
        if self.written_responded > self.written_to or self.left_responded > self.left_alone:
            raise ValueError("no more can respond than there are")
        return self


class Goal(Strict):
    """`baseline` and `now` only where nothing measures them."""

    baseline: float | None = None
    target: float | None = None
    now: float | None = None


class Criterion(Strict):
    """One line of the selection: its weight, and a score for each option (None: not scored yet)."""

    name: ShortText
    weight: Annotated[int, Field(ge=0, le=100)] = 1
    scores: Annotated[tuple[Annotated[int, Field(ge=0, le=MOST_SCORE)] | None, ...], Field(max_length=MOST_OPTIONS)]


class Selection(Strict):
    """Build or buy."""

    options: Annotated[tuple[ShortText, ...], Field(max_length=MOST_OPTIONS)] = ()
    criteria: Annotated[tuple[Criterion, ...], Field(max_length=MOST_CRITERIA)] = ()
    note: Note = ""


class FiveSteps(Strict):
    """The document, whole."""

    periods: Periods = Periods()
    costs: Costs = Costs()
    worth: Worth = Worth()
    terms: Terms = Terms()
    campaign: HoldOut = HoldOut()
    goals: dict[GoalKey, Goal] = {}
    processes: Note = ""
    scope: Note = ""
    selection: Selection = Selection()
