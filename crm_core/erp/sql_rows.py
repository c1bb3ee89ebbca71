"""Statements of the embedded ERP and their rows as the port's types: one order is one round trip."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Row, text

from crm_core.erp.port import (
    Customer,
    Invoice,
    Money,
    Order,
    OrderLine,
    Product,
    Shipment,
    ShipmentStatus,
    Stage,
)  # fmt: skip
from crm_core.erp.quantities import fulfilment, invoice_status, money, payment

Cells = Sequence[str | bool | None]

# numbers travel as text: as JSON numbers they would come back as floats
ORDERS = """
select o.number, o.customer_number, o.customer_ref, o.stage, o.ordered_on, o.promised_on, o.currency, o.total,
  (select json_agg(json_build_array(l.sku, l.description, l.ordered::text, l.shipped::text, l.returned::text, l.unit,
                                    l.price::text, l.promised_on, coalesce(p.is_service, false)) order by l.position)
     from erp_order_line l left join erp_product p on p.sku = l.sku where l.order_number = o.number) as lines,
  (select json_object_agg(p.sku, p.names) from erp_product p
    where p.sku in (select l.sku from erp_order_line l where l.order_number = o.number)) as names,
  (select json_agg(json_build_array(s.number, s.status, s.planned_on, s.shipped_on, s.expected_on, s.delivered_on,
                                    s.carrier, s.tracking, s.tracking_url, s.is_return) order by s.number)
     from erp_shipment s where s.order_number = o.number) as shipments,
  (select json_agg(json_build_array(i.number, i.total::text, i.open_amount::text, i.currency, i.issued_on, i.due_on,
                                    i.is_credit, i.refunded) order by i.number)
     from erp_invoice i where i.order_number = o.number) as invoices
from erp_order o
"""

# the customer's own reference may be used by several customers: our number goes first, then the newest
ORDER_BY_REF = text(ORDERS + """
where (upper(o.number) = upper(:ref) or upper(o.customer_ref) = upper(:ref))
  and (cast(:customer_id as text) is null or o.customer_number = :customer_id)
order by o.number = :ref desc, upper(o.number) = upper(:ref) desc, o.ordered_on desc nulls last limit 1
""")  # fmt: skip

ORDERS_OF_CUSTOMER = text(ORDERS + """
where o.customer_number = :customer_id order by o.ordered_on desc nulls last, o.number desc limit :limit
""")  # fmt: skip

CUSTOMERS = """
select c.number, c.name, c.language, c.blocked,
  (select json_agg(json_build_array(k.kind, k.value) order by k.value)
     from erp_customer_contact k where k.customer_number = c.number) as contacts
from erp_customer c
"""

CUSTOMER_BY_NUMBER = text(CUSTOMERS + "where c.number = :customer_id")

_BY_CONTACT = """
where c.number in (select customer_number from erp_customer_contact where kind = :kind and key = :key)
order by c.number limit :limit
"""
CUSTOMERS_BY_CONTACT = text(CUSTOMERS + _BY_CONTACT)

PRODUCT_BY_SKU = text("""
select sku, name, names, price, currency, available from erp_product
where upper(sku) = upper(:sku) order by sku = :sku desc limit 1
""")

PRODUCTS = text("select sku, name, names, price, currency, available from erp_product order by sku limit :limit")

HEALTH = text("select count(*) as orders, current_setting('server_version') as version from erp_order")

ADD_RETURN = text("""
insert into erp_return_request (order_number, reason, key, created_at) values (:order_id, :text, :key, :now)
on conflict (key) do nothing
""")

RETURN_BY_KEY = text("select id, order_number from erp_return_request where key = :key")

NOTE_BY_KEY = text("select id, order_number from erp_note where key = :key")

ADD_NOTE = text("""
insert into erp_note (order_number, text, key, created_at) values (:order_id, :text, :key, :now)
on conflict (key) do nothing
""")


def customer_of(row: Row[tuple[object, ...]]) -> Customer:
    contacts: list[tuple[str, str]] = row.contacts or []
    emails = tuple(value for kind, value in contacts if kind == "email")
    phones = tuple(value for kind, value in contacts if kind == "phone")
    return Customer(row.number, row.name, emails, phones, row.language, row.blocked)


def product_of(row: Row[tuple[object, ...]]) -> Product:
    return Product(row.sku, row.name, money(row.price, row.currency), row.available, row.names)


def order_of(row: Row[tuple[object, ...]], fetched_at: datetime) -> Order:
    names: dict[str, dict[str, str]] = row.names or {}
    lines = tuple(_line(cells, names) for cells in row.lines or ())
    shipments = tuple(_shipment(cells) for cells in row.shipments or ())
    invoices = tuple(_invoice(cells) for cells in row.invoices or ())
    return Order(
        row.number, row.number, row.customer_number, Stage(row.stage),
        fulfilment(lines, shipments), payment(invoices), fetched_at,
        total=money(row.total, row.currency), customer_ref=row.customer_ref,
        ordered_on=row.ordered_on, promised_on=row.promised_on,
        lines=lines, shipments=shipments, invoices=invoices, native={"stage": row.stage},
    )  # fmt: skip


def _line(cells: Cells, names: dict[str, dict[str, str]]) -> OrderLine:
    sku, description, ordered, shipped, returned, unit, price, promised_on, is_service = cells
    return OrderLine(
        _text(sku), str(description), _decimal(ordered), _decimal(shipped), _decimal(returned), _text(unit),
        None if price is None else _decimal(price), _day(promised_on), bool(is_service), names.get(str(sku), {}),
    )  # fmt: skip


def _shipment(cells: Cells) -> Shipment:
    number, status, planned_on, shipped_on, expected_on, delivered_on, carrier, tracking, url, is_return = cells
    return Shipment(
        str(number), str(number), ShipmentStatus(str(status)),
        _day(planned_on), _day(shipped_on), _day(expected_on), _day(delivered_on),
        _text(carrier), _text(tracking), _text(url), bool(is_return),
    )  # fmt: skip


def _invoice(cells: Cells) -> Invoice:
    number, total, open_amount, currency, issued_on, due_on, is_credit, refunded = cells
    status = invoice_status(_decimal(total), _decimal(open_amount), refunded=bool(refunded))
    return Invoice(
        str(number), str(number), status,
        Money(_decimal(total), str(currency)), Money(_decimal(open_amount), str(currency)),
        _day(issued_on), _day(due_on), bool(is_credit),
    )  # fmt: skip


def _text(cell: str | bool | None) -> str | None:  # noqa: FBT001 - a cell of a row, not a switch
    return None if cell is None else str(cell)


def _decimal(cell: str | bool | None) -> Decimal:  # noqa: FBT001
    return Decimal(str(cell))


def _day(cell: str | bool | None) -> date | None:  # noqa: FBT001
    return None if cell is None else date.fromisoformat(str(cell))
