"""By night, what has been kept long enough goes; `python -m bot retention` says what it would be."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text

from bot.extraction import FIRST_HOUR, LAST_HOUR
from bot.services import database_url
from bot.settings_follower import as_held
from config.business import Business, read_business
from config.settings import Settings
from crm_core.blobs import BlobStore
from crm_core.db import Sessions, open_engine, open_readers, unit_of_work, utc_now
from crm_core.retention import Batch, expired, next_batch, take_away

log = structlog.get_logger(__name__)

EVERY_S = 600.0
LEADER_KEY = 7_316_006
MOST_ROUNDS = 50  # of 200 conversations; the rest goes ten minutes later


@dataclass(frozen=True, slots=True)
class Retaining:
    """What the worker does; any number of workers may run."""

    sessions: Sessions
    business: Business
    blobs: BlobStore

    async def by_night(self, now: datetime) -> None:
        local = now.astimezone(ZoneInfo(self.business.company.time_zone))
        if FIRST_HOUR <= local.hour < LAST_HOUR:
            await self.carry_out(now)

    async def carry_out(self, now: datetime) -> None:
        """In small transactions, until nothing is left."""
        for _ in range(MOST_ROUNDS):
            if not await self._round(now):
                return

    async def _round(self, now: datetime) -> bool:
        retention = self.business.retention
        async with unit_of_work(self.sessions) as session:
            leads = await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": LEADER_KEY})
            batch = await next_batch(session, now, retention) if leads else Batch()
        if not leads:
            return False
        for token in batch.tokens:
            await self.blobs.delete(token)
        async with unit_of_work(self.sessions) as session:
            gone = await take_away(session, now, retention, batch)
        if gone:
            log.info("retention.taken_away", **gone)
        return bool(gone)


async def tell_expired(settings: Settings, say: Callable[[str], None]) -> None:
    """For the command line."""
    engine = open_engine(await asyncio.to_thread(database_url, settings), pool_size=1)
    readers = open_readers(engine)
    try:
        business = await as_held(read_business(settings.config_dir), readers)
        async with readers() as session:
            counts = await expired(session, utc_now(), business.retention)
    finally:
        await engine.dispose()
    for kind, number in counts.items():
        say(f"{kind:<14}{number:>10,}")
