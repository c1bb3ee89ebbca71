"""What Oracle's order hub answers, as orders: from the lines, for the order's status follows its furthest line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_core.erp.connectors.reading import Record, day, decimal, text
from crm_core.erp.connectors.states import StateMap
from crm_core.erp.port import Fulfilment, Order, OrderLine, Payment, ShipmentStatus, Stage
from crm_core.erp.quantities import fulfilment

_RETURN = "RETURN"
_GONE = (ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED)
_HANDLED = (ShipmentStatus.PICKING, ShipmentStatus.READY)


@dataclass(frozen=True, slots=True)
class OracleOrders:
    """`now` is when the ERP is said to have answered."""

    states: StateMap
    now: Callable[[], datetime]

    def order(self, one: Record, rows: Sequence[Record], holds: Sequence[Record]) -> Order:
        stage = self._stage(one, holds)
        alive = [row for row in rows if self._status(row) is not ShipmentStatus.CANCELLED]
        lines = tuple(self._line(row, rows) for row in alive if not _comes_back(row))
        is_alive = stage not in (Stage.DRAFT, Stage.CANCELLED)
        return Order(
            id=str(one["OrderKey"]), number=str(one["OrderNumber"]), customer_id=str(one["BuyingPartyNumber"]),
            stage=stage, fulfilment=self._fulfilment(alive, lines) if is_alive else Fulfilment.NOT_STARTED,
            payment=Payment.UNKNOWN, fetched_at=self.now(), customer_ref=text(one.get("CustomerPONumber")),
            ordered_on=day(one.get("TransactionOn")), promised_on=day(one.get("RequestedShipDate")), lines=lines,
            native=_native(one, rows),
        )  # fmt: skip

    def _stage(self, one: Record, holds: Sequence[Record]) -> Stage:
        if not one["SubmittedFlag"]:
            return Stage.DRAFT
        stage = self.states.stage(one["StatusCode"])
        return Stage.ON_HOLD if stage is Stage.OPEN and any(not hold.get("ReleaseDate") for hold in holds) else stage

    def _status(self, row: Record) -> ShipmentStatus:
        return self.states.shipment(row["StatusCode"])

    def _line(self, row: Record, rows: Sequence[Record]) -> OrderLine:
        ordered = decimal(row["OrderedQuantity"])
        back = (decimal(other["OrderedQuantity"]) for other in rows if _comes_back(other) and _same(row, other))
        return OrderLine(
            sku=text(row["ProductNumber"]), description=text(row.get("ProductDescription")) or "", ordered=ordered,
            shipped=self._shipped(row, ordered), returned=sum(back, Decimal(0)), unit=text(row.get("OrderedUOM")),
            price=decimal(row.get("UnitSellingPrice")), promised_on=day(row.get("ScheduleShipDate")),
        )  # fmt: skip

    def _shipped(self, row: Record, ordered: Decimal) -> Decimal:
        """Its own figure; a line that has passed shipping without one left as a whole."""
        if row.get("ShippedQuantity") is not None:
            return decimal(row["ShippedQuantity"])
        return ordered if self._status(row) in _GONE else Decimal(0)

    def _fulfilment(self, rows: Sequence[Record], lines: Sequence[OrderLine]) -> Fulfilment:
        out = [row for row in rows if not _comes_back(row)]
        unknown = [row for row in out if self._status(row) is ShipmentStatus.UNKNOWN]
        if any(row.get("ShippedQuantity") is None for row in unknown):
            return Fulfilment.UNKNOWN
        goods = fulfilment(lines, ())
        is_handled = any(self._status(row) in _HANDLED for row in out)
        return Fulfilment.IN_PROGRESS if goods is Fulfilment.NOT_STARTED and is_handled else goods


def _comes_back(row: Record) -> bool:
    return bool(row.get("TransactionCategoryCode") == _RETURN)


def _same(one: Record, other: Record) -> bool:
    return bool(one["ProductNumber"] == other["ProductNumber"])


def _native(one: Record, rows: Sequence[Record]) -> dict[str, str]:
    return {"StatusCode": str(one["StatusCode"]), "lines": ", ".join(str(row["StatusCode"]) for row in rows)}
