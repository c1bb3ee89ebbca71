"""Whatever goes wrong between us and a real ERP, the customer reads one honest sentence in their language, in time."""

import asyncio
import time
from datetime import datetime

import pytest

from config.settings import ErpSettings
from crm_core.erp.policy import Guarded
from nlu.native import NativeEngine
from tests.bot.conftest import MakeServices, Talk
from tests.support.erp_subjects import Access, Subject, central_subject, erpnext_subject, odoo_subject, sap_subject
from tests.support.faulty_erp import Answer, answering, asking, drip, hang, reset

pytestmark = pytest.mark.slow
IN_TIME_S = 4.0  # and what our own work on the turn takes
QUESTION = {"en": "Where is my order WEB-3?", "ru": "Где мой заказ WEB-3?", "es": "¿Dónde está mi pedido WEB-3?"}
SENTENCE = {
    "en": "I cannot look into our order system", "ru": "не могу заглянуть в систему заказов",
    "es": "no puedo consultar el sistema de pedidos",
}  # fmt: skip
JSON = "application/json"
FAULTS: list[tuple[str, Subject, Answer]] = [
    ("reset", odoo_subject(), reset), ("429", erpnext_subject(), answering(429)),
    ("a field Odoo lacks", odoo_subject(), answering(500, b'{"name": "builtins.ValueError"}', JSON)),
    ("ERPNext's traceback", erpnext_subject(), answering(417, b'{"exc": "Traceback secret"}', JSON)),
    ("garbage", sap_subject(), answering(200, b"<html>log in</html>", "text/html")),
    ("a wrong key", odoo_subject(), answering(401)), ("a token that expired", central_subject(), answering(401)),
    ("a right that is missing", erpnext_subject(), answering(403)),
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ru", "es"])
@pytest.mark.parametrize(("subject", "answer"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
async def test_each_fault_is_told_in_the_customers_language(
    subject: Subject, answer: Answer, language: str, make_services: MakeServices, nlu: NativeEngine, now: datetime
) -> None:
    async with asking(subject, answer) as erp:
        await tell(Talk(make_services(Guarded(erp, ErpSettings())), nlu, now, language), language)


@pytest.mark.parametrize(("language", "answer"), [("ru", hang), ("es", drip)], ids=["hang", "slow drip"])
async def test_an_erp_that_never_ends_its_answer_is_not_waited_for(
    language: str, answer: Answer, make_services: MakeServices, nlu: NativeEngine, now: datetime
) -> None:
    async def forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer)
        await asyncio.sleep(10)

    async with asking(odoo_subject(), forever) as erp:
        talk = Talk(make_services(Guarded(erp, ErpSettings())), nlu, now, language)
        took = await tell(talk, language)
    assert took < IN_TIME_S + 1.0


async def test_where_nothing_listens_the_answer_comes_at_once_and_the_circuit_spares_the_erp(
    make_services: MakeServices, nlu: NativeEngine, now: datetime
) -> None:
    erp = Guarded(odoo_subject().make(Access("http://127.0.0.1:9", "k")), ErpSettings())
    for _ in range(4):
        assert await tell(Talk(make_services(erp), nlu, now, "en"), "en") < IN_TIME_S
    await erp.aclose()


async def tell(talk: Talk, language: str) -> float:
    """Ask, prove, and read the sentence once. The seconds the last answer took."""
    await talk.say(QUESTION[language])
    asked = time.monotonic()
    answer = await talk.say("ada@example.com")
    took = time.monotonic() - asked
    assert answer.count(SENTENCE[language]) == 1
    assert "secret" not in answer
    assert talk.last is not None
    offered = {choice.value for said in talk.last.caused.utterances for choice in said.choices}
    assert "talk_to_person" in offered
    assert talk.memory.stack == []
    return took
