"""What Odoo answers, as orders, customers and products."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_core.erp.connectors.reading import Record, day, decimal, text
from crm_core.erp.connectors.states import StateMap
from crm_core.erp.port import (
    Customer,
    Fulfilment,
    Invoice,
    Money,
    Order,
    OrderLine,
    Product,
    Shipment,
    Stage,
)  # fmt: skip
from crm_core.erp.quantities import fulfilment, payment

WANTED: Mapping[str, tuple[str, ...]] = {
    "sale.order": (
        "name", "client_order_ref", "state", "date_order", "commitment_date", "expected_date", "partner_id",
        "currency_id", "amount_total", "delivery_status", "invoice_status", "locked", "picking_ids", "invoice_ids",
        "order_line", "write_date",
    ),
    "sale.order.line": (
        "order_id", "product_id", "name", "product_uom_qty", "qty_delivered", "qty_invoiced", "price_unit",
        "product_uom_id", "product_uom",
    ),
    "stock.picking": (
        "name", "state", "picking_type_code", "scheduled_date", "date_done", "carrier_id", "carrier_tracking_ref",
        "carrier_tracking_url", "return_id",
    ),
    "stock.move": ("sale_line_id", "quantity", "origin_returned_move_id", "picking_code", "to_refund"),
    "account.move": (
        "name", "move_type", "state", "payment_state", "amount_total", "amount_residual", "invoice_date_due",
        "currency_id",
    ),
    "res.partner": ("name", "email", "phone", "mobile", "lang", "active", "commercial_partner_id"),
    "product.product": ("name", "default_code", "list_price", "currency_id", "free_qty", "qty_available"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What hangs on some orders. `moves` is None where stock is not linked to sales."""

    lines: list[dict[str, Any]]
    invoices: list[dict[str, Any]]
    pickings: list[dict[str, Any]]
    moves: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class OdooOrders:
    """`now` is when the ERP is said to have answered."""

    states: StateMap
    now: Callable[[], datetime]

    def order(self, one: Record, found: Found, customer_id: str | None) -> Order:
        """`customer_id` is whose order it was asked as: a contact's order belongs to the company above it too."""
        stage = self.states.stage(one["state"])
        lines = tuple(_line(line, found.moves) for line in found.lines if line["order_id"][0] == one["id"])
        parcels = [picking for picking in found.pickings if picking["id"] in (one.get("picking_ids") or [])]
        shipments = tuple(map(self._shipment, parcels))
        bills = [bill for bill in found.invoices if bill["id"] in one["invoice_ids"]]
        invoices = tuple(map(self._invoice, bills))
        is_open = stage not in (Stage.DRAFT, Stage.CANCELLED)
        return Order(
            id=str(one["id"]), number=one["name"], customer_id=customer_id or str(one["partner_id"][0]), stage=stage,
            fulfilment=fulfilment(lines, shipments) if is_open else Fulfilment.NOT_STARTED,
            payment=payment(invoices), fetched_at=self.now(),
            total=Money(decimal(one["amount_total"]), one["currency_id"][1]),
            customer_ref=text(one["client_order_ref"]), ordered_on=day(one["date_order"]),
            promised_on=day(one.get("commitment_date")) or day(one.get("expected_date")), lines=lines,
            shipments=shipments, invoices=invoices,
            native={name: str(one.get(name)) for name in ("state", "delivery_status", "invoice_status")},
        )  # fmt: skip

    def _shipment(self, picking: Record) -> Shipment:
        return Shipment(
            id=str(picking["id"]), number=picking["name"], status=self.states.shipment(picking["state"]),
            planned_on=day(picking["scheduled_date"]), shipped_on=day(picking["date_done"]),
            carrier=_name(picking.get("carrier_id")), tracking=text(picking.get("carrier_tracking_ref")),
            tracking_url=text(picking.get("carrier_tracking_url")),
            is_return=bool(picking.get("return_id")) or picking.get("picking_type_code") == "incoming",
        )  # fmt: skip

    def _invoice(self, bill: Record) -> Invoice:
        currency = bill["currency_id"][1]
        return Invoice(
            id=str(bill["id"]), number=bill["name"], status=self.states.payment(bill["payment_state"]),
            total=Money(decimal(bill["amount_total"]), currency),
            open_amount=Money(decimal(bill["amount_residual"]), currency), due_on=day(bill["invoice_date_due"]),
            is_credit=bill["move_type"] == "out_refund",
        )  # fmt: skip


def _line(line: Record, moves: list[dict[str, Any]] | None) -> OrderLine:
    shipped, returned = _gross(line, moves)
    product = _name(line["product_id"]) or ""
    return OrderLine(
        sku=product[1:].split("]")[0] if product.startswith("[") else None, description=line["name"],
        ordered=decimal(line["product_uom_qty"]), shipped=shipped, returned=returned,
        unit=_name(line.get("product_uom_id") or line.get("product_uom")), price=decimal(line["price_unit"]),
    )  # fmt: skip


def _gross(line: Record, moves: list[dict[str, Any]] | None) -> tuple[Decimal, Decimal]:
    """What left and what came back. Without moves the header's figure is all there is."""
    mine = [move for move in moves or [] if move["sale_line_id"] and move["sale_line_id"][0] == line["id"]]
    if not mine:
        return decimal(line["qty_delivered"]), Decimal(0)
    out, back = (
        sum((decimal(move["quantity"]) for move in mine if move["picking_code"] == code), Decimal(0))
        for code in ("outgoing", "incoming")
    )
    return out, back


def customer_of(partner: Record) -> Customer:
    phones = tuple(number for number in (partner.get("phone"), partner.get("mobile")) if number)
    language = text(partner.get("lang"))
    return Customer(
        id=str(partner["id"]), name=partner["name"] or "", emails=(partner["email"],) if partner["email"] else (),
        phones=phones, language=language[:2] if language else None, blocked=not partner.get("active", True),
    )  # fmt: skip


def product_of(one: Record) -> Product:
    stock = one.get("free_qty", one.get("qty_available"))
    return Product(
        str(one["default_code"]), one["name"], Money(decimal(one["list_price"]), one["currency_id"][1]),
        None if stock is None else decimal(stock),
    )  # fmt: skip


def _name(pair: object) -> str | None:
    """Odoo writes a link as `[id, name]`, and nothing as false."""
    return str(pair[1]) if isinstance(pair, list) and len(pair) > 1 else None
