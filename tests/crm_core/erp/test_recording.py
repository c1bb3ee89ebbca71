"""Recordings hold what the ERP said, play back as it said it, and never hold what lets us in."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from crm_core.erp.connectors.erpnext import ErpNext
from crm_core.erp.connectors.erpnext_records import ErpNextOrders
from crm_core.erp.connectors.oauth import Client, ClientCredentials
from crm_core.erp.connectors.odoo_doors import OdooJson2
from crm_core.erp.connectors.recording import Recorder, Wanted, ask_everything
from crm_core.erp.connectors.states import state_map
from crm_core.erp.connectors.transport import Address, ErpHttp
from crm_core.erp.connectors.tryton_doors import Query, TrytonRpc
from crm_core.errors import ErpBadRequest, ErpContract
from tests.conftest import NOW
from tests.support.erp import anyones
from tests.support.erp_recordings import Recording
from tests.support.erp_subjects import RECORDINGS

KEY = "canary-of-the-key"
Answer = Callable[[httpx.Request], httpx.Response]


def erpnext(transport: httpx.AsyncBaseTransport) -> ErpNext:
    orders = ErpNextOrders(state_map("erpnext"), lambda: NOW)
    return ErpNext(Address("http://erpnext.invalid", transport=transport), f"{KEY}:{KEY}", orders)


def recorder(answer: Answer) -> Recorder:
    made = Recorder(httpx.MockTransport(answer))
    made.keep_out(KEY)
    return made


async def test_what_was_recorded_plays_back_as_it_was(tmp_path: Path) -> None:
    live = Recorder(Recording(RECORDINGS / "erpnext.json"))
    erp = erpnext(live)
    wanted = Wanted(("ada@example.com",), (), ("WEB-3",))
    asked = await erp.get_order(anyones("WEB-3"))
    with pytest.raises(Exception, match="could not be reached"):  # what the old recording lacks
        await ask_everything(erp, wanted)
    assert live.write(tmp_path / "new.json") > 3
    assert await erpnext(Recording(tmp_path / "new.json")).get_order(anyones("WEB-3")) == asked


async def test_headers_cookies_and_tracebacks_are_not_in_the_file(tmp_path: Path) -> None:
    error = {"exc_type": "ValidationError", "exc": "Traceback canary-of-a-path", "message": "canary-of-a-message"}
    made = recorder(lambda _: httpx.Response(417, json=error, headers={"set-cookie": "sid=canary-of-a-session"}))
    with pytest.raises(ErpBadRequest):
        await erpnext(made).get_order(anyones("WEB-3"))
    made.write(tmp_path / "file.json")
    text = (tmp_path / "file.json").read_text(encoding="utf-8")
    assert "canary" not in text
    assert "ValidationError" in text


async def test_a_traceback_that_is_no_json_is_left_out(tmp_path: Path) -> None:
    made = recorder(lambda _: httpx.Response(500, text="Traceback canary-of-a-path"))
    door = OdooJson2(Address("http://odoo.invalid", transport=made), "db", KEY)
    with pytest.raises(Exception, match="failed to answer"):
        await door.call("sale.order", "search_read", {})
    made.write(tmp_path / "file.json")
    assert "canary" not in (tmp_path / "file.json").read_text(encoding="utf-8")


async def test_a_session_is_hidden_and_plays_back_all_the_same(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if b"common.db.login" in request.content:
            return httpx.Response(200, json={"result": [7, "canary-of-a-session", "canary-of-a-bus"]})
        return httpx.Response(200, json={"result": [{"id": 1}]})

    made = recorder(answer)
    query = Query("sale.sale", [], ["number"])
    await TrytonRpc(Address("http://tryton.invalid", transport=made), "db", ("bot", KEY)).read(query)
    made.write(tmp_path / "file.json")
    assert "canary" not in (tmp_path / "file.json").read_text(encoding="utf-8")
    address = Address("http://tryton.invalid", transport=Recording(tmp_path / "file.json"))
    assert await TrytonRpc(address, "db", ("bot", KEY)).read(query) == [{"id": 1}]


async def test_a_token_is_hidden(tmp_path: Path) -> None:
    made = recorder(lambda _: httpx.Response(200, json={"access_token": "canary-of-a-token", "value": []}))
    client = Client("https://login.invalid/token", "switchboard", KEY)
    await ErpHttp(Address("http://erp.invalid", auth=ClientCredentials(client), transport=made)).get("/orders")
    made.write(tmp_path / "file.json")
    assert "canary" not in (tmp_path / "file.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("echo", [KEY, f"token {KEY}:{KEY}"])
async def test_an_erp_that_repeats_our_key_is_not_recorded_at_all(tmp_path: Path, echo: str) -> None:
    made = recorder(lambda _: httpx.Response(200, json={"data": [], "you": echo}))
    await erpnext(made).get_order(anyones("WEB-3"))
    with pytest.raises(ErpContract, match="nothing was written"):
        made.write(tmp_path / "file.json")
    assert not (tmp_path / "file.json").exists()


@pytest.mark.parametrize("name", ["odoo", "erpnext"])
def test_the_recordings_we_keep_hold_no_secret(name: str) -> None:
    exchanges = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    text = json.dumps(exchanges).lower()
    assert not [word for word in ("traceback", "authorization", "api_key", "set-cookie", "bearer ") if word in text]
