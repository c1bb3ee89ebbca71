"""The form of a campaign: what was written becomes a plan, and a plan is shown as it was written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from crm_core.campaign_values import Arm, ArmText, BadPlan, ConversionKind, Criteria, Plan
from crm_core.models import Inbox
from desk.views import Option
from desk.words import LANGUAGES, Words

ARMS = ("a", "b")
HOLD_OUT = "hold_out"
NUMBERS = ("ordered_within_days", "not_ordered_for_days", "orders_from", "spent_from")
SEGMENTS = ("champions", "loyal", "new", "at_risk", "fading", "lost")
MOST_DIGITS, MOST_MONEY = 7, 10**9
Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShownText:
    language: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownArm:
    key: str
    share: str
    texts: tuple[ShownText, ...]


@dataclass(frozen=True, slots=True)
class CampaignForm:
    """Every field as text; `numbers` by name."""

    name: str
    inboxes: tuple[Option, ...]
    languages: tuple[Option, ...]
    segments: tuple[Option, ...]
    numbers: Mapping[str, str]
    conversions: tuple[Option, ...]
    conversion_days: str
    send_days: str
    cost: str
    starts_at: str
    arms: tuple[ShownArm, ...]
    hold_out: str


def plan_of(fields: Fields, inboxes: Sequence[Inbox], zone: ZoneInfo) -> Plan:
    """Raises BadPlan for a number that is none; the core looks at the rest."""
    arms = [arm for key in ARMS if (arm := _arm(fields, key)).share]
    held = _number(fields, "share_hold_out") or 0
    if held:
        arms.append(Arm(HOLD_OUT, held, is_hold_out=True))
    numbers = {name: _number(fields, name) for name in NUMBERS}
    criteria = Criteria(
        languages=tuple(code for code in LANGUAGES if fields.get(f"language_{code}")),
        segments=tuple(name for name in SEGMENTS if fields.get(f"segment_{name}")), **numbers,
    )  # fmt: skip
    kind = ConversionKind.REPLY if fields.get("conversion") == ConversionKind.REPLY else ConversionKind.ORDER
    return Plan(
        fields.get("name", ""), criteria, tuple(inbox.id for inbox in inboxes if fields.get(f"inbox_{inbox.id}")),
        tuple(arms), kind, _number(fields, "conversion_days") or 14, _number(fields, "send_days") or 7,
        _money(fields, "cost"), _moment(fields, zone),
    )  # fmt: skip


def _arm(fields: Fields, key: str) -> Arm:
    texts = {
        code: ArmText(_clean(fields, f"text_{key}_{code}"), _clean(fields, f"subject_{key}_{code}"))
        for code in LANGUAGES
    }
    return Arm(key, _number(fields, f"share_{key}") or 0, texts)


def _clean(fields: Fields, name: str) -> str:
    return fields.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()


def _number(fields: Fields, name: str) -> int | None:
    given = fields.get(name, "").strip()
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > MOST_DIGITS:
        raise BadPlan("number", f"The field “{name}” takes a whole number.")
    return int(given)


def _money(fields: Fields, name: str) -> Decimal | None:
    given = fields.get(name, "").strip().replace(",", ".")
    try:
        value = Decimal(given) if given else None
    except InvalidOperation as error:
        raise BadPlan("number", "Write the cost as a number.") from error
    if value is not None and not (value.is_finite() and 0 <= value < MOST_MONEY):
        raise BadPlan("number", "Write the cost as a number.")
    return value


def _moment(fields: Fields, zone: ZoneInfo) -> datetime | None:
    """By the reader's clock."""
    given = fields.get("starts_at", "").strip()
    try:
        return datetime.fromisoformat(given).replace(tzinfo=zone) if given else None
    except ValueError as error:
        raise BadPlan("moment", "Write the start as a date and a time.") from error


EMPTY = Plan("", Criteria(), (), (Arm("a", 80), Arm(HOLD_OUT, 20, is_hold_out=True)))


def campaign_form(plan: Plan, inboxes: Sequence[Inbox], words: Words, zone: ZoneInfo) -> CampaignForm:
    criteria, arms = plan.criteria, {arm.key: arm for arm in plan.arms}
    numbers = {name: _shown(getattr(criteria, name)) for name in NUMBERS}
    start = plan.starts_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if plan.starts_at else ""
    held = arms.get(HOLD_OUT)
    return CampaignForm(
        plan.name, tuple(Option(str(each.id), each.name, each.id in plan.inbox_ids) for each in inboxes),
        tuple(Option(code, words(f"languages.{code}"), code in criteria.languages) for code in LANGUAGES),
        tuple(Option(name, words(f"campaigns.segments.{name}"), name in criteria.segments) for name in SEGMENTS),
        numbers,
        tuple(Option(kind, words(f"campaigns.conversions.{kind}"), kind is plan.conversion) for kind in ConversionKind),
        str(plan.conversion_days), str(plan.send_days), _shown(plan.cost), start,
        tuple(_shown_arm(key, arms.get(key)) for key in ARMS), _shown(held.share if held else None),
    )  # fmt: skip


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _shown_arm(key: str, arm: Arm | None) -> ShownArm:
    texts = arm.texts if arm is not None else {}
    none = ArmText("")
    shown = (ShownText(code, texts.get(code, none).subject, texts.get(code, none).text) for code in LANGUAGES)
    return ShownArm(key, _shown(arm.share if arm else None), tuple(shown))


def written_form(fields: Fields, form: CampaignForm) -> CampaignForm:
    """With what was sent instead of what is stored: nobody writes twice."""

    def marked(options: Sequence[Option], stem: str) -> tuple[Option, ...]:
        return tuple(Option(each.key, each.name, bool(fields.get(f"{stem}_{each.key}"))) for each in options)

    given = fields.get
    arms = tuple(
        ShownArm(arm.key, given(f"share_{arm.key}", ""), tuple(
            ShownText(text.language, given(f"subject_{arm.key}_{text.language}", ""),
                      given(f"text_{arm.key}_{text.language}", "")) for text in arm.texts))
        for arm in form.arms
    )  # fmt: skip
    return CampaignForm(
        given("name", ""), marked(form.inboxes, "inbox"), marked(form.languages, "language"),
        marked(form.segments, "segment"), {name: given(name, "") for name in NUMBERS},
        tuple(Option(each.key, each.name, each.key == given("conversion")) for each in form.conversions),
        given("conversion_days", ""), given("send_days", ""), given("cost", ""), given("starts_at", ""), arms,
        given("share_hold_out", ""),
    )  # fmt: skip
