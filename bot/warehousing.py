"""What reports and warehouse read is kept up to date; of all processes one does it, the others look on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import structlog
from adbc_driver_manager import Error as DriverError

from bot.services import Services
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import Conflict
from insight.dimensions import calendars_of
from insight.extract import Source, extract
from insight.kept_facts import keep_up
from insight.warehouse import Warehouse

log = structlog.get_logger(__name__)

FIRST_HOUR, LAST_HOUR = 3, 6  # by the company's clock
KEEP_EVERY_S, MOST_BATCHES = 20.0, 50


@dataclass(frozen=True, slots=True)
class NightlyWarehouse:
    """What a worker looks after by night; a lock of the database lets one of them extract.

    `source` is asked each night, since administrators may have changed the opening hours.
    """

    source: Callable[[], Source]
    warehouse: Warehouse
    zone: ZoneInfo

    async def extract_if_due(self, now: datetime) -> bool:
        """Whether it extracted just now. What fails is told in the log and tried again at the next look."""
        if not self._is_due(now):
            return False
        try:
            manifest = await asyncio.to_thread(extract, self.source(), self.warehouse, now, lambda _: None)
        except Conflict:
            return False
        except (DriverError, duckdb.Error) as error:
            log.warning("warehouse.not_extracted", error=type(error).__name__)
            return False
        log.info("warehouse.extracted", files=sum(len(manifest.files(name)) for name in manifest.tables))
        return True

    def _is_due(self, now: datetime) -> bool:
        local = now.astimezone(self.zone)
        if not FIRST_HOUR <= local.hour < LAST_HOUR:
            return False
        tonight = local.replace(hour=FIRST_HOUR, minute=0, second=0, microsecond=0)
        as_of = self.warehouse.manifest().as_of
        return as_of is None or as_of < tonight - timedelta(seconds=1)


async def keep_facts(sessions: Sessions, now: datetime) -> None:
    """What the reports read, brought up to now; a first reading of a large past goes on at the next look."""
    for _ in range(MOST_BATCHES):
        async with unit_of_work(sessions) as session:
            if await keep_up(session, now):
                return


def nightly_warehouse(services: Services) -> NightlyWarehouse:
    return NightlyWarehouse(
        lambda: Source(services.database_url, calendars_of(services.business)),
        Warehouse(services.settings.warehouse_dir),
        ZoneInfo(services.business.company.time_zone),
    )  # fmt: skip
