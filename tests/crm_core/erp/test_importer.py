"""Files as people's programs write them: good rows come in, bad ones are told by line."""

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config.settings import ROOT
from crm_core.db import Sessions, unit_of_work
from crm_core.erp import tables
from crm_core.erp.csv_kinds import KINDS, KindName, kind_of
from crm_core.erp.importer import FileReport, import_files
from crm_core.erp.port import Headline
from crm_core.erp.sql import SqlErp
from tests.support.erp import theirs

CUSTOMERS = "number,name,language,emails,phones\nC1,María López,es,maria@example.com,+34 612 345 678\n"
ORDERS = "number,customer,stage,ordered_on,currency,total\nSO-1,C1,open,2026-11-20,EUR,178.00\n"
LINES = "order,sku,description,ordered,shipped,price\nSO-1,CH,Chair,2,0,89.00\n"


class Desk:
    """Writes files and imports them."""

    def __init__(self, directory: Path, sessions: Sessions) -> None:
        self._directory, self._sessions = directory, sessions

    async def imports(self, *, dry_run: bool = False, **files: str | bytes) -> list[FileReport]:
        paths = []
        for stem, content in files.items():
            path = self._directory / f"{stem}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        async with unit_of_work(self._sessions) as session:
            return await import_files(session, paths, dry_run=dry_run)

    async def problems(self, **files: str | bytes) -> list[str]:
        return [str(problem) for report in await self.imports(**files) for problem in report.problems]

    async def count(self, model: type[tables.Base]) -> int:
        async with self._sessions() as session:
            return await session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def desk(tmp_path: Path, sessions: Sessions) -> Desk:
    return Desk(tmp_path, sessions)


@pytest.fixture
def imported(sessions: Sessions) -> SqlErp:
    return SqlErp(sessions)


async def test_files_in_any_order_make_a_company(desk: Desk, imported: SqlErp) -> None:
    shipments = "number,order,status,carrier,tracking\nS-1,SO-1,shipped,SEUR,82440117\n"
    invoices = "number,order,total,open_amount,currency\nI-1,SO-1,178.00,0,EUR\n"
    lines = LINES.replace("CH,Chair,2,0", "CH,Chair,2,2")
    products = "sku,name,name_ru,name_es,price,currency,available\nCH,Chair Oslo,Стул «Осло»,Silla Oslo,89,EUR,4\n"
    reports = await desk.imports(
        lines=lines, invoices=invoices, orders=ORDERS, shipments=shipments, products=products, customers=CUSTOMERS
    )
    assert [(report.kind, report.new, report.updated, report.refused) for report in reports] == [
        (kind, 1, 0, 0) for kind in KindName
    ]
    (customer,) = await imported.find_customers(phone="612345678")
    order = await imported.get_order(theirs("so-1", customer.id))
    assert order is not None
    assert order.headline is Headline.SHIPPED
    assert order.lines[0].name_in("ru") == "Стул «Осло»"


async def test_a_second_import_updates_and_adds_nothing(desk: Desk, imported: SqlErp) -> None:
    await desk.imports(customers=CUSTOMERS, orders=ORDERS, lines=LINES)
    reports = await desk.imports(orders=ORDERS.replace("open", "on_hold"), lines=LINES.replace("2,0", "2,1"))
    assert [(report.new, report.updated) for report in reports] == [(0, 1), (0, 1)]
    order = await imported.get_order(theirs("SO-1", "C1"))
    assert order is not None
    assert (order.headline, order.lines[0].shipped, len(order.lines)) == (Headline.ON_HOLD, 1, 1)


async def test_columns_that_are_not_in_the_file_keep_their_value(desk: Desk, imported: SqlErp) -> None:
    await desk.imports(customers=CUSTOMERS, orders=ORDERS)
    await desk.imports(orders="number,customer,stage\nSO-1,C1,closed\n", customers="number,name\nC1,María L.\n")
    order = await imported.get_order(theirs("SO-1", "C1"))
    customer = await imported.get_customer("C1")
    assert order is not None
    assert order.total is not None
    assert customer is not None
    assert (customer.name, customer.emails, customer.language) == ("María L.", ("maria@example.com",), "es")


async def test_an_address_left_out_of_the_file_no_longer_finds_the_customer(desk: Desk, imported: SqlErp) -> None:
    await desk.imports(customers=CUSTOMERS)
    await desk.imports(customers=CUSTOMERS.replace("maria@example.com", "new@example.com"))
    assert await imported.find_customers(email="maria@example.com") == ()
    assert len(await imported.find_customers(email="new@example.com")) == 1
    assert len(await imported.find_customers(phone="612345678")) == 1


