"""What the pages of campaigns show: the list, the audience before the start, the progress and what it changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from babel.numbers import format_currency, format_decimal, format_percent

from crm_core.audience import Preview
from crm_core.campaign_report import ArmFigures, CampaignReport, DesignAnswer, Difference, Shortage, Targeting
from crm_core.campaign_results import Progress
from crm_core.campaign_values import CampaignState, MemberState
from crm_core.campaigns import StoredCampaign
from desk.moments import Clockface
from desk.words import Words

TONES: Mapping[CampaignState, str] = {
    CampaignState.DRAFT: "", CampaignState.SCHEDULED: "accent", CampaignState.RUNNING: "ok",
    CampaignState.PAUSED: "warn", CampaignState.STOPPED: "bad", CampaignState.DONE: "",
}  # fmt: skip
CURVE_WIDTH, CURVE_HEIGHT = 320, 160


@dataclass(frozen=True, slots=True)
class ShownCampaign:
    id: int
    name: str
    state: str
    state_text: str
    tone: str
    when: str


@dataclass(frozen=True, slots=True)
class Line:
    """A name with its number, as text, and its share of a bar of a hundred."""

    name: str
    value: str
    share: int = 0


@dataclass(frozen=True, slots=True)
class ShownPreview:
    reached: str
    count: int
    languages: tuple[Line, ...]
    reasons: tuple[Line, ...]
    design: str = ""


@dataclass(frozen=True, slots=True)
class ShownProgress:
    total: int
    done: int
    share: int
    lines: tuple[Line, ...]
    reasons: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ShownDifference:
    """`verdict` says in a sentence what the numbers may be taken for."""

    arm: str
    points: str
    interval: str
    extra: str
    money: str
    money_interval: str
    cost: str
    verdict: str
    tone: str


@dataclass(frozen=True, slots=True)
class ShownCurve:
    """Two paths in a box: what was found, and what a lot would give."""

    path: str
    straight: str
    verdict: str


@dataclass(frozen=True, slots=True)
class ShownReport:
    headings: tuple[str, ...]
    arms: tuple[tuple[str, tuple[str, ...]], ...]
    differences: tuple[ShownDifference, ...]
    curve: ShownCurve | None
    note: str
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """The reader's words, clock and money."""

    words: Words
    clock: Clockface
    currency: str

    def number(self, value: float) -> str:
        return format_decimal(round(value), locale=self.words.locale)

    def money(self, value: float) -> str:
        return format_currency(round(value, 2), self.currency, locale=self.words.locale)

    def percent(self, value: float | None) -> str:
        return "–" if value is None else format_percent(value, format="#,##0.0\xa0%", locale=self.words.locale)

    def points(self, value: float) -> str:
        return format_decimal(100 * value, format="+#,##0.0;\u2212#,##0.0", locale=self.words.locale)

    def arm(self, key: str) -> str:
        return self.words.known(f"campaigns.arms.{key}", key.upper())


def shown_campaign(one: StoredCampaign, say: Wording) -> ShownCampaign:
    at = one.started_at or one.plan.starts_at or one.created_at
    text = say.words(f"campaigns.states.{one.state}")
    return ShownCampaign(one.id, one.plan.name, one.state.value, text, TONES[one.state], say.clock.day_and_time(at))


def shown_preview(found: Preview, design: DesignAnswer | None, say: Wording) -> ShownPreview:
    words = say.words
    told = ""
    if design is not None:
        told = words("campaigns.design_answer", needed=say.number(design.needed), power=say.percent(design.power))
    return ShownPreview(
        words("campaigns.reached", n=found.reached), found.reached,
        tuple(_line(words.known(f"languages.{key}", key), n, found.reached, say) for key, n in found.languages.items()),
        tuple(
            _line(words(f"campaigns.reasons.{reason}"), n, sum(found.reasons.values()), say)
            for reason, n in sorted(found.reasons.items(), key=lambda item: -item[1])
        ),
        told,
    )  # fmt: skip


def _line(name: str, n: int, whole: int, say: Wording) -> Line:
    return Line(name, say.number(n), round(100 * n / whole) if whole else 0)


