"""The contract that every connector keeps, on one golden scenario: states, quantities, money, owners, hostile input."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from crm_core.db import Sessions, open_engine, open_sessions
from crm_core.embedded import EmbeddedPostgres
from crm_core.erp.port import Capability, Customer, Erp, Fulfilment, Headline, Order, Payment, ShipmentStatus, Stage
from crm_core.errors import ErpBadRequest, ErpNotSupported
from tests.support.erp import anyones, theirs
from tests.support.erp_golden import fill_golden
from tests.support.erp_subjects import (
    NO_TRYTON,
    RIGHT,
    Subject,
    central_subject,
    erpnext_subject,
    has_tryton,
    odoo_rpc_subject,
    odoo_subject,
    one_c_subject,
    oracle_subject,
    sap_subject,
    sap_v4_subject,
    skip_where_lacking,
    sql_subject,
    tryton_subject,
)  # fmt: skip
from tests.support.postgres import migrated_database

pytestmark = pytest.mark.slow
needs_tryton = pytest.mark.skipif(not has_tryton, reason=NO_TRYTON)
NAMES = [
    "sql", pytest.param("tryton rest", marks=needs_tryton), pytest.param("tryton rpc", marks=needs_tryton), "odoo",
    "odoo rpc", "erpnext", "sap", "sap v4", "business central", "1c", "1c from our copy", "oracle",
]  # fmt: skip
EITHER = frozenset


@pytest.fixture(scope="module")
async def golden(postgres: EmbeddedPostgres) -> AsyncIterator[Sessions]:
    engine = open_engine(migrated_database(postgres, "erp_golden"), pool_size=2)
    await fill_golden(open_sessions(engine))
    yield open_sessions(engine)
    await engine.dispose()


_SUBJECTS = {
    "odoo": odoo_subject, "odoo rpc": odoo_rpc_subject, "erpnext": erpnext_subject, "sap": sap_subject,
    "sap v4": sap_v4_subject, "business central": central_subject, "1c": one_c_subject, "oracle": oracle_subject,
    "1c from our copy": partial(one_c_subject, searches_tables=False),
}  # fmt: skip


@pytest.fixture(params=NAMES)
def subject(request: pytest.FixtureRequest) -> Subject:
    name: str = request.param
    if name == "sql":
        return sql_subject(request.getfixturevalue("golden"))
    if name.startswith("tryton"):
        return tryton_subject(request.getfixturevalue("tryton"), name.split()[1])
    return _SUBJECTS[name]()


@pytest.fixture
async def erp(subject: Subject) -> AsyncIterator[Erp]:
    made = subject.make(RIGHT)
    yield made
    await made.aclose()


async def ada(erp: Erp) -> Customer:
    (found,) = await erp.find_customers(email="ADA@example.com")
    return found


async def order(erp: Erp, ref: str) -> Order:
    found = await erp.get_order(anyones(ref))
    assert found is not None
    return found


async def test_it_says_what_it_is(erp: Erp) -> None:
    assert any(character.isdigit() for character in await erp.health())


async def test_an_address_in_any_case_finds_its_customer(erp: Erp) -> None:
    customer = await ada(erp)
    assert (customer.name, [email.lower() for email in customer.emails]) == ("Ada Lovelace", ["ada@example.com"])


async def test_an_unknown_address_finds_nobody(erp: Erp) -> None:
    assert await erp.find_customers(email="nobody@example.com") == ()


@pytest.mark.parametrize("phone", ["+74955550102", "+7 (495) 555-01-02", "8 495 555 01 02"])
async def test_a_number_in_any_spelling_finds_its_customer(erp: Erp, phone: str) -> None:
    assert [customer.name for customer in await erp.find_customers(phone=phone)] == ["Иван Петров"]


@pytest.mark.parametrize(
    "email", ["%@example.com", "_da@example.com", "' or 1 eq 1 or '", "*", "", "a b@example.com", "a" * 300 + "@b.c"]
)
async def test_wildcards_and_injections_find_nobody(subject: Subject, erp: Erp, email: str) -> None:
    found = await erp.find_customers(email=email)
    assert found == ()


@pytest.mark.parametrize("phone", ["", "%", "1", "555", "call me", "12345678901234567890"])
async def test_what_is_no_number_finds_nobody(erp: Erp, phone: str) -> None:
    assert await erp.find_customers(phone=phone) == ()


async def test_one_looks_by_one_thing(erp: Erp) -> None:
    with pytest.raises(ErpBadRequest):
        await erp.find_customers()
    with pytest.raises(ErpBadRequest):
        await erp.find_customers(email="ada@example.com", phone="+34915550101")


STATES: list[tuple[str, set[Stage], set[Fulfilment], Payment, set[Headline]]] = [
    ("WEB-1", {Stage.DRAFT}, {Fulfilment.NOT_STARTED}, Payment.NOT_INVOICED, {Headline.QUOTE}),
    ("WEB-2", {Stage.OPEN}, {Fulfilment.NOT_STARTED, Fulfilment.IN_PROGRESS}, Payment.NOT_INVOICED,
     {Headline.CONFIRMED, Headline.PREPARING}),
    ("WEB-3", {Stage.OPEN}, {Fulfilment.PARTIAL}, Payment.UNPAID, {Headline.PARTIALLY_SHIPPED}),
    ("WEB-4", {Stage.OPEN, Stage.CLOSED}, {Fulfilment.SHIPPED, Fulfilment.RETURNED}, Payment.PAID,
     {Headline.SHIPPED, Headline.RETURNED}),
    ("WEB-5", {Stage.CANCELLED}, {Fulfilment.NOT_STARTED}, Payment.NOT_INVOICED, {Headline.CANCELLED}),
    ("WEB-6", {Stage.ON_HOLD}, {Fulfilment.NOT_STARTED}, Payment.NOT_INVOICED, {Headline.ON_HOLD}),
]  # fmt: skip


@pytest.mark.parametrize(("ref", "stages", "goods", "money", "headlines"), STATES, ids=[state[0] for state in STATES])
async def test_an_order_stands_on_three_axes(
    subject: Subject, erp: Erp, ref: str, stages: set[Stage], goods: set[Fulfilment], money: Payment,
    headlines: set[Headline],
) -> None:  # fmt: skip
    skip_where_lacking(subject, *{"WEB-1": ["quote"], "WEB-5": ["cancelled"], "WEB-6": ["hold"]}.get(ref, []))
    found = await order(erp, ref)
    assert found.stage in stages
    assert found.fulfilment in goods
    assert found.payment is (Payment.UNKNOWN if "money" in subject.lacks else money)
    assert found.headline in headlines
    assert subject.name == "sql" or found.native


async def test_our_number_and_the_customers_name_one_order(erp: Erp) -> None:
    by_reference = await order(erp, "WEB-3")
    assert by_reference.customer_ref == "WEB-3"
    assert (await order(erp, by_reference.number)).id == by_reference.id


@pytest.mark.parametrize(
    "ref", ["NOPE-999", "'", "WEB-3' or '1' eq '1", "%", "WEB-_", "", "WEB-3;drop", "W" * 500, "../../etc"]
)
async def test_an_unknown_or_hostile_reference_is_nothing(erp: Erp, ref: str) -> None:
    assert await erp.get_order(anyones(ref)) is None


async def test_lines_tell_what_left(erp: Erp) -> None:
    found = await order(erp, "WEB-3")
    assert {line.sku: (line.ordered, line.shipped, line.remaining) for line in found.lines} == {
        "RT-100": (Decimal(3), Decimal(1), Decimal(2)), "CB-3": (Decimal(5), Decimal(5), Decimal(0)),
    }  # fmt: skip


async def test_a_parcel_has_its_tracking_number_and_its_day(subject: Subject, erp: Erp) -> None:
    skip_where_lacking(subject, "tracking")
    (parcel,) = [one for one in (await order(erp, "WEB-3")).shipments if one.tracking == "TRACK-PART-1"]
    assert parcel.status in (ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED)
    assert parcel.shipped_on is not None


async def test_money_is_decimal_with_its_currency(subject: Subject, erp: Erp) -> None:
    skip_where_lacking(subject, "money")
    (owed,) = [bill for bill in (await order(erp, "WEB-3")).invoices if not bill.is_credit]
    assert owed.open_amount == owed.total
    assert owed.status is Payment.UNPAID
    assert isinstance(owed.total.amount, Decimal)
    assert owed.total.currency.isupper()
    assert len(owed.total.currency) == 3
    paid = next(bill for bill in (await order(erp, "WEB-4")).invoices if not bill.is_credit)
    assert paid.open_amount.amount == 0


async def test_an_order_is_shown_to_its_owner_alone(erp: Erp) -> None:
    customer = await ada(erp)
    mine = await erp.get_order(theirs("WEB-3", customer.id))
    assert mine is not None
    assert mine.customer_id == customer.id
    assert await erp.get_order(theirs("WEB-4", customer.id)) is None


@pytest.mark.parametrize("owner", ["0", "1 or 1=1", "*", "%"])
async def test_a_made_up_owner_owns_nothing(subject: Subject, erp: Erp, owner: str) -> None:
    if subject.is_recorded and (subject.name == "erpnext" or owner == "0"):
        pytest.skip("was never recorded")
    assert await erp.get_order(theirs("WEB-3", owner)) is None


async def test_the_newest_orders_come_first_and_no_more_than_asked_for(erp: Erp) -> None:
    found = await erp.list_orders((await ada(erp)).id, limit=2)
    assert {one.customer_ref for one in found} == {"WEB-3", "WEB-2"}
    assert found[0].customer_ref == "WEB-3"


async def test_a_customer_is_found_by_their_id(subject: Subject, erp: Erp) -> None:
    if subject.is_recorded:
        pytest.skip("was never recorded")
    customer = await ada(erp)
    assert await erp.get_customer(customer.id) == customer
    assert await erp.get_customer("999999") is None


async def test_an_article_has_a_name_and_a_stock(subject: Subject, erp: Erp) -> None:
    skip_where_lacking(subject, "products")
    found = await erp.get_product("RT-100")
    assert found is not None
    assert found.name == "Wi-Fi router"
    assert (found.available is None) is ("stock" in subject.lacks)
    assert await erp.get_product("NOPE") is None


async def test_articles_are_listed_for_their_names(subject: Subject, erp: Erp) -> None:
    skip_where_lacking(subject, "products")
    if subject.is_recorded:
        pytest.skip("was never recorded")
    assert {"RT-100", "CB-3"} <= {product.sku for product in await erp.list_products()}


async def test_a_return_is_asked_for_once(subject: Subject, erp: Erp) -> None:
    skip_where_lacking(subject, "returns")
    key = "idem-cassette" if subject.is_recorded else f"idem-{time.time_ns()}"
    found = await order(erp, "WEB-4")
    first, again = [await erp.create_return(found.id, "broken", key=key) for _ in range(2)]
    assert first
    assert first == again


async def test_a_change_of_address_is_asked_for_once_and_changes_nothing(subject: Subject, erp: Erp) -> None:
    skip_where_lacking(subject, "returns")
    if subject.is_recorded:
        pytest.skip("was never recorded")
    before, key = await order(erp, "WEB-2"), f"idem-{time.time_ns()}"
    first, again = [await erp.request_address_change(before.id, "Calle Mayor 1, Madrid", key=key) for _ in range(2)]
    assert first
    assert first == again
    assert replace(await order(erp, "WEB-2"), fetched_at=before.fetched_at) == before


async def test_what_came_back_does_not_unship_what_left(erp: Erp) -> None:
    found = await order(erp, "WEB-4")
    (line,) = [one for one in found.lines if not one.is_service]
    assert line.shipped == 4
    assert (found.headline is Headline.RETURNED) is (line.returned >= 4)
    assert found.headline in (Headline.SHIPPED, Headline.RETURNED)


async def test_what_it_cannot_do_it_says(subject: Subject, erp: Erp) -> None:
    capabilities = erp.capabilities()
    assert {Capability.CUSTOMERS, Capability.ORDERS} <= capabilities
    if Capability.NOTES not in capabilities:
        with pytest.raises(ErpNotSupported):
            await erp.add_note("1", "a note", key="k")
    if Capability.PRODUCTS not in capabilities:
        with pytest.raises(ErpNotSupported):
            await erp.get_product("RT-100")
    if Capability.ADDRESSES not in capabilities:
        with pytest.raises(ErpNotSupported):
            await erp.request_address_change("1", "Calle Mayor 1", key="k")
    if Capability.RETURNS not in capabilities:
        with pytest.raises(ErpNotSupported):
            await erp.create_return("1", "broken", key="k")
    assert subject.name