async def test_a_dry_run_tells_the_same_and_writes_nothing(desk: Desk) -> None:
    dry = await desk.imports(customers=CUSTOMERS, orders=ORDERS + "SO-2,C9,open,,,\n", dry_run=True)
    assert await desk.count(tables.ErpCustomer) == 0
    assert dry == await desk.imports(customers=CUSTOMERS, orders=ORDERS + "SO-2,C9,open,,,\n")


async def test_good_rows_come_in_and_bad_ones_are_told_by_line(desk: Desk) -> None:
    rows = (
        "SO-2,C9,open,2026-11-20,EUR,1\n"
        "SO-3,C1,lost,2026-11-20,EUR,1\n"
        "SO-4,C1,open,yesterday,EUR,1\n"
        "SO 5,C1,open,,,\n"
        ",C1,open,,,\n"
        "SO-6,C1,open,,€,1\n"
        "SO-7,C1,open,,EUR,a lot\n"
        "SO-1,C1,open,,,\n"
        "SO-8,C1,open\n"
        "\n"
        '"SO-9",C1,open,23.11.2026,eur,"1.234,50"\n'
    )
    (report,) = [
        one for one in await desk.imports(customers=CUSTOMERS, orders=ORDERS + rows) if one.file == "orders.csv"
    ]
    assert (report.new, report.refused) == (2, 9)
    assert [str(problem) for problem in report.problems] == [
        "orders.csv:3: the customer C9 is not known; import the customers as well, or correct the number",
        "orders.csv:4: stage: “lost” is not known; write one of draft, open, on_hold, closed, cancelled, unknown",
        "orders.csv:5: ordered_on: “yesterday” is not a date; write it like 2026-11-23 or 23.11.2026",
        "orders.csv:6: number: “SO 5” cannot be a number; use at most 40 letters, digits and . - / _ without spaces",
        "orders.csv:7: number is empty; every row needs it",
        "orders.csv:8: currency: “€” is not a currency; write its three letters, such as EUR",
        "orders.csv:9: total: “a lot” is not a number; write it like 1234.50, without a currency sign",
        "orders.csv:10: SO-1 stands in line 2 already; leave one of the two out",
        "orders.csv:11: 3 cells under 6 headings; put a text with a separator in it into quotes",
    ]
    assert await desk.count(tables.ErpOrder) == 2


@pytest.mark.parametrize(("file", "content", "problem"), [
    ("customers", "number,name,emails\nC1,A,not an address\n",
     "customers.csv:2: emails: “not” is not an e-mail address; part several addresses by |"),
    ("customers", "number,name,phones\nC1,A,12\n",
     "customers.csv:2: phones: “12” is not a telephone number; write it like +34 612 345 678, several with |"),
    ("customers", "number,name,language\nC1,A,Spanish\n",
     "customers.csv:2: language: “Spanish” is not a language; write its two letters, such as en, ru or es"),
    ("customers", "number,name,blocked\nC1,A,perhaps\n",
     "customers.csv:2: blocked: “perhaps” is neither yes nor no; write “yes” or “no”"),
    ("customers", "number\nC1\n",
     "customers.csv:1: a file of customers needs the column name; add it to the first line"),
    ("customers", "number,name,name\nC1,A,B\n",
     "customers.csv:1: the column “name” stands twice; leave one of them out"),
    ("customers", "number,name,colour\nC1,A,red\n",
     "customers.csv:1: the column “colour” is not known and was left out; see docs/erp/csv.md for the columns"),
    ("customers", "", "customers.csv:1: the file is empty; its first line must hold the headings"),
    ("customers", b"number,name\nC1,A\nC2,Mar\xeda\n",
     "customers.csv:3: the file is not in UTF-8; save it as “CSV UTF-8” and try again"),
    ("customers", 'number,name\nC1,A\nC2,"B\n',
     "customers.csv:3: a quotation mark is opened and not closed again; close it, or double it inside a text"),
    ("mystery", "a,b\n1,2\n",
     f"mystery.csv:1: it is not clear what this file holds; put one of {', '.join(KindName)} into its name"),
    ("lines", "order,description,ordered\nSO-9,Chair,1\n",
     "lines.csv:2: the order SO-9 is not known; import the orders as well, or correct the number"),
    ("lines", "order,description,ordered\nSO-9,Chair,-1\n",
     "lines.csv:2: ordered: “-1” is negative; write 0 or more"),
    ("lines", "order,position,description,ordered\nSO-9,one,Chair,1\n",
     "lines.csv:2: position: “one” is not a position; write 1, 2, 3 …"),
    ("shipments", "number,order,status,tracking_url\nS,SO-9,shipped,javascript:alert(1)\n",
     "shipments.csv:2: tracking_url: “javascript:alert(1)” is not a web address; it begins with https://"),
])  # fmt: skip
async def test_what_is_wrong_is_told_with_what_to_do(desk: Desk, file: str, content: str | bytes, problem: str) -> None:
    assert await desk.problems(**{file: content}) == [problem]


