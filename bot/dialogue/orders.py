"""An order in words and as a card; only for a customer who has proven that it is theirs."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from bot.dialogue.context import Context, VerifiedCustomer
from bot.dialogue.moments import clock, day, quantity
from crm_core.contracts import Card, Tone
from crm_core.erp.port import Headline, Order, OrderLine, Shipment, ShipmentStatus
from crm_core.errors import Forbidden

STEPS, MOST_LINES, MOST_PARCELS = 4, 6, 3
STEPS_DONE = {
    Headline.CONFIRMED: 1, Headline.PREPARING: 2, Headline.PARTIALLY_SHIPPED: 2, Headline.SHIPPED: 3,
    Headline.DELIVERED: 4, Headline.COMPLETED: 4,
}  # fmt: skip
TONES = {
    Headline.DELIVERED: Tone.OK, Headline.COMPLETED: Tone.OK, Headline.SHIPPED: Tone.OK,
    Headline.PARTIALLY_SHIPPED: Tone.WARN, Headline.ON_HOLD: Tone.WARN, Headline.PROBLEM: Tone.BAD,
    Headline.CANCELLED: Tone.BAD,
}  # fmt: skip
UNDER_WAY = (Headline.CONFIRMED, Headline.PREPARING, Headline.PARTIALLY_SHIPPED)
ON_THE_ROAD = (Headline.SHIPPED, Headline.PARTIALLY_SHIPPED)


def require_owner(customer: VerifiedCustomer, order: Order) -> None:
    """The last gate before an order is told. Raises Forbidden for an order of somebody else."""
    if order.customer_id != customer.id:
        raise Forbidden("This order belongs to another customer.")


def show_order(context: Context, customer: VerifiedCustomer, order: Order) -> None:
    """Say and draw the state of `order`. Raises Forbidden for an order of somebody else."""
    require_owner(customer, order)
    said = list(_sentences(context, order))
    context.memory.found = said
    if order.total is not None:
        context.memory.order_value = f"{order.total.amount} {order.total.currency}".strip()
    is_listed = order.headline is Headline.PARTIALLY_SHIPPED
    context.show(("\n" if is_listed else " ").join(said), _card(context, order))


def _sentences(context: Context, order: Order) -> Iterator[str]:
    """The text stands alone: a channel without cards shows nothing else."""
    shipped, ordered = _pieces(context, order.lines)
    yield context.text(f"order_{order.headline}", number=called(context, order), shipped=shipped, ordered=ordered)
    if order.headline is Headline.PARTIALLY_SHIPPED:
        yield from _line_by_line(context, order)
    yield from _dates(context, order)
    yield from filter(None, (_tracking(context, parcel) for parcel in _parcels(order)))
    if order.stale:
        yield as_of(context, order)


def called(context: Context, order: Order) -> str:
    """As the customer calls it: many know only the number of their own order form."""
    asked, own = context.memory.slots.get("order_number", ""), order.customer_ref or ""
    return own if own and asked.casefold() == own.casefold() else order.number


def as_of(context: Context, order: Order) -> str:
    return context.text("as_of", time=clock(order.fetched_at, context.language, context.zone))


def _line_by_line(context: Context, order: Order) -> Iterator[str]:
    """What has left, and what is still here."""
    goods = [line for line in order.lines if not line.is_service]
    left = [_named(context, line, line.shipped) for line in goods if line.shipped > 0]
    still = [_named(context, line, line.remaining) for line in goods if line.remaining > 0]
    yield context.text(_whereabouts(order), lines=_listed(left))
    yield context.text("lines_waiting", lines=_listed(still))


def _whereabouts(order: Order) -> str:
    """The key for what has left; an ERP does not say which line lies in which parcel."""
    states = {parcel.status for parcel in order.shipments if not parcel.is_return}
    gone = states & {ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED}
    if gone == {ShipmentStatus.SHIPPED}:
        return "lines_on_the_way"
    return "lines_delivered" if gone == {ShipmentStatus.DELIVERED} else "lines_sent"


def _named(context: Context, line: OrderLine, amount: Decimal) -> str:
    return context.text("card_line", name=line.name_in(context.language), ordered=quantity(amount, context.language))


def _listed(lines: list[str]) -> str:
    more = ["…"] if len(lines) > MOST_LINES else []
    return "; ".join(lines[:MOST_LINES] + more)


def _pieces(context: Context, lines: Iterable[OrderLine]) -> tuple[str, str]:
    """How many pieces have left, of how many."""
    goods = [line for line in lines if not line.is_service]
    shipped, ordered = sum(line.shipped for line in goods), sum(line.ordered for line in goods)
    return quantity(Decimal(shipped), context.language), quantity(Decimal(ordered), context.language)


def _today(context: Context) -> date:
    return context.now.astimezone(context.zone).date()


def day_of(context: Context, when: date) -> str:
    return day(when, _today(context), context.language, context.services.replies)


def _dates(context: Context, order: Order) -> Iterator[str]:
    """When it comes; whoever asked just that is told, too, when nobody knows."""
    parcel = next(iter(_parcels(order)), None)
    arrival = parcel.expected_on if parcel and order.headline in ON_THE_ROAD else None
    promised = order.promised_on if order.headline in UNDER_WAY else None
    if arrival is not None:
        key = "parcel_late" if arrival < _today(context) else "parcel_expected"
        yield context.text(key, day=day_of(context, arrival))
    if promised is not None:
        yield _promise(context, order, promised)
    is_awaited = order.headline in (*UNDER_WAY, Headline.SHIPPED)
    if arrival is None and promised is None and is_awaited and context.memory.wants == "delivery_date":
        yield context.text("no_date")


def _promise(context: Context, order: Order, promised_on: date) -> str:
    if promised_on < _today(context):
        return context.text("promise_late", day=day_of(context, promised_on))
    partial = order.headline is Headline.PARTIALLY_SHIPPED
    return context.text("promise_rest" if partial else "promise", day=day_of(context, promised_on))


def _parcels(order: Order) -> list[Shipment]:
    """On their way to the customer, the newest first."""
    out = [one for one in order.shipments if not one.is_return and one.status is ShipmentStatus.SHIPPED]
    return sorted(out, key=lambda parcel: parcel.shipped_on or date.min, reverse=True)[:MOST_PARCELS]


def _tracking(context: Context, parcel: Shipment) -> str | None:
    if not parcel.tracking:
        return None
    named = " ".join(part for part in (parcel.carrier, parcel.tracking) if part)
    link = _link(context, parcel)
    return context.text("parcel_tracking_link" if link else "parcel_tracking", parcel=named, link=link or "")


def _link(context: Context, parcel: Shipment) -> str | None:
    return parcel.tracking_url or context.services.business.erps.tracking_url(parcel.carrier, parcel.tracking)


def _line(context: Context, line: OrderLine) -> str:
    name, amount = line.name_in(context.language), quantity(line.ordered, context.language)
    if Decimal(0) < line.shipped < line.ordered:
        shipped = quantity(line.shipped, context.language)
        return context.text("card_line_part", name=name, shipped=shipped, ordered=amount)
    return context.text("card_line", name=name, ordered=amount)


def _card(context: Context, order: Order) -> Card:
    headline, parcel = order.headline, next(iter(_parcels(order)), None)
    link = _link(context, parcel) if parcel else None
    is_listed = headline is Headline.PARTIALLY_SHIPPED  # the text has the lines already
    return Card(
        title=context.text("card_title", number=called(context, order)),
        badge=context.text(f"badge_{headline}"),
        tone=TONES.get(headline, Tone.NEUTRAL),
        steps_done=STEPS_DONE.get(headline, 0),
        steps_total=STEPS if headline in STEPS_DONE else 0,
        lines=() if is_listed else tuple(_line(context, line) for line in order.lines[:MOST_LINES]),
        footnote=context.text("card_as_of", time=clock(order.fetched_at, context.language, context.zone)),
        link=link,
        link_label=context.text("card_track") if link else "",
    )