def shown_progress(found: Progress, say: Wording) -> ShownProgress:
    total = sum(found.states.values())
    done = total - found.states.get(MemberState.WAITING, 0)
    lines = [_line(say.words(f"campaigns.members.{state}"), n, total, say) for state, n in found.states.items()]
    lines += [
        _line(say.words.known(f"delivery.{state}", state), n, total, say) for state, n in found.deliveries.items()
    ]
    reasons = tuple(
        _line(say.words(f"campaigns.reasons.{key}"), n, total, say) for key, n in sorted(found.reasons.items())
    )
    return ShownProgress(total, done, round(100 * done / total) if total else 0, tuple(lines), reasons)


HEADINGS = ("n", "sent", "failed", "left_out", "replied", "unsubscribed", "converted", "rate", "per_head")


def shown_report(report: CampaignReport, cost: float | None, say: Wording) -> ShownReport:
    headings = tuple(say.words(f"campaigns.columns.{name}") for name in HEADINGS)
    written = sum(arm.n for arm in report.arms if not arm.is_hold_out)
    differences = tuple(_difference(one, report, (cost, written), say) for one in report.differences)
    curve, note = _targeting(report.targeting, say)
    arms = tuple((say.arm(arm.key), _cells(arm, say)) for arm in report.arms)
    return ShownReport(headings, arms, differences, curve, note, report.is_provisional)


def _cells(arm: ArmFigures, say: Wording) -> tuple[str, ...]:
    rate = say.percent(arm.rate.value)
    if arm.rate.low is not None and arm.rate.high is not None:
        rate = f"{rate} ({say.percent(arm.rate.low)}–{say.percent(arm.rate.high)})"
    counts = (arm.n, arm.sent, arm.failed, arm.left_out, arm.replied, arm.unsubscribed, arm.converted)
    return (*(say.number(count) for count in counts), rate, say.money(arm.per_head))


def _difference(
    one: Difference, report: CampaignReport, spent: tuple[float | None, int], say: Wording
) -> ShownDifference:
    n = next(arm.n for arm in report.arms if arm.key == one.arm)
    cost, written = spent
    own_cost = cost * n / written if cost and written else 0.0
    words = say.words
    verdict = "none" if not one.is_certain else "more" if one.share > 0 else "less"
    return ShownDifference(
        say.arm(one.arm), say.points(one.share),
        words("campaigns.from_to", low=say.points(one.share_low), high=say.points(one.share_high)),
        say.number(one.extra), say.money(one.money),
        words("campaigns.from_to", low=say.money(one.money_low), high=say.money(one.money_high)),
        say.money(own_cost / one.extra) if own_cost and one.is_certain and one.extra > 0 else "–",
        words(f"campaigns.verdicts.{verdict}"), {"none": "", "more": "ok", "less": "bad"}[verdict],
    )  # fmt: skip


def _targeting(found: Targeting | Shortage | None, say: Wording) -> tuple[ShownCurve | None, str]:
    words = say.words
    if found is None:
        return None, words("campaigns.no_hold_out")
    if isinstance(found, Shortage):
        what = words.known(f"mining.counted.{found.what}", found.what)
        return None, words("campaigns.too_few", what=what, have=say.number(found.have), need=say.number(found.need))
    verdict = "targets" if found.qini > found.qini_lot else "no_target"
    numbers = {"qini": found.qini, "lot": found.qini_lot, "plain": found.qini_plain}
    told = words(f"campaigns.{verdict}", **{name: f"{value:.5f}" for name, value in numbers.items()})
    return ShownCurve(*_paths(found), told), ""


def _paths(found: Targeting) -> tuple[str, str]:
    highest = max(abs(gain) for _, gain in found.curve) or 1.0
    base = CURVE_HEIGHT if all(gain >= 0 for _, gain in found.curve) else CURVE_HEIGHT / 2
    scale = (base - 8) / highest
    points = [f"{share * CURVE_WIDTH:.1f},{base - gain * scale:.1f}" for share, gain in found.curve]
    return " ".join(points), f"0,{base:.1f} {points[-1]}"