async def test_a_missing_file_is_told_and_the_others_come_in(tmp_path: Path, sessions: Sessions, desk: Desk) -> None:
    there = tmp_path / "customers.csv"
    there.write_text(CUSTOMERS)
    async with unit_of_work(sessions) as session:
        gone, came = await import_files(session, [tmp_path / "orders.csv", there])
    assert str(gone.problems[0]).startswith("orders.csv:1: cannot be read (No such file or directory)")
    assert (came.new, await desk.count(tables.ErpCustomer)) == (1, 1)


@pytest.mark.parametrize("content", [
    CUSTOMERS.encode("utf-8-sig"),
    CUSTOMERS.replace(",", ";").encode(),
    CUSTOMERS.replace(",", "\t").encode(),
    CUSTOMERS.replace("\n", "\r\n").encode(),
    CUSTOMERS.replace("number,name", "Number, Name ").encode(),
    CUSTOMERS.replace("María López", '"López, María\nde"').encode(),
])  # fmt: skip
async def test_files_of_other_programs_are_read(desk: Desk, imported: SqlErp, content: bytes) -> None:
    assert await desk.problems(customers=content) == []
    assert len(await imported.find_customers(email="maria@example.com")) == 1


async def test_a_problem_after_a_text_of_several_lines_has_the_right_line(desk: Desk) -> None:
    content = 'number,name\nC1,"two\nlines"\nC 2,bad\n'
    (problem,) = await desk.problems(customers=content)
    assert problem.startswith("customers.csv:4: ")


async def test_several_addresses_stand_in_one_cell(desk: Desk, imported: SqlErp) -> None:
    await desk.imports(
        customers="number,name,emails,phones\nC1,A,a@example.com|b@example.com,+34 612 345 678|+34 612 345 679\n"
    )
    customer = await imported.get_customer("C1")
    assert customer is not None
    assert (len(customer.emails), len(customer.phones)) == (2, 2)


async def test_lines_without_positions_are_counted_within_their_order(desk: Desk, imported: SqlErp) -> None:
    orders = ORDERS + "SO-2,C1,open,,,\n"
    lines = LINES + "SO-2,CH,Chair,1,0,89\nSO-1,TB,Table,1,,690\n"
    await desk.imports(customers=CUSTOMERS, orders=orders, lines=lines)
    order = await imported.get_order(theirs("SO-1", "C1"))
    assert order is not None
    assert [(line.sku, line.shipped) for line in order.lines] == [("CH", 0), ("TB", 0)]


async def test_more_rows_come_in_than_one_statement_can_carry(desk: Desk) -> None:
    rows = "".join(f"C{number},Customer {number},en,c{number}@example.com,\n" for number in range(2, 17_002))
    (report,) = await desk.imports(customers=CUSTOMERS + rows)
    assert (report.new, await desk.count(tables.ErpCustomerContact)) == (17_001, 17_002)


@pytest.mark.parametrize(("stem", "headings", "kind"), [
    ("order_lines", ["order", "description", "ordered"], KindName.LINES),
    ("customer_orders", ["number", "customer", "stage"], KindName.ORDERS),
    ("export-17", ["number", "order", "status"], KindName.SHIPMENTS),
    ("export-17", ["number", "name", "emails"], KindName.CUSTOMERS),
    ("счета", ["number"], KindName.INVOICES),
])  # fmt: skip
def test_the_kind_is_known_by_headings_or_name(stem: str, headings: list[str], kind: KindName) -> None:
    found = kind_of(stem, headings)
    assert found is not None
    assert found.name is kind


def test_every_column_is_explained() -> None:
    explained = (ROOT / "docs" / "erp" / "csv.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z_]+", explained))
    assert {column.name for kind in KINDS for column in kind.columns} <= words
    assert all(f"\n### {kind.name}\n" in explained for kind in KINDS)
