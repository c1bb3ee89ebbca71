"""Several ERPs as one: who is asked, whose a customer is, and what is said when one of them is down."""

import pytest

from crm_core.erp.diagnosis import diagnosed
from crm_core.erp.port import Customer
from crm_core.erp.several import Member, SeveralErps
from crm_core.errors import ErpBadRequest, ErpForbidden, ErpUnavailable
from tests.support.erp import ScriptedErp, anyones, order, theirs

ANNA = Customer("1", "Anna", ("anna@example.com",))
BORIS = Customer("1", "Boris", ("anna@example.com",))


def two() -> tuple[ScriptedErp, ScriptedErp, SeveralErps]:
    """The same ids in both: a shop with its own prefix, and the old system for everything else."""
    shop = ScriptedErp("shop", {"WEB-7": order("WEB-7", "1"), "500": order("500", "1")}, (ANNA,))
    old = ScriptedErp("old", {"500": order("500", "1"), "WEB-7": order("WEB-7", "1")}, (BORIS,))
    return shop, old, SeveralErps([Member("shop", shop, ("WEB-",)), Member("old", old)])


async def test_the_number_says_who_is_asked() -> None:
    shop, old, erp = two()
    found = await erp.get_order(anyones("web-7"))
    assert found is None or found.id.startswith("shop/")
    assert (shop.calls, old.calls) == (["get_order"], [])
    plain = await erp.get_order(anyones("500"))
    assert plain is not None
    assert (plain.id, plain.customer_id) == ("old/500", "old/1")
    assert shop.calls == ["get_order"]


async def test_the_same_id_in_two_erps_is_two_customers() -> None:
    _, _, erp = two()
    assert [customer.id for customer in await erp.find_customers(email="anna@example.com")] == ["shop/1", "old/1"]
    assert await erp.get_order(theirs("500", "shop/1")) is None
    mine = await erp.get_order(theirs("500", "old/1"))
    assert mine is not None


@pytest.mark.parametrize("customer_id", ["1", "nobody/1", "/1", "shop", "shop/"])
async def test_an_id_without_its_erp_owns_nothing(customer_id: str) -> None:
    shop, old, erp = two()
    assert await erp.get_order(theirs("500", customer_id)) is None
    assert await erp.list_orders(customer_id) == ()
    assert await erp.get_customer(customer_id) is None
    assert shop.calls + old.calls == []


async def test_who_is_found_in_one_is_found_though_the_other_is_down() -> None:
    shop, _, erp = two()
    shop.down = ErpUnavailable("down")
    assert [customer.name for customer in await erp.find_customers(email="anna@example.com")] == ["Boris"]


async def test_nobody_is_called_unknown_while_one_cannot_be_asked() -> None:
    shop, old, erp = two()
    shop.down, old.customers = ErpUnavailable("down"), ()
    with pytest.raises(ErpUnavailable):
        await erp.find_customers(email="anna@example.com")


async def test_a_return_goes_where_the_order_is() -> None:
    shop, old, erp = two()
    await erp.create_return("old/500", "broken", key="k")
    assert (shop.calls, old.calls) == ([], ["create_return"])
    with pytest.raises(ErpBadRequest):
        await erp.create_return("500", "broken", key="k")


async def test_a_missing_right_is_told_by_the_question_it_spoils() -> None:
    erp = ScriptedErp()
    assert all(one.remedy is None for one in await diagnosed(erp))
    erp.failures = [ErpForbidden("no")]
    (only,) = await diagnosed(erp, {"orders": "read on Sales Order"})
    assert (only.question, only.state) == ("health", "refused")
    assert only.remedy == "the user behind our key lacks read on Sales Order"
