"""The contract that every connector must keep, on the embedded ERP with the sample company."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work
from crm_core.embedded import EmbeddedPostgres
from crm_core.erp import tables
from crm_core.erp.port import Capability, Fulfilment, Headline, Order, Payment, ShipmentStatus, Stage
from crm_core.erp.sql import SqlErp
from crm_core.errors import ErpBadRequest, ErpContract, ErpUnavailable
from tests.conftest import NOW
from tests.support.erp import anyones, theirs

TODAY = NOW.date()
MARIA = "C1001"


async def order_of(erp: SqlErp, ref: str) -> Order:
    order = await erp.get_order(anyones(ref))
    assert order is not None
    return order


async def test_health_tells_what_it_is(erp: SqlErp) -> None:
    assert (await erp.health()).startswith("200 orders, PostgreSQL ")


async def test_it_offers_every_operation(erp: SqlErp) -> None:
    assert erp.capabilities() == frozenset(Capability)


@pytest.mark.parametrize(
    "email", ["maria.lopez@example.com", "MARIA.Lopez@Example.com ", "\tmaria.lopez@example.com\n"]
)
async def test_a_customer_is_found_by_email_in_any_case(erp: SqlErp, email: str) -> None:
    (maria,) = await erp.find_customers(email=email)
    assert (maria.id, maria.name, maria.language) == (MARIA, "María López", "es")
    assert (maria.emails, maria.phones) == (("maria.lopez@example.com",), ("+34 612 345 678",))


@pytest.mark.parametrize("phone", ["+74955550102", "+7 (495) 555-01-02", "8 495 555 01 02", "007 495 555-01-02"])
async def test_a_customer_is_found_by_phone_in_any_format(erp: SqlErp, phone: str) -> None:
    assert [one.name for one in await erp.find_customers(phone=phone)] == ["Дарья Ким"]


@pytest.mark.parametrize("phone", ["612345678", "+34612345678", "0034 612 345 678"])
async def test_a_spanish_number_needs_no_country_code(erp: SqlErp, phone: str) -> None:
    assert [one.id for one in await erp.find_customers(phone=phone)] == [MARIA]


async def test_a_number_of_another_country_with_the_same_end_is_nobody(erp: SqlErp) -> None:
    assert await erp.find_customers(phone="+44 612 345 678") == ()


async def test_a_customer_with_two_addresses_is_found_by_the_second(erp: SqlErp) -> None:
    (carlos,) = await erp.find_customers(email="c.garcia@example.com")
    assert len(carlos.emails) == 2


@pytest.mark.parametrize("email", [
    "nobody@example.com", "%@example.com", "_aria.lopez@example.com", "' or 1=1 --",
    "maria.lopez@example.com' or '1'='1", "*", "", "@", "maria.lopez@example.com\x00", "a" * 100_000 + "@example.com",
])  # fmt: skip
async def test_unknown_and_hostile_addresses_find_nobody(erp: SqlErp, email: str) -> None:
    assert await erp.find_customers(email=email) == ()


@pytest.mark.parametrize("phone", ["", "5678", "%", "' or 1=1", "+", "6" * 100, "+34 600 000 000"])
async def test_unknown_and_hostile_numbers_find_nobody(erp: SqlErp, phone: str) -> None:
    assert await erp.find_customers(phone=phone) == ()


async def test_a_search_by_both_or_neither_is_refused(erp: SqlErp) -> None:
    with pytest.raises(ErpBadRequest):
        await erp.find_customers()
    with pytest.raises(ErpBadRequest):
        await erp.find_customers(email="a@example.com", phone="+34 612 345 678")


@pytest.mark.parametrize(("customer_id", "name"), [(MARIA, "María López"), ("C9999", None), ("' or 1=1", None)])
async def test_a_customer_is_read_by_id(erp: SqlErp, customer_id: str, name: str | None) -> None:
    customer = await erp.get_customer(customer_id)
    assert (customer.name if customer else None) == name


@pytest.mark.parametrize(("ref", "axes", "headline"), [
    ("100201", (Stage.DRAFT, Fulfilment.NOT_STARTED, Payment.NOT_INVOICED), Headline.QUOTE),
    ("100202", (Stage.OPEN, Fulfilment.NOT_STARTED, Payment.UNPAID), Headline.CONFIRMED),
    ("100203", (Stage.OPEN, Fulfilment.IN_PROGRESS, Payment.PAID), Headline.PREPARING),
    ("100234", (Stage.OPEN, Fulfilment.PARTIAL, Payment.PAID), Headline.PARTIALLY_SHIPPED),
    ("100204", (Stage.OPEN, Fulfilment.SHIPPED, Payment.PAID), Headline.SHIPPED),
    ("100205", (Stage.CLOSED, Fulfilment.DELIVERED, Payment.PAID), Headline.DELIVERED),
    ("100206", (Stage.CLOSED, Fulfilment.RETURNED, Payment.REFUNDED), Headline.RETURNED),
    ("100207", (Stage.ON_HOLD, Fulfilment.NOT_STARTED, Payment.UNPAID), Headline.ON_HOLD),
    ("100208", (Stage.CANCELLED, Fulfilment.NOT_STARTED, Payment.NOT_INVOICED), Headline.CANCELLED),
    ("100209", (Stage.OPEN, Fulfilment.EXCEPTION, Payment.PAID), Headline.PROBLEM),
    ("100210", (Stage.CLOSED, Fulfilment.NOT_APPLICABLE, Payment.PAID), Headline.COMPLETED),
    ("100211", (Stage.UNKNOWN, Fulfilment.NOT_STARTED, Payment.NOT_INVOICED), Headline.UNKNOWN),
])  # fmt: skip
async def test_an_order_has_its_place_on_three_axes(
    erp: SqlErp, ref: str, axes: tuple[Stage, Fulfilment, Payment], headline: Headline
) -> None:
    order = await order_of(erp, ref)
    assert (order.stage, order.fulfilment, order.payment) == axes
    assert order.headline is headline


async def test_the_example_order_says_what_is_gone_and_what_is_to_come(erp: SqlErp) -> None:
    order = await order_of(erp, "100234")
    (line,) = order.lines
    (parcel,) = order.shipments
    (invoice,) = order.invoices
    assert (line.ordered, line.shipped, line.remaining, line.promised_on) == (4, 2, 2, TODAY + timedelta(9))
    assert (line.description, line.name_in("es"), line.name_in("ru")) == ("Chair Oslo", "Silla Oslo", "Стул «Осло»")
    assert (parcel.carrier, parcel.tracking, parcel.status) == ("SEUR", "82440117", ShipmentStatus.SHIPPED)
    assert (parcel.shipped_on, parcel.expected_on) == (TODAY - timedelta(2), TODAY + timedelta(1))
    assert (invoice.total.amount, invoice.total.currency, invoice.status) == (Decimal("356.00"), "EUR", Payment.PAID)
    assert order.total == invoice.total
    assert (order.customer_id, order.promised_on, order.fetched_at) == (MARIA, TODAY + timedelta(9), NOW)


async def test_shipped_stays_gross_when_goods_come_back(erp: SqlErp) -> None:
    (line,) = (await order_of(erp, "100206")).lines
    assert (line.shipped, line.returned) == (1, 1)


async def test_money_is_exact(own_erp: SqlErp, sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        await session.execute(
            text(
                "update erp_invoice set open_amount = 12345678901234567.89, total = 1e20 where order_number = '100202'"
            )
        )
    (invoice,) = (await order_of(own_erp, "100202")).invoices
    assert (invoice.open_amount.amount, invoice.status) == (Decimal("12345678901234567.89"), Payment.PARTIAL)


@pytest.mark.parametrize("ref", ["#100234", "№100234", " 100234 "])
async def test_a_number_may_be_written_as_people_write_it(erp: SqlErp, ref: str) -> None:
    assert (await order_of(erp, ref)).number == "100234"


async def test_an_order_is_found_by_the_customers_own_reference_in_any_case(
    own_erp: SqlErp, sessions: Sessions
) -> None:
    async with unit_of_work(sessions) as session:
        await session.execute(text("update erp_order set customer_ref = 'Web-77' where number = '100234'"))
    assert (await order_of(own_erp, "WEB-77")).number == "100234"


async def test_our_number_goes_before_anothers_reference(own_erp: SqlErp, sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        await session.execute(text("update erp_order set customer_ref = '100234' where number = '100202'"))
    assert (await order_of(own_erp, "100234")).number == "100234"


@pytest.mark.parametrize("ref", [
    "999999", "'", "100234' or '1'='1", "%", "10023_", "", " ", "100234; drop table erp_order", "100234\x00", "1" * 41,
    "-100234", "../100234", "9" * 1_000_000,
])  # fmt: skip
async def test_unknown_and_hostile_references_find_no_order(erp: SqlErp, ref: str) -> None:
    assert await erp.get_order(anyones(ref)) is None


async def test_an_order_is_shown_to_its_owner_only(erp: SqlErp) -> None:
    assert await erp.get_order(theirs("100234", MARIA)) is not None
    assert await erp.get_order(theirs("100234", "C1002")) is None


async def test_orders_of_a_customer_come_newest_first_and_are_only_theirs(erp: SqlErp) -> None:
    orders = await erp.list_orders(MARIA, limit=50)
    days = [order.ordered_on or date.min for order in orders]
    assert days == sorted(days, reverse=True)
    assert len(orders) > 1
    assert {order.customer_id for order in orders} == {MARIA}
    assert await erp.list_orders(MARIA, limit=2) == orders[:2]
    assert await erp.list_orders("' or 1=1") == ()


async def test_a_listed_order_is_the_same_as_a_read_one(erp: SqlErp) -> None:
    listed = {order.number: order for order in await erp.list_orders(MARIA, limit=50)}
    assert listed["100234"] == await order_of(erp, "100234")


async def test_a_product_has_price_stock_and_names(erp: SqlErp) -> None:
    product = await erp.get_product("tb-lund")
    assert product is not None
    assert product.price is not None
    assert (product.price.amount, product.available, product.name_in("ru")) == (189, 23, "Журнальный столик «Лунд»")
    assert await erp.get_product("NOPE") is None
    assert await erp.get_product("' or 1=1") is None


async def test_a_return_is_requested_once_for_a_key(own_erp: SqlErp, sessions: Sessions) -> None:
    first = await own_erp.create_return("100205", "broken", key="k1")
    again = await own_erp.create_return("100205", "broken", key="k1")
    other = await own_erp.create_return("100205", "broken", key="k2")
    assert first == again != other
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(tables.ErpReturnRequest)) == 2


async def test_a_return_request_does_not_unship_the_order(own_erp: SqlErp) -> None:
    await own_erp.create_return("100205", "broken", key="k1")
    assert (await order_of(own_erp, "100205")).headline is Headline.DELIVERED


async def test_a_key_of_another_order_is_refused(own_erp: SqlErp) -> None:
    await own_erp.create_return("100205", "broken", key="k1")
    with pytest.raises(ErpBadRequest):
        await own_erp.create_return("100204", "broken", key="k1")


async def test_a_return_for_an_unknown_order_is_refused(own_erp: SqlErp) -> None:
    with pytest.raises(ErpBadRequest):
        await own_erp.create_return("999999", "broken", key="k1")


async def test_a_note_is_kept_once_for_a_key_and_without_control_characters(
    own_erp: SqlErp, sessions: Sessions
) -> None:
    await own_erp.add_note("100205", "call\x00 back\nafter five", key="n1")
    await own_erp.add_note("100205", "call back", key="n1")
    async with sessions() as session:
        assert (await session.scalars(select(tables.ErpNote.text))).all() == ["call back\nafter five"]


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    engine = open_engine("postgresql://127.0.0.1:9/nowhere", pool_size=1)
    with pytest.raises(ErpUnavailable):
        await SqlErp(open_sessions(engine)).get_order(anyones("100234"))
    await engine.dispose()


async def test_missing_tables_are_told_with_the_remedy(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("bare")
    engine = open_engine(postgres.url("bare"), pool_size=1)
    with pytest.raises(ErpContract, match="migrate"):
        await SqlErp(open_sessions(engine)).health()
    await engine.dispose()


async def test_one_order_is_one_statement(erp: SqlErp, sample_engine: AsyncEngine) -> None:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(sample_engine.sync_engine, "before_cursor_execute", note)
    await erp.get_order(theirs("100234", MARIA))
    event.remove(sample_engine.sync_engine, "before_cursor_execute", note)
    assert len(statements) == 1
