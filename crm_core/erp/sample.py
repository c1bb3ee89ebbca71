"""The sample company «Oslo & Co.»: 50 customers, 20 products and the orders 100201–100400, dated from today.

Numbers worth remembering, one for every headline:

    100201  quote               Emily Carter     en
    100202  confirmed           Иван Петров      ru  with assembly, promised in 12 days, unpaid
    100203  preparing           Carlos García    es
    100204  shipped             Tom Walsh        en  tom.walsh@example.com, +44 7700 900123; arrives tomorrow (DHL)
    100205  delivered           Дарья Ким        ru  darya.kim@example.com, +7 495 555-01-02
    100206  returned            James O'Neill    en  money given back
    100207  on_hold             Ольга Смирнова   ru  waits for payment
    100208  cancelled           Lucía Fernández  es
    100209  problem             Sophie Turner    en  parcel lost on the way
    100210  completed           Алексей Кузнецов ru  a service, nothing to ship
    100211  unknown             Javier Martínez  es
    100234  partially_shipped   María López      es  maria.lopez@example.com, +34 612 345 678: 4 × Chair Oslo, paid;
                                                     2 with SEUR (82440117, arrive tomorrow), 2 promised in 9 days
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from config.settings import ROOT
from crm_core.erp import tables
from crm_core.erp.csv_reading import Problem
from crm_core.erp.csv_records import Parsed, parse_file
from crm_core.erp.importer import write
from crm_core.erp.sample_orders import Article, SampleRows, Shop, add_order
from crm_core.erp.upsert import upsert

SAMPLE_DIRECTORY = ROOT / "config" / "erp" / "sample"
NUMBERS = range(100201, 100401)


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """Rows by table, whether new or brought up to date."""

    customers: int
    products: int
    orders: int
    lines: int
    shipments: int
    invoices: int


async def load_sample(session: AsyncSession, today: date) -> SampleCounts:
    """Loading it again moves the dates to the new day and adds nothing."""
    customers, products = _parsed("customers.csv"), _parsed("products.csv")
    await write(session, customers)
    await write(session, products)
    rows = sample_rows(customers, products, today)
    await upsert(session, tables.ErpOrder, rows.orders)
    await upsert(session, tables.ErpOrderLine, rows.lines)
    await upsert(session, tables.ErpShipment, rows.shipments)
    await upsert(session, tables.ErpInvoice, rows.invoices)
    return SampleCounts(
        len(customers.records), len(products.records),
        len(rows.orders), len(rows.lines), len(rows.shipments), len(rows.invoices),
    )  # fmt: skip


def sample_rows(customers: Parsed, products: Parsed, today: date) -> SampleRows:
    articles = [
        Article(str(record.values["sku"]), str(record.values["name"]), Decimal(str(record.values["price"])))
        for record in products.records
    ]
    shop = Shop(
        tuple(str(record.values["number"]) for record in customers.records),
        {article.sku: article for article in articles},
    )
    rows = SampleRows()
    for number in NUMBERS:
        add_order(rows, number, shop, today)
    return rows


def _parsed(name: str) -> Parsed:
    parsed = parse_file(SAMPLE_DIRECTORY / name)
    if isinstance(parsed, Problem) or parsed.problems:
        raise ValueError(f"{parsed if isinstance(parsed, Problem) else parsed.problems[0]}")
    return parsed
