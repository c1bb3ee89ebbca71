"""Nothing of a customer, a key or an answer stands in a log or an error, whatever goes wrong, whatever is logged."""

import asyncio
import subprocess
import sys
from datetime import date

import httpx
import pytest

from bot.erps import observed
from config.erps import ErpEntry
from config.logging import set_up_logging
from config.settings import ROOT, ErpSettings, LogFormat, LogSettings
from crm_core.erp.connectors.opening import Surroundings, open_connector
from crm_core.erp.connectors.reading import decimal, told_as_contract
from crm_core.erp.policy import Guarded
from crm_core.erp.port import Erp
from crm_core.errors import ErpContract, ErpError
from tests.support.erp import theirs
from tests.support.erp_subjects import GoldenBook

CANARY = "canary"
KINDS = ("tryton", "odoo", "erpnext", "sap", "business_central", "1c", "oracle")
_FULL = {"message": "canary-text", "data": [{"name": "canary-name", "email": "canary@example.com"}], "value": [{}]}
ANSWERS = [
    httpx.Response(403, json=_FULL, headers={"x-canary": "canary"}),
    httpx.Response(417, json={"exc": "Traceback canary-path"}),
    httpx.Response(500, json={"name": "builtins.KeyError", "debug": "canary", **_FULL}),
    httpx.Response(200, json={**_FULL, "d": {"results": ["canary"]}, "items": ["canary"], "result": "canary"}),
    httpx.Response(200, json={"data": {"items": [{"qty": "canary"}]}, "value": [{"number": "canary"}]}),
    httpx.Response(200, text="<html>canary</html>"),
    httpx.Response(302, headers={"location": "https://canary.example"}),
]


def connector(kind: str, answer: httpx.Response) -> Erp:
    entry = ErpEntry.model_validate({
        "name": "shop", "kind": kind, "url": "http://canary.invalid", "key_env": "K", "database": "canary",
        "login": "canary", "token_url": "http://canary.invalid/token" if kind == "business_central" else None,
    })  # fmt: skip
    around = Surroundings(GoldenBook(), lambda *_: None, httpx.MockTransport(lambda _: answer))
    return Guarded(open_connector(entry, b"canary-key:canary", around), ErpSettings(), on_call=observed("shop", None))


async def ask_all(erp: Erp) -> list[str]:
    """The errors, in words."""
    asked = [
        erp.find_customers(email="canary@example.com"), erp.find_customers(phone="+34 612 345 678"),
        erp.get_customer("canary"), erp.get_order(theirs("canary", "canary")), erp.get_product("canary"),
        erp.create_return("1", "canary", key="canary"), erp.add_note("1", "canary", key="canary"),
    ]  # fmt: skip
    told = await asyncio.gather(*asked, return_exceptions=True)
    await erp.aclose()
    return [f"{type(one).__name__}: {one}" for one in told if isinstance(one, ErpError)]


async def everything() -> None:
    for kind in KINDS:
        for answer in ANSWERS:
            for words in await ask_all(connector(kind, answer)):
                sys.stdout.write(f"{words}\n")


def test_errors_and_the_most_talkative_log_name_the_question_the_time_and_the_kind_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _RUN], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert CANARY not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if "erp.failed" in line]
    assert len(lines) > len(KINDS) * len(ANSWERS)
    assert all('"ms":' in line and '"code":' in line and '"operation":' in line for line in lines)
    assert "ErpForbidden" in done.stdout


_RUN = "from tests.crm_core.erp.test_secrecy import main; main()"


def main() -> None:
    set_up_logging(LogSettings(level="debug", format=LogFormat.JSON))
    asyncio.run(everything())


def test_a_value_that_cannot_be_read_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ErpContract) as raised:
        decimal("canary")
    assert CANARY not in str(raised.value)
    with pytest.raises(ErpContract) as raised, told_as_contract():
        date.fromisoformat("canary")
    assert CANARY not in str(raised.value)


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(ErpContract, match="qty"), told_as_contract():
        _ = dict[str, int]()["qty"]
