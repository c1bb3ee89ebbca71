"""What is written to an ERP: once, never by itself again when nobody knows whether it happened, and always findable."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from config.settings import ErpSettings
from crm_core.erp import calls
from crm_core.erp.breaker import CircuitState
from crm_core.erp.connectors.erpnext import ErpNext
from crm_core.erp.connectors.erpnext_records import ErpNextOrders
from crm_core.erp.connectors.odoo import Odoo
from crm_core.erp.connectors.odoo_doors import OdooJson2, OdooRpc
from crm_core.erp.connectors.odoo_records import OdooOrders
from crm_core.erp.connectors.states import state_map
from crm_core.erp.connectors.transport import Address, ErpHttp, Request
from crm_core.erp.connectors.tryton import Tryton, TrytonOptions
from crm_core.erp.connectors.tryton_doors import Query, TrytonRest, TrytonRpc
from crm_core.erp.connectors.tryton_records import TrytonOrders
from crm_core.erp.policy import Guarded
from crm_core.erp.port import Erp
from crm_core.errors import (
    ErpBadRequest,
    ErpError,
    ErpForbidden,
    ErpInDoubt,
    ErpRateLimited,
    ErpTimeout,
    ErpUnavailable,
)
from tests.conftest import NOW
from tests.support.erp import ScriptedErp, anyones
from tests.support.erp_subjects import NO_TRYTON, has_tryton
from tests.support.tryton_server import DATABASE, TrytonServer

Answer = Callable[[httpx.Request], httpx.Response]


def failing(error: Exception) -> Answer:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


CASES: list[tuple[str, Answer, type[ErpError]]] = [
    ("never connected", failing(httpx.ConnectError("no")), ErpUnavailable),
    ("never connected in time", failing(httpx.ConnectTimeout("no")), ErpTimeout),
    ("no answer in time", failing(httpx.ReadTimeout("no")), ErpInDoubt),
    ("cut off while we sent", failing(httpx.WriteError("no")), ErpInDoubt),
    ("cut off before the answer", failing(httpx.RemoteProtocolError("no")), ErpInDoubt),
    ("502", lambda _: httpx.Response(502), ErpInDoubt),
    ("something else than JSON", lambda _: httpx.Response(200, text="<html>"), ErpInDoubt),
    ("too often", lambda _: httpx.Response(429), ErpRateLimited),
    ("no right", lambda _: httpx.Response(403), ErpForbidden),
    ("not understood", lambda _: httpx.Response(422), ErpBadRequest),
]


@pytest.mark.parametrize(("answer", "error"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_only_what_may_have_happened_is_in_doubt(answer: Answer, error: type[ErpError]) -> None:
    http = ErpHttp(Address("http://erp.invalid", transport=httpx.MockTransport(answer)))
    with pytest.raises(ErpError) as raised:
        await http.ask(Request("POST", "/orders", json={}, writes=True))
    assert type(raised.value) is error
    with pytest.raises(ErpError) as read:
        await http.ask(Request("POST", "/orders", json={}))
    assert not isinstance(read.value, ErpInDoubt)


def erpnext(answer: Answer) -> Erp:
    address = Address("http://erp.invalid", transport=httpx.MockTransport(answer))
    return ErpNext(address, "k:s", ErpNextOrders(state_map("erpnext"), lambda: NOW))


def odoo(answer: Answer) -> Erp:
    address = Address("http://erp.invalid", transport=httpx.MockTransport(answer))
    return Odoo(OdooJson2(address, "db", "k"), OdooOrders(state_map("odoo"), lambda: NOW))


def odoo_rpc(answer: Answer) -> Erp:
    address = Address("http://erp.invalid", transport=httpx.MockTransport(answer))
    return Odoo(OdooRpc(address, "db", ("bot", "k")), OdooOrders(state_map("odoo"), lambda: NOW))


def tryton_erp(answer: Answer) -> Erp:
    address = Address("http://erp.invalid", transport=httpx.MockTransport(answer))
    return Tryton(TrytonRest(address, "db", "k"), TrytonOptions(), TrytonOrders(state_map("tryton"), lambda: NOW))


def _nothing_yet(request: httpx.Request) -> httpx.Response:
    """Answers every look-up: the order is there, a request with this key is not. Cuts every writing off."""
    content, path = request.content, request.url.path
    looks_up = request.method == "GET" or b"search_read" in content or path.endswith("search_read")
    if b"authenticate" in content:
        return httpx.Response(200, json={"result": 7})
    if not looks_up:
        raise httpx.ReadError("cut off")
    if path.endswith(("Sales%20Order", "Sales Order")):
        return httpx.Response(200, json={"data": [{"customer": "Ada"}]})
    if "/rest/model/" in path:
        known = [] if path.endswith("sale.complaint") else [{"id": 1, "party": 1, "company": 1, "name": "Return"}]
        return httpx.Response(200, json=known)
    return httpx.Response(200, json={"data": [], "result": []} if "jsonrpc" in path or "resource" in path else [])


@pytest.mark.parametrize("make", [erpnext, odoo, odoo_rpc, tryton_erp])
@pytest.mark.parametrize("what", ["create_return", "request_address_change"])
async def test_a_request_that_was_cut_off_is_in_doubt_and_not_sent_again(
    make: Callable[[Answer], Erp], what: str
) -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        try:
            return _nothing_yet(request)
        except httpx.ReadError:
            sent.append(request.url.path)
            raise

    erp = Guarded(make(answer), ErpSettings())
    with pytest.raises(ErpInDoubt) as raised:
        await getattr(erp, what)("1", "too big", key="k-1")
    assert not raised.value.retryable
    assert len(sent) == 1
    await erp.aclose()


async def test_a_look_up_that_fails_leaves_nothing_in_doubt() -> None:
    erp = Guarded(erpnext(failing(httpx.ReadTimeout("no"))), ErpSettings())
    with pytest.raises(ErpTimeout):
        await erp.create_return("1", "too big", key="k-1")


async def test_our_own_deadline_leaves_a_write_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WRITE_DEADLINE_S", 0.02)
    far = ScriptedErp(gate=asyncio.Event())
    with pytest.raises(ErpInDoubt):
        await Guarded(far, ErpSettings()).create_return("1001", "broken", key="k")
    assert far.calls == ["create_return"]


async def test_doubts_in_a_row_open_the_circuit_as_other_failures_do() -> None:
    far = ScriptedErp(down=ErpInDoubt("?"))
    erp = Guarded(far, ErpSettings())
    for number in range(5):
        with pytest.raises(ErpInDoubt):
            await erp.create_return("1001", "broken", key=f"k{number}")
    assert erp.circuit_state is CircuitState.OPEN


class LostAnswers(httpx.AsyncBaseTransport):
    """Everything reaches the ERP; the answer to the first complaint is lost on its way back."""

    def __init__(self) -> None:
        self._network, self.lost = httpx.AsyncHTTPTransport(), 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._network.handle_async_request(request)
        is_rest = request.method == "POST" and request.url.path.endswith("/sale.complaint")
        if not self.lost and (is_rest or b"model.sale.complaint.create" in request.content):
            self.lost += 1
            await answer.aread()
            raise httpx.ReadError("lost")
        return answer


@pytest.mark.slow
@pytest.mark.skipif(not has_tryton, reason=NO_TRYTON)
@pytest.mark.parametrize("door", ["rest", "rpc"])
async def test_a_return_that_was_made_although_the_answer_was_lost_is_found_again(
    tryton: TrytonServer, door: str
) -> None:
    network = LostAnswers()
    address = Address(tryton.url, transport=network)
    rest = TrytonRest(address, DATABASE, tryton.key)
    way = rest if door == "rest" else TrytonRpc(address, DATABASE, tryton.login)
    erp = Tryton(way, TrytonOptions(), TrytonOrders(state_map("tryton"), lambda: NOW))
    order = await erp.get_order(anyones("WEB-4"))
    assert order is not None

    def ask() -> Awaitable[str]:
        return erp.create_return(order.id, "too big", key=f"lost-{door}")

    with pytest.raises(ErpInDoubt):
        await ask()
    assert network.lost == 1
    number = await ask()
    assert number == await ask()
    made = await way.read(Query("sale.complaint", [["description", "ilike", f"%[lost-{door}]"]], ["number"]))
    assert [str(one["number"]) for one in made] == [number]
