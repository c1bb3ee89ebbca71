"""The desk alone behind ASGI, for tests and for looking at it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from fastapi import FastAPI

from bot.practice import recogniser
from config.business import Business
from config.settings import ROOT, Settings
from crm_core.blobs import BlobStore
from crm_core.db import Sessions
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
)
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpTimeout
from crm_core.signals import Signal
from desk.assets import static_files
from desk.connections import NOT_CONNECTED, Connections
from desk.routes import DeskServices, ReportPorts, desk_router
from desk.services import CampaignPorts, Suggest, Suggestion, ToPdf, no_printer
from insight.campaign_reports import campaign_design_answer, campaign_report
from insight.five_steps import read_findings
from insight.planning_ports import planning_ports
from insight.reports import read_report
from insight.sales_reports import sales_report
from insight.wallboard import read_wallboard
from nlu.shapes import read_shapes

SHAPES = read_shapes(ROOT / "config" / "nlu" / "entities.yml")
KEY = b"a key for tests, thirty-two byte"


def sample_orders(at: datetime) -> tuple[Order, ...]:
    """María's: one partly shipped, one delivered."""
    chair = OrderLine(
        "CH-OSLO", "Chair Oslo", Decimal(4), Decimal(2), price=Decimal("89.00"), promised_on=date(2026, 12, 2),
        names={"es": "Silla Oslo", "ru": "Стул «Осло»"},
    )  # fmt: skip
    parcel = Shipment(
        "1", "S-1", ShipmentStatus.SHIPPED, shipped_on=date(2026, 11, 18), carrier="SEUR", tracking="82440117",
        tracking_url="https://www.seur.com/livetracking/82440117",
    )  # fmt: skip
    owed = Invoice("1", "INV-1", Payment.PARTIAL, Money(Decimal("356.00"), "EUR"), Money(Decimal("100.00"), "EUR"))
    partly = Order(
        "1", "100234", "C-1001", Stage.OPEN, Fulfilment.PARTIAL, Payment.PAID, at, Money(Decimal("356.00"), "EUR"),
        ordered_on=date(2026, 11, 14), lines=(chair,), shipments=(parcel,), invoices=(owed,),
        native={"state": "sale", "delivery_status": "partial", "invoice_status": "None"},
    )  # fmt: skip
    table = OrderLine("TB-BERGEN", "Table Bergen, oak, 180 × 90 cm", Decimal(1), Decimal(1), price=Decimal("240.00"))
    arrived = replace(
        partly, id="2", number="100120", fulfilment=Fulfilment.DELIVERED, lines=(table,), shipments=(), invoices=(),
        native={}, ordered_on=date(2026, 9, 2), total=Money(Decimal("240.00"), "EUR"),
    )  # fmt: skip
    return (partly, arrived)


@dataclass
class DeskErp:
    """Answers from a list, or not at all while `is_down`."""

    orders: Sequence[Order] = ()
    is_down: bool = False
    name: str = "sample"

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        if self.is_down:
            raise ErpTimeout("The ERP took too long.")
        return tuple(order for order in self.orders if order.customer_id == customer_id)[:limit]

    async def get_order(self, query: OrderQuery) -> Order | None:
        return next((order for order in self.orders if order.number == query.ref), None)

    async def get_customer(self, customer_id: str) -> Customer | None:
        return None

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        return ()

    async def get_product(self, sku: str) -> Product | None:
        return None

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        return ()

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        return "R-1"

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        return "A-1"

    async def add_note(self, order_id: str, text: str, *, key: str) -> None: ...

    async def health(self) -> str:
        return "sample"

    def capabilities(self) -> frozenset[str]:
        return frozenset()

    async def aclose(self) -> None: ...


@dataclass
class Signals:
    """A hub of one process: what is told here reaches every subscription at once."""

    _queues: set[asyncio.Queue[Signal]] = field(default_factory=set)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[asyncio.Queue[Signal]]:
        queue: asyncio.Queue[Signal] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def tell(self, signal: Signal) -> None:
        for queue in self._queues:
            queue.put_nowait(signal)


CAMPAIGNS = CampaignPorts(
    campaign_report, campaign_design_answer, lambda contact: f"https://desk.test/u/{contact}", sales_report
)  # fmt: skip
INTENTS = ("complaint", "delivery_partial", "greeting", "invoice_copy", "order_status", "talk_to_person")


def answered(question: str, language: str) -> tuple[Suggestion, ...]:
    """A company that knows one thing."""
    del language
    asks = "sábado" in question
    return (
        (Suggestion("Entregamos también los sábados por la mañana, sin coste.", "Entrega en sábado", "delivery"),)
        if asks
        else ()
    )


@dataclass
class DeskParts:
    """What a test may want to change before the desk is built."""

    sessions: Sessions
    business: Business
    settings: Settings
    now: Callable[[], datetime]
    erp: DeskErp = field(default_factory=DeskErp)
    signals: Signals = field(default_factory=Signals)
    blobs: BlobStore | None = None
    suggest: Suggest = answered
    connections: Connections = NOT_CONNECTED
    to_pdf: ToPdf = no_printer

    def app(self) -> FastAPI:
        services = DeskServices(
            self.sessions, self.business, self.erp, self.settings, self.now, self.signals.watch, KEY,
            lambda: INTENTS, ReportPorts(read_report, read_wallboard, read_findings), CAMPAIGNS, self.blobs,
            self.suggest, connections=self.connections, recognise=recogniser(SHAPES), planning=planning_ports(),
            to_pdf=self.to_pdf,
        )  # fmt: skip
        app = FastAPI()
        app.router.routes.extend(desk_router(services).routes)
        app.mount("/static", static_files())
        return app


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
