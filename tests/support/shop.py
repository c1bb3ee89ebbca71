"""A small ERP in memory: two customers with two orders each; it can be switched off."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from crm_core.erp.port import (
    Capability,
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
)
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpError, ErpUnavailable

ANNA = Customer("C1", "Anna Berg", ("anna@example.com",), ("+34 612 345 678",), "en")
BORIS = Customer("C2", "Борис Ли", ("boris@example.com",), ("+7 495 555-01-02",), "ru")
SECRETS = ("TRACK-77", "Sofa Bergen", "Stool Lund", "TRACK-88")
PRODUCTS = (
    Product("VIGO-119", "Mirror Vigo", Money(Decimal(119), "EUR"), Decimal(14),
            {"ru": "Зеркало «Виго»", "es": "Espejo Vigo"}),
    Product("SH-1", "Shelf Molde", Money(Decimal(249), "EUR"), Decimal(2),
            {"ru": "Стеллаж «Молде»", "es": "Estantería Molde"}),
    Product("RG-1", "Rug Hamar", Money(Decimal(390), "EUR"), Decimal(0),
            {"ru": "Ковёр «Хамар»", "es": "Alfombra Hamar"}),
    Product("SV-1", "Workshop Hamar"),
)  # fmt: skip
_AT = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def _order(number: str, owner: str, item: str, tracking: str) -> Order:
    line = OrderLine(item, item, Decimal(4), Decimal(2))
    parcel = Shipment(f"S{number}", f"S{number}", ShipmentStatus.SHIPPED, shipped_on=date(2026, 11, 22),
                      expected_on=date(2026, 11, 24), carrier="SEUR", tracking=tracking,
                      tracking_url=f"https://seur.example/{tracking}")  # fmt: skip
    total = Money(Decimal(356), "EUR")
    invoice = Invoice(f"I{number}", f"INV-{number}", Payment.PAID, total, Money(Decimal(0), "EUR"))
    return Order(
        number, number, owner, Stage.OPEN, Fulfilment.PARTIAL, Payment.PAID, _AT, total,
        promised_on=date(2026, 12, 2), lines=(line,), shipments=(parcel,), invoices=(invoice,),
    )  # fmt: skip


def _owed() -> Order:
    """Confirmed without a date; paid in part, with a credit note."""
    order = _order("100236", "C1", "Lamp Oslo", "TRACK-77")
    owed = Invoice(
        "I3", "INV-100236", Payment.PARTIAL, Money(Decimal(356), "EUR"), Money(Decimal(56), "EUR"),
        due_on=date(2026, 11, 30),
    )  # fmt: skip
    back = Money(Decimal(-20), "EUR")
    note = Invoice("I4", "CN-1", Payment.REFUNDED, back, Money(Decimal(0), "EUR"), is_credit=True)
    line = OrderLine("L", "Lamp Oslo", Decimal(4), Decimal(0))
    return replace(
        order, fulfilment=Fulfilment.NOT_STARTED, payment=Payment.PARTIAL, promised_on=None, lines=(line,),
        shipments=(), invoices=(owed, note),
    )  # fmt: skip


def _unclear() -> Order:
    order = _order("100237", "C1", "Vase Narvik", "TRACK-77")
    return replace(order, stage=Stage.UNKNOWN, fulfilment=Fulfilment.UNKNOWN, shipments=())


class Shop:
    """Implements the Erp port; `down` makes every call fail."""

    name = "shop"

    def __init__(self) -> None:
        self.down = False
        self.refusal: ErpError | None = None  # of a return
        self.able: frozenset[str] = frozenset(Capability)
        self.returns: dict[str, str] = {}
        self.customers = {customer.id: customer for customer in (ANNA, BORIS)}
        self.orders = {
            order.number: order
            for order in (
                _order("100234", "C1", "Sofa Bergen", "TRACK-77"), _order("100235", "C1", "Stool Lund", "TRACK-77"),
                _order("200100", "C2", "Stool Lund", "TRACK-88"), _owed(), _unclear(),
            )
        }  # fmt: skip

    def _up(self) -> None:
        if self.down:
            raise ErpUnavailable("down")

    def capabilities(self) -> frozenset[str]:
        return self.able

    async def health(self) -> str:
        return "up"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        self._up()
        digits = "".join(filter(str.isdigit, phone or "-"))[-9:]
        return tuple(
            customer
            for customer in self.customers.values()
            if email in customer.emails
            or (digits and any("".join(filter(str.isdigit, known)).endswith(digits) for known in customer.phones))
        )[:limit]

    async def get_customer(self, customer_id: str) -> Customer | None:
        self._up()
        return self.customers.get(customer_id)

    async def get_order(self, query: OrderQuery) -> Order | None:
        self._up()
        order = self.orders.get(query.ref)
        return order if order and query.customer_id in (None, order.customer_id) else None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        self._up()
        return tuple(order for order in self.orders.values() if order.customer_id == customer_id)[:limit]

    async def get_product(self, sku: str) -> Product | None:
        self._up()
        return next((product for product in PRODUCTS if product.sku == sku), None)

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        return PRODUCTS

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        self._up()
        if self.refusal is not None:
            raise self.refusal
        return self.returns.setdefault(key, f"RMA-{len(self.returns) + 1}")

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        self._up()

    async def aclose(self) -> None:
        return
