"""What ERPNext answers, as orders, customers and products."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_core.erp.connectors.reading import Record, day, decimal, text, unique
from crm_core.erp.connectors.states import StateMap
from crm_core.erp.port import Customer, Fulfilment, Invoice, Money, Order, OrderLine, Product, Shipment, Stage
from crm_core.erp.quantities import fulfilment, payment

ORDER_FIELDS = [
    "name", "po_no", "docstatus", "status", "delivery_status", "billing_status", "per_delivered", "per_billed",
    "transaction_date", "delivery_date", "customer", "grand_total", "currency", "skip_delivery_note",
]  # fmt: skip
_NATIVE = ("docstatus", "status", "delivery_status", "billing_status", "per_delivered", "per_billed")
_DRAFT, _CANCELLED = 0, 2  # docstatus


@dataclass(frozen=True, slots=True)
class Papers:
    """The order's items, and the delivery notes and invoices about it."""

    items: Sequence[Record]
    notes: Sequence[Record]
    invoices: Sequence[Record]


@dataclass(frozen=True, slots=True)
class ErpNextOrders:
    """`now` is when the ERP is said to have answered."""

    states: StateMap
    now: Callable[[], datetime]

    def order(self, one: Record, papers: Papers) -> Order:
        lines, stage = tuple(map(_line, papers.items)), self._stage(one)
        shipments = tuple(map(self._shipment, unique(papers.notes, "name")))
        invoices = tuple(map(self._invoice, unique(papers.invoices, "name")))
        return Order(
            id=one["name"], number=one["name"], customer_id=one["customer"], stage=stage,
            fulfilment=_fulfilment(one, stage, lines, shipments), payment=payment(invoices), fetched_at=self.now(),
            total=Money(decimal(one["grand_total"]), one["currency"]), customer_ref=text(one["po_no"]),
            ordered_on=day(one["transaction_date"]), promised_on=day(one["delivery_date"]), lines=lines,
            shipments=shipments, invoices=invoices, native={name: str(one.get(name)) for name in _NATIVE},
        )  # fmt: skip

    def _stage(self, one: Record) -> Stage:
        by_document = {_DRAFT: Stage.DRAFT, _CANCELLED: Stage.CANCELLED}.get(one["docstatus"])
        return by_document or self.states.stage(one["status"])

    def _shipment(self, note: Record) -> Shipment:
        """Its status speaks of billing; whether it left says the document's."""
        return Shipment(
            id=note["name"], number=note["name"], status=self.states.shipment(note["docstatus"]),
            shipped_on=day(note["posting_date"]) if note["docstatus"] else None,
            carrier=text(note["transporter_name"]), tracking=text(note["lr_no"]), is_return=bool(note["is_return"]),
        )  # fmt: skip

    def _invoice(self, bill: Record) -> Invoice:
        return Invoice(
            id=bill["name"], number=bill["name"], status=self.states.payment(bill["status"]),
            total=Money(decimal(bill["grand_total"]), bill["currency"]),
            open_amount=Money(decimal(bill["outstanding_amount"]), bill["currency"]), due_on=day(bill["due_date"]),
            is_credit=bool(bill["is_return"]),
        )  # fmt: skip


def _fulfilment(one: Record, stage: Stage, lines: Sequence[OrderLine], shipments: Sequence[Shipment]) -> Fulfilment:
    if one.get("skip_delivery_note"):
        return Fulfilment.NOT_APPLICABLE
    return Fulfilment.NOT_STARTED if stage in (Stage.DRAFT, Stage.CANCELLED) else fulfilment(lines, shipments)


def _line(item: Record) -> OrderLine:
    returned = decimal(item["returned_qty"])
    return OrderLine(
        sku=item["item_code"], description=item["item_name"] or "", ordered=decimal(item["qty"]),
        shipped=decimal(item["delivered_qty"]) + returned, returned=returned, unit=text(item["uom"]),
        price=decimal(item["rate"]),
    )  # fmt: skip


def customers_of(customers: Sequence[Record], contacts: Sequence[Record]) -> tuple[Customer, ...]:
    """Each with the addresses of the contacts that lead to it."""
    return tuple(_customer(one, [row for row in contacts if row.get("link_name") == one["name"]]) for one in customers)


def _customer(one: Record, contacts: Sequence[Record]) -> Customer:
    language = text(one["language"])
    return Customer(
        id=one["name"], name=one["customer_name"],
        emails=tuple(dict.fromkeys(row["email_id"] for row in contacts if row["email_id"])),
        phones=tuple(dict.fromkeys(row["mobile_no"] for row in contacts if row["mobile_no"])),
        language=language[:2] if language else None, blocked=bool(one["disabled"]),
    )  # fmt: skip


def product_of(sku: str, item: Record, bins: Sequence[Record], prices: Sequence[dict[str, Any]]) -> Product:
    stock = sum((decimal(row["actual_qty"]) - decimal(row["reserved_qty"]) for row in bins), Decimal(0))
    price = Money(decimal(prices[0]["price_list_rate"]), prices[0]["currency"]) if prices else None
    return Product(sku, item["item_name"], price, stock)
