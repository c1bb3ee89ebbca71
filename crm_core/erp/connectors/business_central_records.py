"""What Business Central answers, as orders, customers and articles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_core.erp.connectors.reading import Record, day, decimal, text
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
    ShipmentStatus,
    Stage,
)  # fmt: skip
from crm_core.erp.quantities import fulfilment, invoice_status, payment


@dataclass(frozen=True, slots=True)
class Papers:
    """Posted invoices and shipments that name an order."""

    invoices: Sequence[Record]
    shipments: Sequence[Record]


@dataclass(frozen=True, slots=True)
class CentralOrders:
    """`currency` is the company's own, which Business Central writes as an empty code."""

    states: StateMap
    now: Callable[[], datetime]
    currency: str = "EUR"

    def order(self, one: Record, papers: Papers) -> Order:
        stage = self.states.stage(one["status"])
        lines = tuple(_line(line, line["shippedQuantity"]) for line in one["salesOrderLines"])
        return self._made(one, str(one["number"]), stage, lines, papers)

    def finished(self, bill: Record, papers: Papers) -> Order:
        """From its invoices: everything on them has left."""
        rows = [line for invoice in papers.invoices for line in invoice["salesInvoiceLines"]]
        lines = tuple(_line(line, line["quantity"]) for line in rows)
        return self._made(bill, str(bill["orderNumber"]), Stage.CLOSED, lines, papers)

    def _made(self, one: Record, number: str, stage: Stage, lines: tuple[OrderLine, ...], papers: Papers) -> Order:
        shipments, invoices = tuple(map(self._shipment, papers.shipments)), tuple(map(self._invoice, papers.invoices))
        is_open = stage not in (Stage.DRAFT, Stage.CANCELLED)
        return Order(
            id=number, number=number, customer_id=one["customerNumber"], stage=stage,
            fulfilment=fulfilment(lines, shipments) if is_open else Fulfilment.NOT_STARTED, payment=payment(invoices),
            fetched_at=self.now(),
            total=Money(decimal(one["totalAmountIncludingTax"]), one["currencyCode"] or self.currency),
            customer_ref=text(one["externalDocumentNumber"]), ordered_on=day(one.get("orderDate")),
            promised_on=day(one.get("requestedDeliveryDate")), lines=lines, shipments=shipments, invoices=invoices,
            native={name: str(one[name]) for name in ("status", "fullyShipped") if name in one},
        )  # fmt: skip

    def _shipment(self, posted: Record) -> Shipment:
        status = self.states.shipment("posted")
        return Shipment(
            id=posted["number"], number=posted["number"], status=status, shipped_on=day(posted["postingDate"]),
            tracking=text(posted.get("packageTrackingNumber")) if status is not ShipmentStatus.CANCELLED else None,
        )  # fmt: skip

    def _invoice(self, bill: Record) -> Invoice:
        total, owed = decimal(bill["totalAmountIncludingTax"]), decimal(bill["remainingAmount"])
        state, currency = self.states.payment(bill["status"]), bill["currencyCode"] or self.currency
        status = state if state in (Payment.UNKNOWN, Payment.REFUNDED) else invoice_status(total, owed)
        return Invoice(
            id=bill["number"], number=bill["number"], status=status, total=Money(total, currency),
            open_amount=Money(owed, currency), issued_on=day(bill["invoiceDate"]), due_on=day(bill["dueDate"]),
        )  # fmt: skip


def _line(line: Record, shipped: object) -> OrderLine:
    return OrderLine(
        sku=text(line["lineObjectNumber"]), description=line["description"] or "", ordered=decimal(line["quantity"]),
        shipped=decimal(shipped), unit=text(line.get("unitOfMeasureCode")), price=decimal(line.get("unitPrice")),
        promised_on=day(line.get("shipmentDate")),
    )  # fmt: skip


def customer_of(one: Record) -> Customer:
    return Customer(
        id=one["number"], name=one["displayName"], emails=(one["email"],) if one["email"] else (),
        phones=(one["phoneNumber"],) if one["phoneNumber"] else (),
        blocked=(one.get("blocked") or "").strip() not in ("", "_x0020_"),
    )  # fmt: skip


def product_of(one: Record, currency: str) -> Product:
    return Product(
        one["number"], one["displayName"], Money(decimal(one["unitPrice"]), currency), decimal(one["inventory"])
    )
