"""The six files that can be imported, and their columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm_core.erp import csv_cells as cells
from crm_core.erp import tables
from crm_core.erp.port import ShipmentStatus, Stage
from crm_core.schema import Base

_NAME_IN = re.compile(r"name_([a-z]{2})")


class KindName(StrEnum):
    """In the order of import: what is referred to goes first."""

    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"
    LINES = "lines"
    SHIPMENTS = "shipments"
    INVOICES = "invoices"


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is its heading, `field` the table's column (`names.ru`: a part of one)."""

    name: str
    parse: cells.Parse
    field: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """The field that must name something already known."""

    field: str
    kind: KindName


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of file. `file_words`: what its file name may contain."""

    name: KindName
    model: type[Base]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    file_words: tuple[str, ...]
    reference: Reference | None = None

    @property
    def required(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if column.required)

    def column(self, heading: str) -> Column | None:
        found = next((column for column in self.columns if column.name == heading), None)
        language = _NAME_IN.fullmatch(heading) if self.name is KindName.PRODUCTS else None
        return Column(heading, cells.words, f"names.{language[1]}") if language else found


def _must(name: str, parse: cells.Parse, field: str = "") -> Column:
    return Column(name, parse, field or name, required=True)


def _may(name: str, parse: cells.Parse, field: str = "") -> Column:
    return Column(name, parse, field or name)


_ORDER = _must("order", cells.number, "order_number")

KINDS = (
    Kind(KindName.CUSTOMERS, tables.ErpCustomer, ("number",), (
        _must("number", cells.number), _must("name", cells.words), _may("language", cells.language),
        _may("emails", cells.emails), _may("phones", cells.phones), _may("blocked", cells.yes_or_no),
    ), ("customer", "client", "клиент", "cliente")),
    Kind(KindName.PRODUCTS, tables.ErpProduct, ("sku",), (
        _must("sku", cells.number), _must("name", cells.words), _may("price", cells.amount),
        _may("currency", cells.currency), _may("available", cells.amount),
        _may("service", cells.yes_or_no, "is_service"),
    ), ("product", "article", "item", "товар", "artículo")),
    Kind(KindName.LINES, tables.ErpOrderLine, ("order_number", "position"), (
        _ORDER, _may("position", cells.count), _may("sku", cells.number), _must("description", cells.words),
        _must("ordered", cells.quantity), _may("shipped", cells.quantity), _may("returned", cells.quantity),
        _may("unit", cells.words), _may("price", cells.amount), _may("promised_on", cells.day),
    ), ("line", "position", "строк", "línea"), Reference("order_number", KindName.ORDERS)),
    Kind(KindName.SHIPMENTS, tables.ErpShipment, ("number",), (
        _must("number", cells.number), _ORDER, _must("status", cells.one_of(ShipmentStatus)),
        _may("planned_on", cells.day), _may("shipped_on", cells.day), _may("expected_on", cells.day),
        _may("delivered_on", cells.day), _may("carrier", cells.words), _may("tracking", cells.words),
        _may("tracking_url", cells.web_address), _may("return", cells.yes_or_no, "is_return"),
    ), ("shipment", "deliver", "parcel", "отгруз", "envío"), Reference("order_number", KindName.ORDERS)),
    Kind(KindName.INVOICES, tables.ErpInvoice, ("number",), (
        _must("number", cells.number), _ORDER, _must("total", cells.amount), _must("open_amount", cells.amount),
        _must("currency", cells.currency), _may("issued_on", cells.day), _may("due_on", cells.day),
        _may("credit", cells.yes_or_no, "is_credit"), _may("refunded", cells.yes_or_no),
    ), ("invoice", "bill", "счет", "счёт", "factura"), Reference("order_number", KindName.ORDERS)),
    Kind(KindName.ORDERS, tables.ErpOrder, ("number",), (
        _must("number", cells.number), _must("customer", cells.number, "customer_number"),
        _must("stage", cells.one_of(Stage)), _may("customer_ref", cells.number), _may("ordered_on", cells.day),
        _may("promised_on", cells.day), _may("currency", cells.currency), _may("total", cells.amount),
    ), ("order", "заказ", "pedido"), Reference("customer_number", KindName.CUSTOMERS)),
)  # fmt: skip


def kind_of(stem: str, headings: Sequence[str]) -> Kind | None:
    """By its headings; by the file's name where they leave a doubt (`order_lines` holds lines, not orders)."""
    named = [kind for kind in KINDS if any(word in stem.lower() for word in kind.file_words)]
    fitting = [kind for kind in KINDS if kind.required <= set(headings)]
    choice = [kind for kind in named if kind in fitting] or fitting or named
    if fitting:
        choice.sort(key=lambda kind: -sum(kind.column(heading) is not None for heading in headings))
    return choice[0] if choice else None
