"""What goes wrong between us and an ERP: each has its error, in time, without a secret in it, and nothing loops."""

import asyncio

import httpx
import pytest
from structlog.testing import capture_logs

from config.settings import ErpSettings
from crm_core.erp.connectors.transport import Address
from crm_core.erp.connectors.tryton_doors import Query, TrytonRpc
from crm_core.erp.policy import Guarded
from crm_core.errors import (
    ErpAuth,
    ErpBadRequest,
    ErpContract,
    ErpError,
    ErpForbidden,
    ErpRateLimited,
    ErpTimeout,
    ErpUnavailable,
)  # fmt: skip
from tests.support.erp import anyones
from tests.support.erp_subjects import (
    Access,
    Subject,
    central_subject,
    erpnext_subject,
    odoo_rpc_subject,
    odoo_subject,
    one_c_subject,
    oracle_subject,
    sap_subject,
    sap_v4_subject,
    tryton_subject,
)
from tests.support.faulty_erp import SECRET, Answer, answering, asking, drip, flood, hang, reset
from tests.support.tryton_server import TrytonServer

ABSENT = TrytonServer.__new__(TrytonServer)
ABSENT.port, ABSENT.key, ABSENT.login = 9, SECRET, ("switchboard", SECRET)
SUBJECTS: dict[str, Subject] = {
    "tryton rest": tryton_subject(ABSENT, "rest"), "tryton rpc": tryton_subject(ABSENT, "rpc"),
    "odoo": odoo_subject(), "odoo rpc": odoo_rpc_subject(), "erpnext": erpnext_subject(),
    "sap": sap_subject(), "sap v4": sap_v4_subject(),
    "business central": central_subject(), "1c": one_c_subject(), "oracle": oracle_subject(),
}  # fmt: skip


@pytest.fixture(params=list(SUBJECTS))
def subject(request: pytest.FixtureRequest) -> Subject:
    return SUBJECTS[request.param]


ERRORS: list[tuple[str, Answer, type[ErpError]]] = [
    ("401", answering(401), ErpAuth), ("403", answering(403), ErpForbidden), ("429", answering(429), ErpRateLimited),
    ("500", answering(500), ErpUnavailable), ("502", answering(502), ErpUnavailable),
    ("503", answering(503), ErpUnavailable), ("418", answering(418), ErpBadRequest),
    ("a log-in page", answering(200, b"<html>", "text/html"), ErpContract),
    ("half an answer", answering(200, b'{"data": [', "application/json"), ErpContract),
    ("a number", answering(200, b"7", "application/json"), ErpContract),
    ("deep nesting", answering(200, b"[" * 100_000, "application/json"), ErpContract),
    ("a redirect", answering(302), ErpBadRequest), ("reset", reset, ErpUnavailable), ("flood", flood, ErpContract),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "error"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
async def test_each_failure_is_an_error_of_the_port_and_names_no_secret(
    subject: Subject, answer: Answer, error: type[ErpError]
) -> None:
    with capture_logs() as logs:
        async with asking(subject, answer) as erp:
            with pytest.raises(error) as raised:
                await erp.get_order(anyones("WEB-3"))
    assert SECRET not in f"{raised.value}{logs}"
    assert "WEB-3" not in f"{raised.value}{logs}"


@pytest.mark.parametrize("answer", [hang, drip], ids=["hang", "slow drip"])
async def test_a_deadline_ends_the_wait(subject: Subject, answer: Answer) -> None:
    async with asking(subject, answer) as erp:
        guarded = Guarded(erp, ErpSettings(deadline_s=0.3))
        with pytest.raises(ErpTimeout):
            await guarded.get_order(anyones("WEB-3"))


async def test_where_nothing_listens_is_unavailable(subject: Subject) -> None:
    erp = subject.make(Access("http://127.0.0.1:9", SECRET))
    with pytest.raises(ErpUnavailable):
        await erp.get_order(anyones("WEB-3"))
    await erp.aclose()


async def test_odoo_s_500_for_a_field_is_our_mistake_and_not_repeated() -> None:
    body = b'{"name": "builtins.ValueError", "message": "Invalid field"}'
    async with asking(SUBJECTS["odoo"], answering(500, body, "application/json")) as erp:
        with pytest.raises(ErpBadRequest):
            await erp.get_order(anyones("WEB-3"))


async def test_erpnext_s_417_with_a_traceback_tells_nothing_of_it() -> None:
    body = b'{"exc_type": "ValidationError", "exc": "Traceback (most recent call last): secret-of-the-site"}'
    async with asking(SUBJECTS["erpnext"], answering(417, body, "application/json")) as erp:
        with pytest.raises(ErpBadRequest) as raised:
            await erp.get_order(anyones("WEB-3"))
    assert "secret" not in str(raised.value)


async def test_after_five_failures_nobody_is_asked_for_a_while(subject: Subject) -> None:
    asked = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await answering(503)(reader, writer)

    async with asking(subject, count) as erp:
        guarded = Guarded(erp, ErpSettings())
        for number in range(20):
            with pytest.raises(ErpUnavailable):
                await guarded.get_order(anyones(f"WEB-{number}"))
    assert asked <= 6


@pytest.mark.parametrize(("refusals", "logins"), [(1, 2), (9, 2)], ids=["ended", "refused for good"])
async def test_a_session_that_ended_is_opened_anew_once(refusals: int, logins: int) -> None:
    told: list[str] = []
    left = refusals

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal left
        told.append("login" if b"common.db.login" in request.content else "question")
        if told[-1] == "login":
            return httpx.Response(200, json={"result": [1, f"session-{len(told)}", None]})
        if len(told) > 2 and left > 0:
            left -= 1
            return httpx.Response(401)
        return httpx.Response(200, json={"result": []})

    door = TrytonRpc(Address("http://tryton.invalid", transport=httpx.MockTransport(answer)), "db", ("bot", SECRET))
    question = Query("sale.sale", [], ["number"])
    assert await door.read(question) == []
    if refusals == 1:
        assert await door.read(question) == []
    else:
        with pytest.raises(ErpAuth):
            await door.read(question)
    assert told.count("login") == logins
