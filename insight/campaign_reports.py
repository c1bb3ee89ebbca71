"""A campaign's report put together, and the question before it: how many people does an effect take?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import erf, sqrt

from crm_core.campaign_report import CampaignReport, DesignAnswer, DesignAsked, Shortage, Targeting
from crm_core.campaign_results import Lot
from crm_core.campaign_values import ConversionKind
from crm_core.campaigns import StoredCampaign
from crm_core.errors import InvalidInput, NotEnough
from insight.campaign_figures import arm_figures, differences, is_converted
from insight.fifo import Z95
from insight.mining.campaigns import campaign_uplift, people_per_arm, qini_by_lot, uplift_curve
from insight.mining.rows import Campaign, Traits

POWER = 0.8
NUMBERS, WORDS = ("days_since_order", "orders", "spent"), ("language", "channel")
NEVER_ORDERED_DAYS = 3_650.0


def campaign_report(campaign: StoredCampaign, lots: Sequence[Lot], now: datetime) -> CampaignReport:
    kind = campaign.plan.conversion
    counted = timedelta(days=campaign.plan.conversion_days)
    is_provisional = campaign.started_at is None or now < campaign.started_at + counted
    arms = arm_figures(lots, campaign.plan.arms, kind)
    return CampaignReport(arms, differences(lots, kind), _targeting(lots, kind), is_provisional)


def _targeting(lots: Sequence[Lot], kind: ConversionKind) -> Targeting | Shortage | None:
    """All arms together against the hold-out; None without one, or where the traits tell who was drawn for what."""
    known = [lot for lot in lots if lot.traits]  # who was erased has none
    if not any(lot.is_hold_out for lot in known):
        return None
    experiment = Campaign(
        _traits(known), [not lot.is_hold_out for lot in known], [is_converted(lot, kind) for lot in known]
    )
    try:
        found = campaign_uplift(experiment)
    except NotEnough as short:
        return Shortage(short.what, short.have, short.need)
    except InvalidInput:
        return None
    test = found.back_test
    return Targeting(uplift_curve(experiment), test.value, test.anchor_value, qini_by_lot(experiment))


def _traits(lots: Sequence[Lot]) -> Traits:
    return Traits(
        [str(lot.id) for lot in lots],
        {name: [_number(lot, name) for lot in lots] for name in NUMBERS},
        {name: [str(lot.traits.get(name) or "") for lot in lots] for name in WORDS},
    )


def _number(lot: Lot, name: str) -> float:
    value = lot.traits.get(name)
    return float(value) if isinstance(value, int | float) else NEVER_ORDERED_DAYS


def campaign_design_answer(asked: DesignAsked) -> DesignAnswer:
    """Raises InvalidInput for shares that are none."""
    if not (0 < asked.rate < 1 and 0 < asked.effect < 1 - asked.rate):
        raise InvalidInput("Rate and effect are shares between 0 and 1, and both together below 1.")
    return DesignAnswer(people_per_arm(asked.rate, asked.effect, POWER), _power(asked))


def _power(asked: DesignAsked) -> float:
    """Two-sided at 5 %, normal, for groups that need not be equal (Fleiss, 3rd ed., 4.4)."""
    if not asked.written or not asked.left_alone:
        return 0.0
    other = asked.rate + asked.effect
    both = (asked.rate * asked.left_alone + other * asked.written) / (asked.left_alone + asked.written)
    chance = sqrt(both * (1 - both) * (1 / asked.written + 1 / asked.left_alone))
    spread = sqrt(other * (1 - other) / asked.written + asked.rate * (1 - asked.rate) / asked.left_alone)
    return (1 + erf((asked.effect - Z95 * chance) / spread / sqrt(2))) / 2
