"""What 1C answers, as orders, customers and articles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_core.erp.connectors.one_c_names import OneCNames
from crm_core.erp.connectors.reading import Record, day, decimal, text
from crm_core.erp.connectors.states import StateMap
from crm_core.erp.port import Customer, Fulfilment, Order, OrderLine, Payment, Product, Shipment, ShipmentStatus, Stage
from crm_core.erp.quantities import fulfilment, is_currency, money

NOTHING = "00000000-0000-0000-0000-000000000000"
_MAIL, _TELEPHONE = "АдресЭлектроннойПочты", "Телефон"


@dataclass(frozen=True, slots=True)
class Around:
    """What an order refers to: articles, state and currency by their keys, and the shipments that name the order."""

    articles: Mapping[str, Record]
    states: Mapping[str, str]
    currencies: Mapping[str, str]
    shipments: Sequence[Record]


@dataclass(frozen=True, slots=True)
class OneCOrders:
    """`now` is when the ERP is said to have answered."""

    states: StateMap
    names: OneCNames
    now: Callable[[], datetime]

    def order(self, one: Record, around: Around) -> Order:
        names, native = self.names, self._native(one, around)
        stage = self._stage(one, native)
        shipments = tuple(map(self._shipment, around.shipments))
        lines = self._lines(one, around, shipments)
        is_alive = stage not in (Stage.DRAFT, Stage.CANCELLED)
        return Order(
            id=one["Ref_Key"], number=one["Number"].strip(), customer_id=one[names.customer], stage=stage,
            fulfilment=fulfilment(lines, shipments) if is_alive else Fulfilment.NOT_STARTED,
            payment=Payment.UNKNOWN, fetched_at=self.now(),
            total=money(decimal(one[names.total]), _currency(one, around, names)),
            customer_ref=text(one.get(names.customer_ref)), ordered_on=day(one["Date"]),
            promised_on=day(one.get(names.promised)), lines=lines, shipments=shipments,
            native={"state": native, "posted": str(one["Posted"])},
        )  # fmt: skip

    def _native(self, one: Record, around: Around) -> str:
        state = str(one[self.names.state] or "")
        return around.states.get(state, state) if self.names.state_catalogue else state

    def _stage(self, one: Record, native: str) -> Stage:
        if one["DeletionMark"]:
            return Stage.CANCELLED
        return self.states.stage(native) if one["Posted"] else Stage.DRAFT

    def _shipment(self, document: Record) -> Shipment:
        state = "deleted" if document["DeletionMark"] else "posted" if document["Posted"] else "draft"
        status = self.states.shipment(state)
        left = day(document["Date"]) if status is ShipmentStatus.SHIPPED else None
        number = document["Number"].strip()
        return Shipment(id=document["Ref_Key"], number=number, status=status, shipped_on=left)

    def _lines(self, one: Record, around: Around, shipments: Sequence[Shipment]) -> tuple[OrderLine, ...]:
        left = _Left(self.names, around.shipments, shipments)
        rows = [row for row in one[self.names.goods] if not row.get("Отменено")]
        return tuple(_line(row, around.articles, left, self.names) for row in rows)


class _Left:
    """What has left, by article: an order's lines take from it in their order, for shipments name no line."""

    def __init__(self, names: OneCNames, documents: Sequence[Record], shipments: Sequence[Shipment]) -> None:
        self._amounts: dict[str, Decimal] = {}
        for document, shipment in zip(documents, shipments, strict=True):
            if shipment.status in (ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED):
                for row in document[names.shipment_goods]:
                    key = str(row["Номенклатура_Key"])
                    self._amounts[key] = self._amounts.get(key, Decimal(0)) + decimal(row["Количество"])

    def take(self, article: str, most: Decimal) -> Decimal:
        taken = min(self._amounts.get(article, Decimal(0)), most)
        self._amounts[article] = self._amounts.get(article, Decimal(0)) - taken
        return taken


def _line(row: Record, articles: Mapping[str, Record], left: _Left, names: OneCNames) -> OrderLine:
    key, ordered = str(row["Номенклатура_Key"]), decimal(row["Количество"])
    article = articles.get(key, {})
    return OrderLine(
        sku=text(article.get(names.article_code)), description=article.get("Description") or "", ordered=ordered,
        shipped=left.take(key, ordered), price=decimal(row.get("Цена")),
        is_service=article.get("ТипНоменклатуры") == "Услуга",
    )  # fmt: skip


def _currency(one: Record, around: Around, names: OneCNames) -> str | None:
    """None for a currency that is no ISO code: an amount without its currency is not told."""
    code = around.currencies.get(str(one.get(names.currency)), "").strip()
    return code if is_currency(code) else None


def customer_of(one: Record, names: OneCNames) -> Customer:
    ways = one[names.contacts]
    return Customer(
        id=one["Ref_Key"], name=one["Description"],
        emails=tuple(way["АдресЭП"].strip() for way in ways if way["Тип"] == _MAIL and way["АдресЭП"]),
        phones=tuple(_phone(way) for way in ways if way["Тип"] == _TELEPHONE and way["НомерТелефона"]),
        blocked=bool(one["DeletionMark"]),
    )  # fmt: skip


def _phone(way: Record) -> str:
    """Digits with the country's code, as 1C keeps them, or as somebody wrote them."""
    return text(way.get("Представление")) or str(way["НомерТелефона"])


def product_of(one: Record, names: OneCNames) -> Product:
    return Product(text(one[names.article_code]) or "", one["Description"])
