"""“Where is my order” from a real ERP: told, kept while it is down, said honestly when it is too old, told again."""

import asyncio
from datetime import datetime

import pytest

from config.settings import ErpSettings
from crm_core.erp.policy import Guarded
from nlu.native import NativeEngine
from tests.bot.conftest import MakeServices, Talk
from tests.support.erp_subjects import NO_TRYTON, RIGHT, has_tryton, tryton_subject
from tests.support.tryton_server import TrytonServer

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not has_tryton, reason=NO_TRYTON)]
BRIEFLY = ErpSettings(deadline_s=4.0, order_ttl_s=0.05, customer_ttl_s=0.05, stale_ttl_s=6.0)
DOWN, AS_OF = "не могу заглянуть в систему заказов", "сейчас система не отвечает"


async def test_a_customer_asks_while_the_erp_comes_and_goes(
    tryton: TrytonServer, make_services: MakeServices, nlu: NativeEngine, now: datetime
) -> None:
    erp = Guarded(tryton_subject(tryton, "rest").make(RIGHT), BRIEFLY)
    talk = Talk(make_services(erp), nlu, now, "ru")
    await talk.say("Где мой заказ WEB-3?")
    answer = await talk.say("ada@example.com")
    assert "TRACK-PART-1" in answer
    assert "Уже в пути: 1 × Wi-Fi router; 5 × Cable 3 m" in answer
    assert "Ещё не отправлено: 2 × Wi-Fi router" in answer
    assert AS_OF not in answer

    tryton.stop()
    await asyncio.sleep(0.1)
    answer = await talk.say("Где мой заказ WEB-3?")
    assert AS_OF in answer
    assert "TRACK-PART-1" in answer

    await asyncio.sleep(BRIEFLY.stale_ttl_s)
    assert DOWN in await talk.say("Где мой заказ WEB-3?")

    tryton.start()
    fresh = Talk(make_services(Guarded(tryton_subject(tryton, "rest").make(RIGHT), BRIEFLY)), nlu, now, "ru")
    await fresh.say("Где мой заказ WEB-3?")
    assert "TRACK-PART-1" in await fresh.say("ada@example.com")


@pytest.mark.parametrize(
    "proof", ["ivan@example.com", "+74955550102", "ada@example.com.evil.example", "9999' or '1'='1"]
)
async def test_a_foreign_order_stays_foreign(
    tryton: TrytonServer, make_services: MakeServices, nlu: NativeEngine, now: datetime, proof: str
) -> None:
    talk = Talk(make_services(Guarded(tryton_subject(tryton, "rest").make(RIGHT), BRIEFLY)), nlu, now, "ru")
    for line in ("Где мой заказ WEB-3?", proof, "Где мой заказ WEB-3?"):
        answer = await talk.say(line)
        assert "TRACK-PART-1" not in answer
        assert "Wi-Fi" not in answer
