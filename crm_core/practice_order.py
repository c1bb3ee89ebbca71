"""The fictive order of a lesson as the ERP would tell it."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from config.practice_order import CreditNote, Goods, Parcel, PracticeOrder
from crm_core.erp.port import (
    Fulfilment,
    Invoice,
    Money,
    Order,
    OrderLine,
    Payment,
    Shipment,
    ShipmentStatus,
    Stage,
)


def order_of(told: PracticeOrder, day: date, now: datetime) -> Order:
    """On the day of the lesson; no ERP is asked."""
    return Order(
        told.number, told.number, "practice", Stage(told.stage), Fulfilment(told.fulfilment), Payment(told.payment),
        now, Money(told.total, told.currency), ordered_on=_on(day, told.ordered), promised_on=_on(day, told.promised),
        lines=tuple(_line(goods) for goods in told.lines),
        shipments=tuple(_shipment(parcel, number, day) for number, parcel in enumerate(told.parcels, 1)),
        invoices=(_credit(told.credit, told, day),) if told.credit else (),
    )  # fmt: skip


def _on(day: date, shift: int | None) -> date | None:
    return None if shift is None else day + timedelta(days=shift)


def _line(goods: Goods) -> OrderLine:
    names = dict(goods.name)
    ordered, shipped, returned = Decimal(goods.ordered), Decimal(goods.shipped), Decimal(goods.returned)
    return OrderLine(
        None, names.get("en") or next(iter(names.values()), ""), ordered, shipped, returned, price=goods.price,
        names={str(language): name for language, name in names.items()},
    )  # fmt: skip


def _shipment(parcel: Parcel, number: int, day: date) -> Shipment:
    return Shipment(
        str(number), f"P-{number}", ShipmentStatus(parcel.status), shipped_on=_on(day, parcel.shipped),
        expected_on=_on(day, parcel.expected), delivered_on=_on(day, parcel.delivered), carrier=parcel.carrier,
        tracking=parcel.tracking, is_return=parcel.is_return,
    )  # fmt: skip


def _credit(note: CreditNote, told: PracticeOrder, day: date) -> Invoice:
    nothing = Money(Decimal(0), told.currency)
    total = Money(note.amount, told.currency)
    return Invoice(note.number, note.number, Payment.REFUNDED, total, nothing, _on(day, note.issued), is_credit=True)
