"""After the nightly extract: what each customer is worth, for routing and the customer panel, and what all are like."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Select, func, select

from crm_core.customer_values import KnownValue, claim_run, end_run, keep_values
from crm_core.db import Sessions, unit_of_work
from crm_core.erp.star_tables import FactSaleLine
from crm_core.errors import NotEnough, NotFound
from crm_core.learnt import keep_learnt
from insight.mining.nightly import learn
from insight.mining.sales import read_sales_extract
from insight.mining.worth import HORIZON_WEEKS, Known, worth_of

log = structlog.get_logger(__name__)

VALUE_EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class Valuing:
    """Any number of workers may run: the first to claim a finished extract does the work."""

    sessions: Sessions

    async def keep(self, now: datetime) -> None:
        async with unit_of_work(self.sessions) as session:
            extracted_at = await claim_run(session, now)
        if extracted_at is None:
            return
        await self._learn()
        async with unit_of_work(self.sessions) as session:
            await end_run(session, now, extracted_at)

    async def _learn(self) -> None:
        async with unit_of_work(self.sessions) as session:
            currency = await session.scalar(_main_currency())
            try:
                sales = await read_sales_extract(session, currency)
            except NotFound:
                return
        known = Known(sales, max(sale.on for sale in sales), currency)
        await self._value(known)
        found = await asyncio.to_thread(learn, known)
        async with unit_of_work(self.sessions) as session:
            await keep_learnt(session, found)

    async def _value(self, known: Known) -> None:
        """What is known of old stays where there is too little to learn from."""
        try:
            values = await asyncio.to_thread(_values, known)
        except NotEnough as error:
            log.info("customers.not_valued", what=error.what, have=error.have, need=error.need)
            return
        async with unit_of_work(self.sessions) as session:
            await keep_values(session, values)
        log.info("customers.valued", customers=len(values))


def _main_currency() -> Select[str | None]:
    """In which most is sold; what is sold in others is not added to it."""
    lines = func.count()
    return select(FactSaleLine.currency).group_by(FactSaleLine.currency).order_by(lines.desc()).limit(1)


def _values(known: Known) -> list[KnownValue]:
    return [
        KnownValue(each.customer, each.segment, each.orders, each.money, known.currency, each.leaves, HORIZON_WEEKS,
                   known.until)
        for each in worth_of(known)
    ]  # fmt: skip
