"""Oracle Fusion beyond the contract, on a double: lines speak, drafts do not hide orders, a part is never the whole."""

from typing import Any

import pytest

from crm_core.erp.connectors.oracle import Oracle
from crm_core.erp.connectors.oracle_records import OracleOrders
from crm_core.erp.connectors.states import state_map
from crm_core.erp.connectors.transport import Address
from crm_core.erp.port import Fulfilment, Order, Stage
from crm_core.errors import ErpContract
from tests.conftest import NOW
from tests.support.erp import anyones, theirs
from tests.support.erp_subjects import GoldenBook
from tests.support.oracle_double import OracleDouble

HEAD = {
    "OrderKey": "OPS:1", "OrderNumber": "1", "BuyingPartyNumber": "C1", "SubmittedFlag": True, "StatusCode": "CLOSED",
}  # fmt: skip


def read(*lines: dict[str, Any], holds: tuple[dict[str, Any], ...] = (), **head: object) -> Order:
    usual = {"ProductNumber": "RT-100", "OrderedQuantity": 2, "ShippedQuantity": None, "StatusCode": "AWAIT_SHIP"}
    rows = [{**usual, **line} for line in lines]
    return OracleOrders(state_map("oracle"), lambda: NOW).order({**HEAD, **head}, rows, holds)


def oracle(double: OracleDouble) -> Oracle:
    address = Address("http://oracle.invalid", auth=("switchboard", "k"), transport=double)
    return Oracle(address, OracleOrders(state_map("oracle"), lambda: NOW), GoldenBook("C1", "C2"))


def test_the_order_s_own_status_says_nothing_about_the_goods() -> None:
    found = read({"StatusCode": "CLOSED"}, {"ProductNumber": "CB-3"}, StatusCode="CLOSED")
    assert found.fulfilment is Fulfilment.PARTIAL


def test_a_line_that_has_passed_shipping_without_a_figure_left_as_a_whole() -> None:
    assert [int(line.shipped) for line in read({"StatusCode": "BILLED"}).lines] == [2]


def test_a_line_status_of_the_company_s_own_is_unknown_unless_a_quantity_speaks() -> None:
    assert read({"StatusCode": "GIFT_WRAPPING"}).fulfilment is Fulfilment.UNKNOWN
    assert read({"StatusCode": "GIFT_WRAPPING", "ShippedQuantity": 2}).fulfilment is Fulfilment.SHIPPED


def test_a_released_hold_holds_nothing() -> None:
    assert read({}, holds=({"ReleaseDate": None},), StatusCode="OPEN").stage is Stage.ON_HOLD
    assert read({}, holds=({"ReleaseDate": "2026-11-01"},), StatusCode="OPEN").stage is Stage.OPEN


def test_a_cancelled_line_is_not_waited_for() -> None:
    assert read({"StatusCode": "CLOSED"}, {"StatusCode": "CANCELED"}).fulfilment is Fulfilment.SHIPPED


async def test_a_draft_revision_does_not_hide_the_order_that_holds() -> None:
    found = await oracle(OracleDouble()).get_order(anyones("WEB-3"))
    assert found is not None
    assert (found.stage, found.id) == (Stage.OPEN, "OPS:300100000003")


async def test_the_owner_is_part_of_the_question() -> None:
    double = OracleDouble()
    assert await oracle(double).get_order(theirs("WEB-3", "C2")) is None
    assert all("BuyingPartyNumber='C2'" in asked for asked in double.asked)


async def test_an_order_of_which_only_a_part_was_sent_is_not_told() -> None:
    with pytest.raises(ErpContract, match="more than"):
        await oracle(OracleDouble(more=True)).get_order(anyones("WEB-3"))
