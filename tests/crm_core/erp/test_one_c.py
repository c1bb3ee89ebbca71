"""1C beyond the contract, on a double: names per configuration, states users edit, and our own copy of contacts."""

from typing import Any

import httpx
import pytest

from crm_core.db import Sessions, unit_of_work
from crm_core.erp.book import CustomerBook, keep_customers
from crm_core.erp.connectors.one_c import OneC
from crm_core.erp.connectors.one_c_names import NamesError, OneCNames, one_c_names
from crm_core.erp.connectors.one_c_records import OneCOrders
from crm_core.erp.connectors.states import state_map
from crm_core.erp.connectors.transport import Address
from crm_core.erp.port import Customer, Fulfilment, Order, Payment, Stage
from crm_core.erp.sql import SqlErp
from crm_core.errors import ErpBadRequest
from tests.conftest import NOW
from tests.support.erp import anyones
from tests.support.erp_subjects import GoldenBook
from tests.support.odata_double import ODataDouble, basic
from tests.support.one_c_golden import ADA, ROOT_1C, one_c_double

USERS_OWN = "f0000000-0000-0000-0000-000000000001"


def one_c(
    transport: httpx.AsyncBaseTransport, names: OneCNames | None = None, book: CustomerBook | None = None,
    unknown: list[str] | None = None,
) -> OneC:  # fmt: skip
    def on_unknown(_erp: str, axis: str, state: str) -> None:
        (unknown if unknown is not None else []).append(f"{axis} {state}")

    address = Address(f"http://1c.invalid{ROOT_1C}/", auth=("switchboard", "k"), transport=transport)
    orders = OneCOrders(state_map("1c", on_unknown=on_unknown), names or OneCNames(), lambda: NOW)
    return OneC(address, orders, book or GoldenBook())


def small_business(state: str) -> ODataDouble:
    """УНФ: another document, and a state that leads into a catalogue."""
    names = one_c_names("unf", {})
    order: dict[str, Any] = {
        "Ref_Key": "d0000000-0000-0000-0000-000000000001", "Number": "НФ-1", "Date": "2026-11-01T10:00:00",
        "Posted": True, "DeletionMark": False, "Контрагент_Key": ADA, "ДатаОтгрузки": "2026-12-01T00:00:00",
        "СуммаДокумента": 120, "ВалютаДокумента_Key": "c1", "СостояниеЗаказа_Key": USERS_OWN, "Запасы": [],
    }  # fmt: skip
    return ODataDouble(
        {
            f"{ROOT_1C}/{names.orders}": [order], f"{ROOT_1C}/{names.shipments}": [],
            f"{ROOT_1C}/{names.state_catalogue}": [{"Ref_Key": USERS_OWN, "Description": state}],
            f"{ROOT_1C}/{names.currencies}": [{"Ref_Key": "c1", "Description": "руб."}],
        },
        basic("switchboard", "k"), version=3,
    )  # fmt: skip


async def order_of(state: str, unknown: list[str] | None = None) -> Order:
    erp = one_c(small_business(state), one_c_names("unf", {}), unknown=unknown)
    found = await erp.get_order(anyones("НФ-1"))
    assert found is not None
    return found


async def test_a_state_of_the_catalogue_is_told_by_its_description() -> None:
    found = await order_of("Завершен")
    assert (found.stage, found.native["state"]) == (Stage.CLOSED, "Завершен")


async def test_a_state_that_users_made_up_is_unknown_and_reported() -> None:
    unknown: list[str] = []
    assert (await order_of("Ждём машину", unknown)).stage is Stage.UNKNOWN
    assert unknown == ["stage Ждём машину"]


async def test_health_names_the_states_that_nobody_mapped() -> None:
    erp = one_c(small_business("Ждём машину"), one_c_names("unf", {}))
    assert (await erp.health()).endswith("states without a mapping: Ждём машину")
    assert "mapping" not in await one_c(small_business("Открыт"), one_c_names("unf", {})).health()


async def test_an_amount_without_an_iso_currency_is_not_told() -> None:
    assert (await order_of("Открыт")).total is None


async def test_money_is_unknown_rather_than_guessed() -> None:
    assert (await order_of("Открыт")).payment is Payment.UNKNOWN


@pytest.mark.parametrize(("preset", "changes"), [("erp 2", {}), ("trade", {"order": "Document_Заказ"})])
def test_a_preset_or_a_name_that_does_not_exist_is_said(preset: str, changes: dict[str, str]) -> None:
    with pytest.raises(NamesError, match=r"ours are|trade or unf"):
        one_c_names(preset, changes)


async def test_two_lines_of_one_article_share_what_left() -> None:
    double = one_c_double()
    assert isinstance(double, ODataDouble)
    (order,) = [one for one in double.sets[f"{ROOT_1C}/Document_ЗаказКлиента"] if one["Number"].endswith("3")]
    cable = order["Товары"][1]
    order["Товары"] = [{**cable, "Количество": 3}, {**cable, "Количество": 4}]
    found = await one_c(double).get_order(anyones("WEB-3"))
    assert found is not None
    assert [int(line.shipped) for line in found.lines] == [3, 2]
    assert found.fulfilment is Fulfilment.PARTIAL


async def test_a_platform_that_cannot_search_contacts_is_asked_once_and_then_our_copy(sessions: Sessions) -> None:
    double = one_c_double(searches_tables=False)
    assert isinstance(double, ODataDouble)
    erp = one_c(double, book=SqlErp(sessions))
    assert await erp.find_customers(email="ada@example.com") == ()
    async for page in erp.contacts():
        async with unit_of_work(sessions) as session:
            assert await keep_customers(session, page) == 2
    double.asked.clear()
    (found,) = await erp.find_customers(email="ADA@example.com")
    assert (found.id, found.name) == (ADA, "Ada Lovelace")
    (found,) = await erp.find_customers(phone="8 495 555 01 02")
    assert found.name == "Иван Петров"
    assert double.asked == []


async def test_an_address_that_is_gone_proves_nothing_any_more(sessions: Sessions) -> None:
    book = SqlErp(sessions)
    for addresses in (("old@example.com", "not an address"), ("new@example.com",)):
        async with unit_of_work(sessions) as session:
            await keep_customers(session, [Customer(ADA, "Ada", addresses)])
    assert await book.find_customers(email="old@example.com") == ()
    assert [one.id for one in await book.find_customers(email="new@example.com")] == [ADA]


async def test_a_question_1c_does_not_know_is_our_mistake_although_it_comes_as_500() -> None:
    body = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "secret-of-the-base"}}}
    erp = one_c(httpx.MockTransport(lambda _: httpx.Response(500, json=body)))
    with pytest.raises(ErpBadRequest) as raised:
        await erp.get_order(anyones("WEB-3"))
    assert "secret" not in str(raised.value)
