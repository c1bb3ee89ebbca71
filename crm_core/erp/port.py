"""The port to the company's ERP: one vocabulary for orders, and the operations every connector offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from crm_core.erp.query import OrderQuery


class Stage(StrEnum):
    """The commercial life of an order."""

    DRAFT = "draft"
    OPEN = "open"
    ON_HOLD = "on_hold"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Fulfilment(StrEnum):
    """Where the goods are."""

    NOT_APPLICABLE = "not_applicable"
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    PARTIAL = "partial"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    EXCEPTION = "exception"
    UNKNOWN = "unknown"


class Payment(StrEnum):
    """Where the money is."""

    NOT_INVOICED = "not_invoiced"
    UNPAID = "unpaid"
    PARTIAL = "partial"
    PAID = "paid"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


class Headline(StrEnum):
    """The one word for the state of an order; computed from the axes, never stored."""

    CANCELLED = "cancelled"
    PROBLEM = "problem"
    QUOTE = "quote"
    RETURNED = "returned"
    DELIVERED = "delivered"
    SHIPPED = "shipped"
    ON_HOLD = "on_hold"
    PARTIALLY_SHIPPED = "partially_shipped"
    PREPARING = "preparing"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"


class ShipmentStatus(StrEnum):
    """`exception`: lost, damaged, or on its way back to us undelivered."""

    PLANNED = "planned"
    PICKING = "picking"
    READY = "ready"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Capability(StrEnum):
    """What a connector can be asked; anything else raises ErpNotSupported."""

    CUSTOMERS = "customers"
    ORDERS = "orders"
    SHIPMENTS = "shipments"
    INVOICES = "invoices"
    PRODUCTS = "products"
    STOCK = "stock"
    RETURNS = "returns"
    NOTES = "notes"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class Money:
    """`currency` is ISO 4217."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Customer:
    """Who buys. `id` is the ERP's own and stays the same for ever; `language` is ISO 639-1."""

    id: str
    name: str
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    language: str | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One position. `shipped` is gross: what came back stands in `returned` and is never taken off.

    `description` is English, `names` the product's name by language; `promised_on` is for what is still to be shipped.
    """

    sku: str | None
    description: str
    ordered: Decimal
    shipped: Decimal
    returned: Decimal = Decimal(0)
    unit: str | None = None
    price: Decimal | None = None
    promised_on: date | None = None
    is_service: bool = False
    names: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def remaining(self) -> Decimal:
        """What is still to be shipped."""
        return Decimal(0) if self.is_service else max(self.ordered - self.shipped, Decimal(0))

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.description


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel. `planned_on`: should leave us; `expected_on`: should reach the customer."""

    id: str
    number: str
    status: ShipmentStatus
    planned_on: date | None = None
    shipped_on: date | None = None
    expected_on: date | None = None
    delivered_on: date | None = None
    carrier: str | None = None
    tracking: str | None = None
    tracking_url: str | None = None
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class Invoice:
    """`open_amount` is what is still owed; a credit note (`is_credit`) gives money back."""

    id: str
    number: str
    status: Payment
    total: Money
    open_amount: Money
    issued_on: date | None = None
    due_on: date | None = None
    is_credit: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order on three axes. `fetched_at` (aware) is when the ERP said so; `stale`: it could not be asked again.

    `native` keeps the ERP's own states for the agent's screen.
    """

    id: str
    number: str
    customer_id: str
    stage: Stage
    fulfilment: Fulfilment
    payment: Payment
    fetched_at: datetime
    total: Money | None = None
    customer_ref: str | None = None
    ordered_on: date | None = None
    promised_on: date | None = None
    lines: tuple[OrderLine, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    native: Mapping[str, str] = field(default_factory=dict, hash=False)
    stale: bool = False

    @property
    def headline(self) -> Headline:
        """The first rule that holds; quantities speak before the commercial stage."""
        return next((headline for axis_value, headline in _HEADLINES if axis_value in (self.stage, self.fulfilment)),
                    Headline.UNKNOWN)  # fmt: skip


# the values of both axes are distinct but for `unknown`, which therefore stands in no rule
_HEADLINES: tuple[tuple[Stage | Fulfilment, Headline], ...] = (
    (Stage.CANCELLED, Headline.CANCELLED),
    (Fulfilment.EXCEPTION, Headline.PROBLEM),
    (Stage.DRAFT, Headline.QUOTE),
    (Fulfilment.RETURNED, Headline.RETURNED),
    (Fulfilment.DELIVERED, Headline.DELIVERED),
    (Fulfilment.SHIPPED, Headline.SHIPPED),
    (Stage.ON_HOLD, Headline.ON_HOLD),
    (Fulfilment.PARTIAL, Headline.PARTIALLY_SHIPPED),
    (Fulfilment.IN_PROGRESS, Headline.PREPARING),
    (Stage.CLOSED, Headline.COMPLETED),
    (Stage.OPEN, Headline.CONFIRMED),
)


@dataclass(frozen=True, slots=True)
class Product:
    """`name` is English, `names` by language; `available` is the stock that can be sold now."""

    sku: str
    name: str
    price: Money | None = None
    available: Decimal | None = None
    names: Mapping[str, str] = field(default_factory=dict, hash=False)

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.name


class Erp(Protocol):
    """A connector. What is not there is None or empty; what goes wrong is an ErpError of `crm_core.errors`.

    Values that cannot be a reference, an e-mail address or a telephone number find nothing and are never sent on.
    """

    @property
    def name(self) -> str: ...

    def capabilities(self) -> frozenset[str]:
        """Values of Capability."""

    async def health(self) -> str:
        """Product and version, for a person. Raises ErpError when the ERP cannot be used."""

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        """By exactly one of e-mail (any case) and telephone (any formatting)."""

    async def get_customer(self, customer_id: str) -> Customer | None: ...

    async def get_order(self, query: OrderQuery) -> Order | None:
        """By our number or the customer's own; for a verified buyer only if it is theirs."""

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        """The newest first."""

    async def get_product(self, sku: str) -> Product | None: ...

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        """Goods and services in the order of their sku, so that their names are known when customers say them."""

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        """The number of a request that a person approves; goods do not move. The same `key` makes one request.

        It is looked up first. Raises ErpInDoubt where it may have been made: that is not repeated by itself.
        """

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        """A remark on the order for the people who work in the ERP; once per `key`."""

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        """As a return: the number of a request that a person approves; the order itself stays as it is."""

    async def aclose(self) -> None: ...
