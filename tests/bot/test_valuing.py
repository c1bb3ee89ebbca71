"""What customers are worth: learnt once after each extract, and read by routing and the panel."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select

from bot.valuing import Valuing
from crm_core.access import Viewer
from crm_core.customer_values import KnownValue, claim_run, keep_values, value_of
from crm_core.db import Sessions, unit_of_work
from crm_core.erp.star_tables import ErpExtract, FactSaleLine
from crm_core.learnt import learnt_findings
from crm_core.models_value import CustomerValue, CustomerValueRun
from crm_core.routing_rules import standing_of
from crm_core.states import Role
from tests.support import known_truths as truth

NOW = datetime(2027, 12, 31, 3, tzinfo=UTC)
LEV = Viewer(1, Role.SUPERVISOR, frozenset(), "Lev")


async def extracted(sessions: Sessions, customers: int, *, finished: bool = True) -> None:
    lines = [
        {"source": "erp", "order_id": f"o{number}", "position": 1, "order_number": str(number), "stage": "closed",
         "customer_id": sale.customer, "sku": "tea", "ordered_on": sale.on, "quantity": Decimal(1),
         "shipped": Decimal(1), "returned": Decimal(0), "amount": Decimal(str(sale.amount)), "currency": "EUR",
         "extracted_at": NOW}
        for number, sale in enumerate(truth.sales(1, customers))
    ]  # fmt: skip
    done = {"source": "erp", "kind": "order", "started_at": NOW, "finished_at": NOW if finished else None}
    async with unit_of_work(sessions) as session:
        await session.execute(insert(FactSaleLine), lines)
        await session.execute(insert(ErpExtract).values(**done))


async def count(sessions: Sessions, table: type[CustomerValue | CustomerValueRun]) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.slow
async def test_every_customer_gets_segment_money_and_risk_once_for_each_extract(sessions: Sessions) -> None:
    await extracted(sessions, 500)
    await asyncio.gather(*(Valuing(sessions).keep(NOW) for _ in range(3)))
    assert await count(sessions, CustomerValue) == 500
    assert await count(sessions, CustomerValueRun) == 1
    async with sessions() as session:
        found = await value_of(session, "c0001")
    assert found is not None
    assert found.segment is not None
    assert (found.money or 0) >= 0
    assert 0 < (found.leaves or 0) < 1
    assert (found.currency, found.as_of) == ("EUR", max(sale.on for sale in truth.sales(1, 500)))


async def test_what_a_killed_worker_left_is_learnt_by_another_one(sessions: Sessions) -> None:
    await extracted(sessions, 5)
    async with unit_of_work(sessions) as session:
        assert await claim_run(session, NOW) is not None  # and then it was killed
    for minutes, learnt in ((5, False), (90, True), (300, True)):
        await Valuing(sessions).keep(NOW + timedelta(minutes=minutes))
        async with sessions() as session:
            assert bool(await learnt_findings(session, LEV)) is learnt
    async with unit_of_work(sessions) as session:
        assert await claim_run(session, NOW + timedelta(days=1)) is None


async def test_an_extract_that_is_not_finished_teaches_nothing_yet(sessions: Sessions) -> None:
    await extracted(sessions, 5, finished=False)
    await Valuing(sessions).keep(NOW)
    assert await count(sessions, CustomerValueRun) == 0


async def test_too_few_sales_leave_what_was_known(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        await keep_values(session, [KnownValue("old", "loyal", 1.0, 20.0, "EUR", 0.1, 26, truth.UNTIL)])
    await extracted(sessions, 5)
    await Valuing(sessions).keep(NOW)
    assert await count(sessions, CustomerValue) == 1


async def test_new_values_replace_all_old_ones(sessions: Sessions) -> None:
    for name in ("old", "new"):
        async with unit_of_work(sessions) as session:
            await keep_values(session, [KnownValue(name, "loyal", 1.0, 20.0, "EUR", 0.1, 26, truth.UNTIL)])
    async with sessions() as session:
        assert await value_of(session, "old") is None
        assert await value_of(session, "new") is not None
        assert await value_of(session, None) is None


def test_who_is_worth_more_or_has_gone_silent_matters_more_in_line() -> None:
    nobody, valued, silent = (
        standing_of(signals) for signals in ({}, {"customer_money": 400.0}, {"customer_money": 400.0, "at_risk": True})
    )
    assert (nobody.value, valued.value) == (0.0, 0.4)
    assert nobody.churn_risk == valued.churn_risk < silent.churn_risk
    assert standing_of({"customer_money": None, "at_risk": False}) == nobody
    assert standing_of({"customer_money": 5000.0}).value == 1.0
