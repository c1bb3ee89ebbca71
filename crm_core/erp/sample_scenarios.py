"""What may have become of an order of the sample company: one scenario or more for every headline."""

from dataclasses import dataclass
from enum import StrEnum

from crm_core.erp.port import Payment, ShipmentStatus, Stage


class Gone(StrEnum):
    """How much of the goods has left."""

    NOTHING = "nothing"
    PART = "part"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`age_days`: how long ago it was ordered; `promised_in_days` counts from today. `weight`: how common it is."""

    stage: Stage
    payments: tuple[Payment, ...]
    age_days: tuple[int, int]
    gone: Gone = Gone.NOTHING
    parcel: ShipmentStatus | None = None
    promised_in_days: tuple[int, int] | None = None
    returned: bool = False
    service_only: bool = False
    weight: int = 1


QUOTE = Scenario(Stage.DRAFT, (Payment.NOT_INVOICED,), (1, 12), weight=8)
CONFIRMED = Scenario(
    Stage.OPEN, (Payment.NOT_INVOICED, Payment.UNPAID, Payment.PARTIAL, Payment.PAID), (0, 3),
    promised_in_days=(5, 14), weight=14,
)  # fmt: skip
PREPARING = Scenario(
    Stage.OPEN, (Payment.PAID, Payment.PARTIAL), (2, 6), parcel=ShipmentStatus.PICKING,
    promised_in_days=(2, 5), weight=14,
)  # fmt: skip
READY = Scenario(
    Stage.OPEN, (Payment.PAID,), (3, 6), parcel=ShipmentStatus.READY, promised_in_days=(1, 3), weight=6,
)  # fmt: skip
PARTIALLY_SHIPPED = Scenario(
    Stage.OPEN, (Payment.PAID, Payment.PARTIAL, Payment.UNPAID), (6, 15), Gone.PART, ShipmentStatus.SHIPPED,
    promised_in_days=(3, 16), weight=12,
)  # fmt: skip
SHIPPED = Scenario(
    Stage.OPEN, (Payment.PAID, Payment.UNPAID), (4, 9), Gone.ALL, ShipmentStatus.SHIPPED,
    promised_in_days=(0, 3), weight=22,
)  # fmt: skip
DELIVERED = Scenario(
    Stage.CLOSED, (Payment.PAID, Payment.PAID, Payment.PAID, Payment.UNPAID), (9, 90), Gone.ALL,
    ShipmentStatus.DELIVERED, weight=60,
)  # fmt: skip
RETURNED = Scenario(
    Stage.CLOSED, (Payment.REFUNDED, Payment.REFUNDED, Payment.PAID), (20, 60), Gone.ALL, ShipmentStatus.DELIVERED,
    returned=True, weight=10,
)  # fmt: skip
ON_HOLD = Scenario(Stage.ON_HOLD, (Payment.UNPAID, Payment.PARTIAL), (5, 20), weight=8)
CANCELLED = Scenario(Stage.CANCELLED, (Payment.NOT_INVOICED, Payment.REFUNDED), (3, 60), weight=14)
PROBLEM = Scenario(
    Stage.OPEN, (Payment.PAID,), (8, 14), Gone.ALL, ShipmentStatus.EXCEPTION, promised_in_days=(-4, -2), weight=6,
)  # fmt: skip
COMPLETED = Scenario(Stage.CLOSED, (Payment.PAID,), (5, 50), service_only=True, weight=10)
UNKNOWN = Scenario(Stage.UNKNOWN, (Payment.NOT_INVOICED,), (1, 30), weight=3)

COMMON = (
    QUOTE, CONFIRMED, PREPARING, READY, PARTIALLY_SHIPPED, SHIPPED, DELIVERED, RETURNED, ON_HOLD, CANCELLED, PROBLEM,
    COMPLETED, UNKNOWN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fixed:
    """An order that people and tests rely on. `lines`: article and pieces; `promised_in_days` counts from today."""

    scenario: Scenario
    customer: str
    age_days: int
    payment: Payment
    lines: tuple[tuple[str, int], ...]
    promised_in_days: int | None = None
    carrier: str | None = None
    tracking: str | None = None


FIXED = {
    100201: Fixed(QUOTE, "C1004", 3, Payment.NOT_INVOICED, (("SF-BERGEN-3", 1), ("TB-LUND", 1))),
    100202: Fixed(CONFIRMED, "C1005", 1, Payment.UNPAID, (("WD-NARVIK", 1), ("SV-ASSEMBLY-L", 1)), 12),
    100203: Fixed(PREPARING, "C1006", 4, Payment.PAID, (("BD-NARVIK-160", 1), ("NT-NARVIK", 2)), 3),
    100204: Fixed(SHIPPED, "C1002", 6, Payment.PAID, (("DK-MALMO", 1), ("LP-AURORA-T", 1)), 1, "DHL", "00340434161094"),
    100205: Fixed(DELIVERED, "C1003", 14, Payment.PAID, (("AR-TROMSO", 1),), None, "SEUR", "82440118"),
    100206: Fixed(RETURNED, "C1007", 25, Payment.REFUNDED, (("RG-FJORD", 1),)),
    100207: Fixed(ON_HOLD, "C1008", 8, Payment.UNPAID, (("SF-BERGEN-2", 1),)),
    100208: Fixed(CANCELLED, "C1009", 10, Payment.NOT_INVOICED, (("MR-LUND", 1),)),
    100209: Fixed(PROBLEM, "C1010", 10, Payment.PAID, (("LP-AURORA", 2),), -3, "SEUR", "82440119"),
    100210: Fixed(COMPLETED, "C1011", 7, Payment.PAID, (("SV-ASSEMBLY", 1),)),
    100211: Fixed(UNKNOWN, "C1012", 5, Payment.NOT_INVOICED, (("SH-FJORD", 1),)),
    100234: Fixed(PARTIALLY_SHIPPED, "C1001", 9, Payment.PAID, (("CH-OSLO", 4),), 9, "SEUR", "82440117"),
}
