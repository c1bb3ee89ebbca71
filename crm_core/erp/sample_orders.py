"""Orders of the sample company as rows of the tables, from a scenario, a seed and today's date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from crm_core.erp.port import Payment, ShipmentStatus
from crm_core.erp.sample_scenarios import COMMON, FIXED, Fixed, Gone, Scenario

CARRIERS = ("SEUR", "DHL", "Correos Express")
TRACKING_PAGE = "https://example.com/track/{tracking}"  # a real carrier would know nothing of our parcels
CURRENCY = "EUR"
SERVICES = ("SV-ASSEMBLY", "SV-ASSEMBLY-L")
CARRIAGE_DAYS = 2

Rows = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Article:
    """What the generator must know of a product."""

    sku: str
    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Shop:
    """What there is to choose from."""

    customers: tuple[str, ...]
    articles: Mapping[str, Article]


@dataclass(frozen=True, slots=True)
class SampleRows:
    """Rows by table."""

    orders: Rows = field(default_factory=list)
    lines: Rows = field(default_factory=list)
    shipments: Rows = field(default_factory=list)
    invoices: Rows = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Dates:
    today: date
    ordered_on: date
    promised_on: date | None


def add_order(rows: SampleRows, number: int, shop: Shop, today: date) -> None:
    """The same number, shop and day give the same rows."""
    chance = Random(number)  # noqa: S311 - a repeatable sample, not a secret
    plan = FIXED.get(number) or _plan(chance, shop)
    promised_on = None if plan.promised_in_days is None else today + timedelta(plan.promised_in_days)
    dates = _Dates(today, today - timedelta(plan.age_days), promised_on)
    lines = [_line(number, position, plan, shop, promised_on) for position in range(len(plan.lines))]
    total = sum((shop.articles[sku].price * pieces for sku, pieces in plan.lines), Decimal(0))
    rows.lines.extend(lines)
    rows.shipments.extend(_shipments(number, plan, dates, chance))
    rows.invoices.extend(_invoices(number, plan, dates, total))
    rows.orders.append({
        "number": str(number), "customer_number": plan.customer, "customer_ref": None,
        "stage": plan.scenario.stage.value, "ordered_on": dates.ordered_on, "promised_on": promised_on,
        "currency": CURRENCY, "total": total,
    })  # fmt: skip


def _plan(chance: Random, shop: Shop) -> Fixed:
    (scenario,) = chance.choices(COMMON, [one.weight for one in COMMON])
    promised = scenario.promised_in_days
    return Fixed(
        scenario, chance.choice(shop.customers), chance.randint(*scenario.age_days), chance.choice(scenario.payments),
        _choice_of_goods(chance, scenario, shop), chance.randint(*promised) if promised else None,
    )  # fmt: skip


def _choice_of_goods(chance: Random, scenario: Scenario, shop: Shop) -> tuple[tuple[str, int], ...]:
    if scenario.service_only:
        return ((chance.choice(SERVICES), 1),)
    goods = [sku for sku in shop.articles if sku not in SERVICES]
    chosen = chance.sample(goods, chance.choice((1, 1, 2, 2, 3)))
    least = 2 if scenario.gone is Gone.PART else 1
    lines = [(sku, chance.randint(least, 4) if sku.startswith("CH-") else least) for sku in chosen]
    return (*lines, ("SV-ASSEMBLY", 1)) if chance.random() < 0.2 else tuple(lines)  # noqa: PLR2004 - one in five


def _line(number: int, position: int, plan: Fixed, shop: Shop, promised_on: date | None) -> dict[str, object]:
    sku, pieces = plan.lines[position]
    shipped = 0 if sku in SERVICES else _shipped(plan.scenario, pieces, is_first=position == 0)
    return {
        "order_number": str(number), "position": position + 1, "sku": sku,
        "description": shop.articles[sku].name, "ordered": Decimal(pieces), "shipped": Decimal(shipped),
        "returned": Decimal(shipped if plan.scenario.returned else 0), "unit": "pc",
        "price": shop.articles[sku].price, "promised_on": promised_on if shipped < pieces else None,
    }  # fmt: skip


def _shipped(scenario: Scenario, pieces: int, *, is_first: bool) -> int:
    if scenario.gone is Gone.NOTHING:
        return 0
    return pieces // 2 if scenario.gone is Gone.PART and is_first else pieces


def _shipments(number: int, plan: Fixed, dates: _Dates, chance: Random) -> Rows:
    if plan.scenario.parcel is None:
        return []
    tracking = plan.tracking or str(chance.randint(82_500_000, 82_999_999))
    gone = plan.scenario.gone is not Gone.NOTHING
    parcel: dict[str, object] = {
        "number": f"S-{number}-1", "order_number": str(number), "status": plan.scenario.parcel.value,
        "carrier": (plan.carrier or chance.choice(CARRIERS)) if gone else None,
        "tracking": tracking if gone else None,
        "tracking_url": TRACKING_PAGE.format(tracking=tracking) if gone else None,
        "is_return": False, **_parcel_dates(plan.scenario.parcel, dates),
    }  # fmt: skip
    if not plan.scenario.returned:
        return [parcel]
    came_back_on = dates.ordered_on + timedelta(15)
    back = parcel | {
        "number": f"S-{number}-2", "is_return": True, "shipped_on": came_back_on - timedelta(CARRIAGE_DAYS),
        "expected_on": came_back_on, "delivered_on": came_back_on,
        "tracking": f"{tracking}9", "tracking_url": TRACKING_PAGE.format(tracking=f"{tracking}9"),
    }  # fmt: skip
    return [parcel, back]


def _parcel_dates(status: ShipmentStatus, dates: _Dates) -> dict[str, date | None]:
    tomorrow = dates.today + timedelta(1)
    days: dict[ShipmentStatus, tuple[date, date | None, date, date | None]] = {
        ShipmentStatus.SHIPPED: (tomorrow - timedelta(3), tomorrow - timedelta(3), tomorrow, None),
        ShipmentStatus.EXCEPTION: (
            dates.today - timedelta(6), dates.today - timedelta(6), dates.today - timedelta(3), None,
        ),
        ShipmentStatus.DELIVERED: (
            dates.ordered_on + timedelta(3), dates.ordered_on + timedelta(3),
            dates.ordered_on + timedelta(5), dates.ordered_on + timedelta(5),
        ),
    }  # fmt: skip
    waiting = (tomorrow, None, dates.promised_on or tomorrow + timedelta(CARRIAGE_DAYS), None)
    names = ("planned_on", "shipped_on", "expected_on", "delivered_on")
    return dict(zip(names, days.get(status, waiting), strict=True))


def _invoices(number: int, plan: Fixed, dates: _Dates, total: Decimal) -> Rows:
    if plan.payment is Payment.NOT_INVOICED:
        return []
    owed = {Payment.UNPAID: total, Payment.PARTIAL: total / 2}.get(plan.payment, Decimal(0))
    invoice: dict[str, object] = {
        "number": f"INV-{number}", "order_number": str(number), "total": total,
        "open_amount": owed.quantize(Decimal("0.01")), "currency": CURRENCY, "issued_on": dates.ordered_on,
        "due_on": dates.ordered_on + timedelta(14), "is_credit": False, "refunded": plan.payment is Payment.REFUNDED,
    }  # fmt: skip
    if plan.payment is not Payment.REFUNDED:
        return [invoice]
    back_on = min(dates.today, dates.ordered_on + timedelta(18))
    credit = invoice | {"number": f"CRN-{number}", "is_credit": True, "refunded": False, "issued_on": back_on,
                        "due_on": None}  # fmt: skip
    return [invoice, credit]
