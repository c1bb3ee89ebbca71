"""What customers are worth: kept by night, read by routing and the desk."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.erp.star_tables import ErpExtract
from crm_core.erp.upsert import upsert
from crm_core.models_value import CustomerValue, CustomerValueRun

AT_RISK = "at_risk"  # bought often, and not of late
LEASE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A row of `customer_value`."""

    customer_id: str
    segment: str | None
    orders: float | None
    money: float | None
    currency: str | None
    leaves: float | None
    weeks: int
    as_of: date


async def value_of(session: AsyncSession, customer_id: str | None) -> KnownValue | None:
    """None for a stranger, and for whom nothing was learnt."""
    row = await session.get(CustomerValue, customer_id) if customer_id else None
    if row is None:
        return None
    return KnownValue(
        row.customer_id, row.segment, row.orders, row.money, row.currency, row.leaves, row.weeks, row.as_of
    )


async def keep_values(session: AsyncSession, values: Sequence[KnownValue]) -> None:
    """In place of all that were known."""
    await session.execute(delete(CustomerValue))
    if values:
        await upsert(session, CustomerValue, [asdict(value) for value in values])


async def claim_run(session: AsyncSession, now: datetime) -> datetime | None:
    """A finished extract that nobody has learnt from yet, by when it was finished; from now on it is ours.

    Whoever took it and did not end within LEASE was killed.
    """
    finished = select(func.bool_and(ErpExtract.finished_at.is_not(None)), func.max(ErpExtract.finished_at))
    is_finished, extracted_at = (await session.execute(finished)).one()
    if not is_finished:
        return None
    run = CustomerValueRun
    claim = insert(run).values(extracted_at=extracted_at, started_at=now)
    is_left = run.done_at.is_(None) & (run.started_at < now - LEASE)
    taken = claim.on_conflict_do_update(index_elements=[run.extracted_at], set_={"started_at": now}, where=is_left)
    found: datetime | None = await session.scalar(taken.returning(run.extracted_at))
    return found


async def end_run(session: AsyncSession, now: datetime, extracted_at: datetime) -> None:
    """Whatever it taught, it is not looked at again."""
    run = update(CustomerValueRun).where(CustomerValueRun.extracted_at == extracted_at)
    await session.execute(run.values(done_at=now))
