"""What SAP answers, as orders and customers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_core.erp.connectors.reading import Record, decimal, odata_day, text
from crm_core.erp.connectors.states import StateMap
from crm_core.erp.port import (
    Customer,
    Fulfilment,
    Invoice,
    Money,
    Order,
    OrderLine,
    Payment,
    Shipment,
    ShipmentStatus,
    Stage,
)  # fmt: skip
from crm_core.erp.quantities import fulfilment, payment

_NATIVE = (
    "OverallSDProcessStatus", "OverallDeliveryStatus", "OverallTotalDeliveryStatus", "OverallOrdReltdBillgStatus",
    "OverallSDDocumentRejectionSts", "TotalCreditCheckStatus", "DeliveryBlockReason",
)  # fmt: skip
HEADER_FIELDS = (
    "SalesOrder", "SoldToParty", "PurchaseOrderByCustomer", "SalesOrderDate", "RequestedDeliveryDate",
    "TotalNetAmount", "TransactionCurrency", *_NATIVE,
)  # fmt: skip
_COMPLETE, _CREDIT_REFUSED = "C", "B"


@dataclass(frozen=True, slots=True)
class Papers:
    """Delivery items, delivery headers and bills of one order."""

    shipped: Sequence[Record]
    deliveries: Sequence[Record]
    bills: Sequence[Record]


@dataclass(frozen=True, slots=True)
class SapOrders:
    """`now` is when the ERP is said to have answered."""

    states: StateMap
    now: Callable[[], datetime]

    def order(self, one: Record, papers: Papers) -> Order:
        stage = self._stage(one)
        items = [item for item in one["items"] if not item["SalesDocumentRjcnReason"]]
        lines = tuple(_line(item, papers.shipped) for item in items)
        shipments = tuple(map(self._shipment, papers.deliveries))
        invoices = tuple(map(self._invoice, papers.bills))
        return Order(
            id=one["SalesOrder"], number=one["SalesOrder"], customer_id=one["SoldToParty"], stage=stage,
            fulfilment=Fulfilment.NOT_STARTED if stage is Stage.CANCELLED else _fulfilment(lines, shipments),
            payment=payment(invoices), fetched_at=self.now(),
            total=Money(decimal(one["TotalNetAmount"]), one["TransactionCurrency"]),
            customer_ref=text(one["PurchaseOrderByCustomer"]), ordered_on=odata_day(one["SalesOrderDate"]),
            promised_on=odata_day(one["RequestedDeliveryDate"]), lines=lines, shipments=shipments,
            invoices=invoices, native={name: str(one[name]) for name in _NATIVE},
        )  # fmt: skip

    def _stage(self, one: Record) -> Stage:
        if one["OverallSDDocumentRejectionSts"] == _COMPLETE:
            return Stage.CANCELLED
        if one["DeliveryBlockReason"] or one["TotalCreditCheckStatus"] == _CREDIT_REFUSED:
            return Stage.ON_HOLD
        return self.states.stage(one["OverallSDProcessStatus"])

    def _shipment(self, delivery: Record) -> Shipment:
        number = delivery["DeliveryDocument"]
        return Shipment(
            id=number, number=number, status=self._shipment_status(delivery),
            planned_on=odata_day(delivery["PlannedGoodsIssueDate"]),
            shipped_on=odata_day(delivery["ActualGoodsMovementDate"]), tracking=text(delivery["BillOfLading"]),
        )  # fmt: skip

    def _shipment_status(self, delivery: Record) -> ShipmentStatus:
        if delivery["OverallProofOfDeliveryStatus"] == _COMPLETE:
            return ShipmentStatus.DELIVERED
        if delivery["OverallGoodsMovementStatus"] == _COMPLETE:
            return self.states.shipment(_COMPLETE)
        return self.states.shipment(f"picking {delivery['OverallPickingStatus']}")

    def _invoice(self, bill: Record) -> Invoice:
        total, currency = decimal(bill["TotalGrossAmount"]), bill["TransactionCurrency"]
        cancelled = bool(bill["BillingDocumentIsCancelled"])
        status = Payment.REFUNDED if cancelled else self.states.payment(bill["InvoiceClearingStatus"])
        owed = Decimal(0) if status in (Payment.PAID, Payment.REFUNDED) else total
        number = bill["BillingDocument"]
        return Invoice(number, number, status, Money(total, currency), Money(owed, currency))


def _fulfilment(lines: Sequence[OrderLine], shipments: Sequence[Shipment]) -> Fulfilment:
    """A delivery document alone means that somebody prepares it."""
    goods = fulfilment(lines, shipments)
    return Fulfilment.IN_PROGRESS if goods is Fulfilment.NOT_STARTED and shipments else goods


def _line(item: Record, shipped: Sequence[Record]) -> OrderLine:
    number = str(item["SalesOrderItem"]).lstrip("0")
    left = sum(
        (
            decimal(row["ActualDeliveryQuantity"])
            for row in shipped
            if str(row["ReferenceSDDocumentItem"]).lstrip("0") == number and row["GoodsMovementStatus"] == _COMPLETE
        ),
        Decimal(0),
    )
    return OrderLine(
        sku=text(item["Material"]), description=item["SalesOrderItemText"] or "",
        ordered=decimal(item["RequestedQuantity"]), shipped=left, unit=text(item["RequestedQuantityUnit"]),
    )  # fmt: skip


def customer_of(partner: Record, emails: Sequence[Record], phones: Sequence[Record]) -> Customer:
    language = text(partner["CorrespondenceLanguage"])
    return Customer(
        id=partner["Customer"] or partner["BusinessPartner"], name=partner["BusinessPartnerFullName"],
        emails=tuple(row["EmailAddress"] for row in emails),
        phones=tuple(row["InternationalPhoneNumber"] for row in phones),
        language=language.lower()[:2] if language else None, blocked=bool(partner["BusinessPartnerIsBlocked"]),
    )  # fmt: skip
