"""The sample company is complete, repeatable and reads well."""

from collections import Counter
from datetime import date, timedelta

from sqlalchemy import func, select

from crm_core.db import Sessions, unit_of_work
from crm_core.erp import tables
from crm_core.erp.port import Headline, Order, Payment, ShipmentStatus
from crm_core.erp.sample import NUMBERS, load_sample
from crm_core.erp.sql import SqlErp
from tests.conftest import NOW
from tests.support.erp import anyones, theirs

TODAY = NOW.date()


async def every_order(erp: SqlErp) -> list[Order]:
    orders = [await erp.get_order(anyones(str(number))) for number in NUMBERS]
    return [order for order in orders if order is not None]


async def test_there_are_fifty_customers_twenty_products_and_two_hundred_orders(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        counts = await load_sample(session, TODAY)
    assert (counts.customers, counts.products, counts.orders) == (50, 20, 200)


async def test_loading_it_again_on_another_day_adds_nothing_and_moves_the_dates(
    own_erp: SqlErp, sessions: Sessions
) -> None:
    async def rows() -> list[int | None]:
        models = (
            tables.ErpCustomer,
            tables.ErpCustomerContact,
            tables.ErpOrderLine,
            tables.ErpShipment,
            tables.ErpInvoice,
        )
        async with sessions() as session:
            return [await session.scalar(select(func.count()).select_from(model)) for model in models]

    before = await rows()
    async with unit_of_work(sessions) as session:
        await load_sample(session, TODAY + timedelta(3))
    order = await own_erp.get_order(anyones("100234"))
    assert await rows() == before
    assert order is not None
    assert order.promised_on == TODAY + timedelta(12)


async def test_every_headline_payment_and_state_of_a_parcel_occurs(erp: SqlErp) -> None:
    orders = await every_order(erp)
    headlines = Counter(order.headline for order in orders)
    assert set(headlines) == set(Headline)
    assert headlines.most_common(1)[0][0] is Headline.DELIVERED
    assert {order.payment for order in orders} == set(Payment) - {Payment.UNKNOWN}
    states = {parcel.status for order in orders for parcel in order.shipments}
    assert states >= {ShipmentStatus.PICKING, ShipmentStatus.READY, ShipmentStatus.SHIPPED, ShipmentStatus.EXCEPTION}


async def test_totals_and_dates_are_consistent(erp: SqlErp) -> None:
    for order in await every_order(erp):
        assert order.total is not None
        assert order.total.amount == sum(line.ordered * (line.price or 0) for line in order.lines)
        assert order.ordered_on is not None
        assert order.ordered_on <= TODAY
        for parcel in order.shipments:
            shipped, arrived = parcel.shipped_on or date.min, parcel.delivered_on or date.min
            assert shipped <= TODAY
            assert arrived <= TODAY
            assert parcel.shipped_on is None or order.ordered_on <= parcel.shipped_on
            assert (parcel.tracking is None) == (parcel.shipped_on is None)


async def test_everything_has_a_name_in_each_language(erp: SqlErp) -> None:
    for order in await every_order(erp):
        assert all({"ru", "es"} <= set(line.names) for line in order.lines)


async def test_the_people_of_the_docstring_are_there(erp: SqlErp) -> None:
    for ref, email, phone in [
        ("100234", "maria.lopez@example.com", "+34612345678"),
        ("100204", "tom.walsh@example.com", "+44 7700 900123"),
        ("100205", "darya.kim@example.com", "+7 495 555-01-02"),
    ]:
        (by_email,), (by_phone,) = await erp.find_customers(email=email), await erp.find_customers(phone=phone)
        assert by_email == by_phone
        assert await erp.get_order(theirs(ref, by_email.id)) is not None


async def test_customers_speak_three_languages_and_have_addresses_of_nobody(erp: SqlErp) -> None:
    languages: Counter[str | None] = Counter()
    for number in range(1001, 1051):
        customer = await erp.get_customer(f"C{number}")
        assert customer is not None
        languages[customer.language] += 1
        assert all(email.endswith("@example.com") for email in customer.emails)
    assert set(languages) == {"en", "ru", "es"}
    assert min(languages.values()) >= 15
