"""Contacts by half hours: what a file told of the time before, and what the nightly forecasts said and met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Viewer, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.events import Actor
from crm_core.models_planning import ForecastDay, KnownArrivals
from crm_core.planning import Slots

EVERYTHING = ""  # the key of all queues together


@dataclass(frozen=True, slots=True)
class NightForecast:
    """`came` is None until the day is over."""

    queue_key: str
    on: date
    expected: Slots
    naive: Slots
    came: Slots | None = None


async def keep_arrivals(
    session: AsyncSession, now: datetime, viewer: Viewer, queue_key: str, days: Mapping[date, Slots]
) -> None:
    """Instead of what an earlier file said of the same days. Raises Forbidden."""
    require_role(viewer, Action.PLAN)
    rows = [{"queue_key": queue_key, "on": on, "counts": list(counts)} for on, counts in days.items()]
    statement = insert(KnownArrivals)
    changed = {"counts": statement.excluded.counts}
    await session.execute(statement.on_conflict_do_update(index_elements=["queue_key", "on"], set_=changed), rows)
    deed = Deed(AuditAction.ARRIVALS_IMPORTED, Actor.agent(viewer.user_id), None, None,
                {"queue": queue_key, "days": len(days)})  # fmt: skip
    await append(session, now, deed)


async def kept_arrivals(session: AsyncSession, queue_key: str) -> dict[date, Slots]:
    row = KnownArrivals
    rows = await session.execute(select(row.on, row.counts).where(row.queue_key == queue_key).order_by(row.on))
    return {on: tuple(counts) for on, counts in rows}


async def keep_forecast(session: AsyncSession, now: datetime, made: NightForecast) -> None:
    """The first one of a day stays: nothing learnt later may improve it."""
    values = {"queue_key": made.queue_key, "on": made.on, "made_at": now, "expected": list(made.expected),
              "naive": list(made.naive)}  # fmt: skip
    await session.execute(insert(ForecastDay).values(**values).on_conflict_do_nothing())


async def note_what_came(session: AsyncSession, queue_key: str, on: date, came: Slots) -> None:
    row = ForecastDay
    statement = update(row).where(row.queue_key == queue_key, row.on == on).values(came=list(came))
    await session.execute(statement)


async def forecasts(session: AsyncSession, queue_key: str, since: date) -> list[NightForecast]:
    row = ForecastDay
    columns = (row.queue_key, row.on, row.expected, row.naive, row.came)
    statement = select(*columns).where(row.queue_key == queue_key, row.on >= since).order_by(row.on)
    return [
        NightForecast(key, on, tuple(expected), tuple(naive), _slots(came))
        for key, on, expected, naive, came in await session.execute(statement)
    ]


def _slots(counts: Sequence[float] | None) -> Slots | None:
    return None if counts is None else tuple(counts)
