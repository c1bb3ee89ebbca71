"""A customer's orders as the agent reads them, straight from the ERP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import structlog
from babel.numbers import format_currency, format_decimal

from crm_core.erp.port import Erp, Headline, Invoice, Money, Order, OrderLine, Shipment
from crm_core.errors import ErpError
from desk.moments import Clockface
from desk.words import Words

log = structlog.get_logger(__name__)

TrackingPage = Callable[[str | None, str | None], str | None]
MOST_ORDERS, MOST_LINES = 5, 4
STEPS = 4
_NOTHING = ("", "None", "False")  # as ERPs write that a state does not apply
# how far along the four steps: confirmed, being prepared, shipped, delivered
_STEPS_DONE: Mapping[Headline, int] = {
    Headline.CONFIRMED: 1, Headline.ON_HOLD: 1, Headline.PREPARING: 2, Headline.PARTIALLY_SHIPPED: 2,
    Headline.SHIPPED: 3, Headline.DELIVERED: 4, Headline.COMPLETED: 4,
}  # fmt: skip
_TONES: Mapping[Headline, str] = {
    Headline.PROBLEM: "bad", Headline.CANCELLED: "bad", Headline.ON_HOLD: "warn", Headline.PARTIALLY_SHIPPED: "warn",
    Headline.DELIVERED: "ok", Headline.COMPLETED: "ok", Headline.SHIPPED: "accent", Headline.PREPARING: "accent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """`state` with its day; `href` only when it is a web address."""

    state: str
    text: str
    href: str | None


@dataclass(frozen=True, slots=True)
class OrderCard:
    """One order, every value ready to be shown."""

    number: str
    customer_ref: str
    state: str
    tone: str
    steps_done: int
    steps_total: int
    ordered_on: str
    progress: str
    expected_on: str
    lines: tuple[Line, ...]
    shipments: tuple[Parcel, ...]
    total: str
    payment: str
    invoices: tuple[Line, ...]
    native: str


@dataclass(frozen=True, slots=True)
class OrdersPanel:
    """`problem` is a sentence; `as_of` is empty when nothing was read."""

    retry_url: str
    items: tuple[OrderCard, ...] = ()
    as_of: str = ""
    is_stale: bool = False
    problem: str = ""


async def orders_panel(
    erp: Erp, customer_id: str, clock: Clockface, retry_url: str, page_of: TrackingPage
) -> OrdersPanel:
    """Asks the ERP, outside any transaction; what goes wrong there becomes a sentence here."""
    try:
        orders = [_followed(order, page_of) for order in await erp.list_orders(customer_id, limit=MOST_ORDERS)]
    except ErpError as error:
        log.warning("desk.orders_failed", code=error.code)
        return OrdersPanel(retry_url, problem=clock.words("orders.down" if error.retryable else "orders.refused"))
    read_at = min((order.fetched_at for order in orders), default=clock.now)
    is_stale = any(order.stale for order in orders)
    return OrdersPanel(retry_url, tuple(order_card(order, clock) for order in orders), _as_of(read_at, clock), is_stale)


def _followed(order: Order, page_of: TrackingPage) -> Order:
    """With the carrier's page where the ERP keeps only the number."""
    parcels = (
        replace(one, tracking_url=one.tracking_url or page_of(one.carrier, one.tracking)) for one in order.shipments
    )
    return replace(order, shipments=tuple(parcels))


def _as_of(read_at: datetime, clock: Clockface) -> str:
    return clock.clock(read_at)


def order_card(order: Order, clock: Clockface) -> OrderCard:
    done = _STEPS_DONE.get(order.headline)
    words = clock.words
    return OrderCard(
        number=order.number,
        customer_ref=order.customer_ref or "",
        state=words(f"order_states.{order.headline}"),
        tone=_TONES.get(order.headline, ""),
        steps_done=done or 0,
        steps_total=STEPS if done is not None else 0,
        ordered_on=words("orders.ordered", day=clock.plain_day(order.ordered_on)) if order.ordered_on else "",
        progress=_progress(order, clock),
        expected_on=_expected(order, clock),
        lines=tuple(_line(line, order, clock) for line in order.lines[:MOST_LINES]),
        shipments=tuple(_parcel(parcel, clock) for parcel in order.shipments),
        total=_money(order.total, clock) if order.total else "",
        payment=words(f"payments.{order.payment}"),
        invoices=tuple(_invoice(bill, clock) for bill in order.invoices),
        native=" · ".join(f"{name} {value}" for name, value in order.native.items() if value not in _NOTHING),
    )


def _invoice(bill: Invoice, clock: Clockface) -> Line:
    """What it comes to, and what of it is still owed."""
    total = _money(bill.total, clock)
    name = clock.words("orders.credit_note" if bill.is_credit else "orders.invoice", number=bill.number)
    if bill.is_credit:
        return Line(name, total)
    if 0 < bill.open_amount.amount < bill.total.amount:
        return Line(name, clock.words("orders.owed_of", owed=_money(bill.open_amount, clock), total=total))
    state = clock.words(f"payments.{bill.status}")
    return Line(name, " · ".join(part for part in (total, state) if part))


def _progress(order: Order, clock: Clockface) -> str:
    goods = [line for line in order.lines if not line.is_service]
    ordered = sum((line.ordered for line in goods), Decimal(0))
    shipped = sum((line.shipped for line in goods), Decimal(0))
    if not goods or shipped in (0, ordered):
        return ""
    return clock.words("orders.shipped_of", done=_number(shipped, clock), total=_number(ordered, clock))


def _expected(order: Order, clock: Clockface) -> str:
    if order.headline in (Headline.DELIVERED, Headline.COMPLETED, Headline.CANCELLED, Headline.RETURNED):
        return ""
    waiting: list[date] = [line.promised_on for line in order.lines if line.remaining and line.promised_on]
    waiting += [parcel.expected_on for parcel in order.shipments if parcel.expected_on and not parcel.delivered_on]
    day = min(waiting, default=order.promised_on)
    return clock.words("orders.expected", day=clock.plain_day(day)) if day else ""


def _line(line: OrderLine, order: Order, clock: Clockface) -> Line:
    amount = f"{_number(line.shipped, clock)}/{_number(line.ordered, clock)}"
    price = ""
    if line.price is not None and order.total is not None:
        price = f" · {_money(Money(line.price, order.total.currency), clock)}"
    return Line(line.name_in(clock.words.language), f"{amount}{price}")


def _parcel(parcel: Shipment, clock: Clockface) -> Parcel:
    day = parcel.delivered_on or parcel.shipped_on or parcel.planned_on
    state = clock.words("orders.coming_back" if parcel.is_return else f"shipments.{parcel.status}")
    text = " ".join(part for part in (parcel.carrier, parcel.tracking) if part)
    return Parcel(
        f"{state} {clock.plain_day(day)}" if day else state,
        text or clock.words("orders.shipment", number=parcel.number), web_address(parcel.tracking_url),
    )  # fmt: skip


def web_address(url: str | None) -> str | None:
    """`url` if a browser may follow it: never `javascript:` or another scheme."""
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def _money(money: Money, clock: Clockface) -> str:
    return str(format_currency(money.amount, money.currency, locale=clock.words.locale))


def money_text(written: str, words: Words) -> str:
    """Of “129.90 EUR”; what is not written so is shown as it is."""
    amount, _, currency = written.partition(" ")
    try:
        return str(format_currency(Decimal(amount), currency, locale=words.locale)) if currency else written
    except ArithmeticError:
        return written


def _number(value: Decimal, clock: Clockface) -> str:
    return str(format_decimal(value, locale=clock.words.locale))
