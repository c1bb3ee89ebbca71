"""What Tryton answers, as orders, customers and products."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm_core.erp.connectors.reading import Record, decimal, text
from crm_core.erp.connectors.states import StateMap
from crm_core.erp.port import (
    Customer,
    Fulfilment,
    Invoice,
    Money,
    Order,
    OrderLine,
    Payment,
    Product,
    Shipment,
    Stage,
)  # fmt: skip
from crm_core.erp.quantities import fulfilment, invoice_status, payment

ORDER_FIELDS = (
    "number", "reference", "state", "shipment_state", "invoice_state", "sale_date", "shipping_date", "total_amount",
    "party.rec_name", "currency.code", "lines.type", "lines.product.code", "lines.product.name",
    "lines.product.type", "lines.description", "lines.quantity", "lines.unit.symbol", "lines.unit_price",
    "lines.moves_progress", "shipments.number", "shipments.state", "shipments.effective_date",
    "shipments.planned_date", "shipments.shipping_reference", "shipments.carrier.rec_name", "invoices.number",
    "invoices.type", "invoices.state", "invoices.invoice_date", "invoices.total_amount", "invoices.amount_to_pay",
)  # fmt: skip
CUSTOMER_FIELDS = ("name", "active", "lang.code", "contact_mechanisms.type", "contact_mechanisms.value")
PRODUCT_FIELDS = ("code", "name", "type", "list_price_used", "forecast_quantity")
_TELEPHONES = ("phone", "mobile")
_PENNY = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TrytonOrders:
    """`now` is when the ERP is said to have answered."""

    states: StateMap
    now: Callable[[], datetime]

    def order(self, one: Record) -> Order:
        currency, stage = str(one["currency"]["code"]), self.states.stage(one["state"])
        lines = tuple(_line(line) for line in one["lines"] if line["type"] == "line")
        shipments = tuple(self._shipment(parcel) for parcel in one["shipments"])
        invoices = tuple(
            self._invoice(bill, currency) for bill in one["invoices"] if bill["state"] in ("posted", "paid")
        )
        is_open = stage not in (Stage.DRAFT, Stage.CANCELLED)
        goods = fulfilment(lines, shipments) if is_open else Fulfilment.NOT_STARTED
        return Order(
            id=str(one["id"]), number=one["number"] or str(one["id"]), customer_id=str(reference(one["party"])),
            stage=stage, fulfilment=Fulfilment.EXCEPTION if one["shipment_state"] == "exception" else goods,
            payment=payment(invoices), fetched_at=self.now(), total=Money(_number(one["total_amount"]), currency),
            customer_ref=text(one["reference"]), ordered_on=_date(one["sale_date"]),
            promised_on=_date(one["shipping_date"]), lines=lines, shipments=shipments, invoices=invoices,
            native={name: str(one[name]) for name in ("state", "shipment_state", "invoice_state")},
        )  # fmt: skip

    def _shipment(self, parcel: Record) -> Shipment:
        return Shipment(
            id=str(parcel["id"]), number=parcel["number"] or "", status=self.states.shipment(parcel["state"]),
            planned_on=_date(parcel["planned_date"]), shipped_on=_date(parcel["effective_date"]),
            carrier=text((parcel.get("carrier") or {}).get("rec_name")), tracking=text(parcel["shipping_reference"]),
        )  # fmt: skip

    def _invoice(self, bill: Record, currency: str) -> Invoice:
        total, state = _number(bill["total_amount"]), self.states.payment(bill["state"])
        owed = Decimal(0) if state is Payment.PAID else _number(bill["amount_to_pay"])
        status = state if state in (Payment.UNKNOWN, Payment.REFUNDED) else invoice_status(total, owed)
        return Invoice(
            id=str(bill["id"]), number=bill["number"] or "", status=status, total=Money(total, currency),
            open_amount=Money(owed, currency), issued_on=_date(bill["invoice_date"]), is_credit=total < 0,
        )  # fmt: skip


def customer_of(one: Record) -> Customer:
    ways = one["contact_mechanisms"]
    return Customer(
        id=str(one["id"]), name=str(one["name"] or ""),
        emails=tuple(way["value"] for way in ways if way["type"] == "email"),
        phones=tuple(way["value"] for way in ways if way["type"] in _TELEPHONES),
        language=text((one.get("lang") or {}).get("code")), blocked=not one.get("active", True),
    )  # fmt: skip


def _line(line: Record) -> OrderLine:
    product = line.get("product") or {}
    ordered = decimal(line["quantity"])
    # the progress is rounded to four digits
    shipped = (ordered * decimal(line.get("moves_progress"))).quantize(_PENNY).normalize() + 0
    return OrderLine(
        sku=text(product.get("code")), description=text(product.get("name")) or text(line.get("description")) or "",
        ordered=ordered, shipped=shipped, unit=text((line.get("unit") or {}).get("symbol")),
        price=_number(line["unit_price"]), is_service=product.get("type") == "service",
    )  # fmt: skip


def product_of(one: Record, currency: str) -> Product:
    price = one.get("list_price_used")
    stock = None if one.get("type") == "service" else decimal(one.get("forecast_quantity"))
    return Product(str(one["code"]), str(one["name"]), Money(_number(price), currency) if price else None, stock)


def _number(value: object) -> Decimal:
    """`{"__class__": "Decimal", "decimal": "437.25"}`."""
    return decimal(value["decimal"] if isinstance(value, dict) else value)


def _date(value: object) -> date | None:
    """`{"__class__": "date", "year": 2026, …}`."""
    return date(value["year"], value["month"], value["day"]) if isinstance(value, dict) else None


def reference(value: Any) -> Any:  # noqa: ANN401 - an id, or the record it leads to
    return value["id"] if isinstance(value, dict) else value
