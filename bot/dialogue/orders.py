"""An order in words and as a card; only for a customer who has proven that it is theirs."""

from datetime import date
from decimal import Decimal

from bot.dialogue.context import Context, VerifiedCustomer
from bot.dialogue.moments import clock, day, money
from crm_core.contracts import Card, Tone
from crm_core.erp.port import Headline, Order, OrderLine, Payment, Shipment, ShipmentStatus
from crm_core.errors import Forbidden

STEPS, MOST_LINES = 4, 6
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
ON_THE_ROAD = (ShipmentStatus.SHIPPED,)


def show_order(context: Context, customer: VerifiedCustomer, order: Order) -> None:
    """Say and draw the state of `order`. Raises Forbidden for an order of somebody else."""
    if order.customer_id != customer.id:
        raise Forbidden("This order belongs to another customer.")
    sentences, tracking = _sentences(context, order), _tracking(context, order)
    said = [*sentences, *([tracking] if tracking else [])]
    context.memory.found = said
    if order.total is not None:
        context.memory.order_value = f"{order.total.amount} {order.total.currency}".strip()
    context.show(" ".join(said), _card(context, order))


def _pieces(lines: tuple[OrderLine, ...]) -> tuple[int, int]:
    """How many pieces have left, of how many."""
    goods = [line for line in lines if not line.is_service]
    return int(sum(line.shipped for line in goods)), int(sum(line.ordered for line in goods))


def _today(context: Context) -> date:
    return context.now.astimezone(context.zone).date()


def _day(context: Context, when: date) -> str:
    return day(when, _today(context), context.language, context.services.replies)


def _sentences(context: Context, order: Order) -> list[str]:
    shipped, ordered = _pieces(order.lines)
    headline = order.headline
    said = [context.text(f"order_{headline}", number=order.number, shipped=shipped, ordered=ordered)]
    parcel = _parcel(order)
    on_the_road = headline in (Headline.SHIPPED, Headline.PARTIALLY_SHIPPED)
    if on_the_road and parcel is not None and parcel.expected_on is not None:
        key = "parcel_late" if parcel.expected_on < _today(context) else "parcel_expected"
        said.append(context.text(key, day=_day(context, parcel.expected_on)))
    if headline in UNDER_WAY and order.promised_on is not None:
        said.append(_promise(context, order, order.promised_on))
    if order.stale:
        said.append(context.text("as_of", time=clock(order.fetched_at, context.language, context.zone)))
    return said


def _tracking(context: Context, order: Order) -> str | None:
    parcel = _parcel(order)
    if parcel is None or not parcel.tracking:
        return None
    return context.text("parcel_tracking", carrier=parcel.carrier or "", tracking=parcel.tracking)


def _promise(context: Context, order: Order, promised_on: date) -> str:
    if promised_on < _today(context):
        return context.text("promise_late", day=_day(context, promised_on))
    partial = order.headline is Headline.PARTIALLY_SHIPPED
    return context.text("promise_rest" if partial else "promise", day=_day(context, promised_on))


def _parcel(order: Order) -> Shipment | None:
    """The newest parcel on its way to the customer."""
    out = [parcel for parcel in order.shipments if not parcel.is_return and parcel.status in ON_THE_ROAD]
    return max(out, key=lambda parcel: parcel.shipped_on or date.min, default=None)


def _line(context: Context, line: OrderLine) -> str:
    name = line.name_in(context.language)
    amount = _amount(line.ordered)
    if Decimal(0) < line.shipped < line.ordered:
        return context.text("card_line_part", name=name, shipped=_amount(line.shipped), ordered=amount)
    return context.text("card_line", name=name, ordered=amount)


def _amount(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _card(context: Context, order: Order) -> Card:
    headline, parcel = order.headline, _parcel(order)
    as_of = context.text("card_as_of", time=clock(order.fetched_at, context.language, context.zone))
    return Card(
        title=context.text("card_title", number=order.number),
        badge=context.text(f"badge_{headline}"),
        tone=TONES.get(headline, Tone.NEUTRAL),
        steps_done=STEPS_DONE.get(headline, 0),
        steps_total=STEPS if headline in STEPS_DONE else 0,
        lines=tuple(_line(context, line) for line in order.lines[:MOST_LINES]),
        footnote=as_of,
        link=parcel.tracking_url if parcel else None,
        link_label=context.text("card_track") if parcel and parcel.tracking_url else "",
    )


def show_payment(context: Context, customer: VerifiedCustomer, order: Order) -> None:
    """Invoice and payment, or the refund. Raises Forbidden for an order of somebody else."""
    if order.customer_id != customer.id:
        raise Forbidden("This order belongs to another customer.")
    invoices = [invoice for invoice in order.invoices if not invoice.is_credit]
    open_amount = next((invoice for invoice in invoices if invoice.open_amount.amount > 0), None)
    said = [context.text(f"payment_{order.payment}", number=order.number)]
    if open_amount is not None and order.payment is not Payment.REFUNDED:
        amount = money(open_amount.open_amount, context.language)
        key = "payment_due" if open_amount.due_on else "payment_open"
        due = _day(context, open_amount.due_on) if open_amount.due_on else ""
        said.append(context.text(key, invoice=open_amount.number, amount=amount, **({"day": due} if due else {})))
    context.memory.found = said
    context.say("joined", text=" ".join(said))
