"""What a campaign changed, in values: each arm, each arm beside the hold-out, and in whom it changed most."""

from dataclasses import dataclass

from crm_core.reporting import Figure


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """All who were drawn count, reached or not: who could be reached is not who was chosen by lot."""

    key: str
    is_hold_out: bool
    n: int
    sent: int
    delivered: int
    failed: int
    left_out: int
    replied: int
    unsubscribed: int
    converted: int
    rate: Figure
    revenue: float
    per_head: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Of an arm from the hold-out: in shares, and in money a head; intervals of 95 %."""

    arm: str
    share: float
    share_low: float
    share_high: float
    money: float
    money_low: float
    money_high: float
    extra: float  # conversions that would not have been
    extra_money: float

    @property
    def is_certain(self) -> bool:
        """Whether the interval leaves nothing out of account."""
        return self.share_low > 0 or self.share_high < 0


@dataclass(frozen=True, slots=True)
class Shortage:
    """What there is too little of to tell in whom the campaign worked."""

    what: str
    have: int
    need: int


@dataclass(frozen=True, slots=True)
class Targeting:
    """The curve: of the most responsive share of people, how many more conversions a head of all; and Qini's area.

    `qini_plain` is what writing first to those who buy anyway would have had; `qini_lot` what chance exceeds once in
    twenty.
    """

    curve: tuple[tuple[float, float], ...]
    qini: float
    qini_plain: float
    qini_lot: float


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """Without a hold-out there is no difference, only what happened."""

    arms: tuple[ArmFigures, ...]
    differences: tuple[Difference, ...]
    targeting: Targeting | Shortage | None
    is_provisional: bool  # the days of counting are not over


@dataclass(frozen=True, slots=True)
class DesignAsked:
    """Before the start: `rate` act anyway, `effect` more must not be overlooked; so many would be in each group."""

    rate: float
    effect: float
    written: int
    left_alone: int


@dataclass(frozen=True, slots=True)
class DesignAnswer:
    """`needed` in each of two equal groups for four chances in five; `power` is the chance with the groups planned."""

    needed: int
    power: float
