"""The sample company: shared by the tests that only read, anew for those that write."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work
from crm_core.embedded import EmbeddedPostgres
from crm_core.erp.sample import load_sample
from crm_core.erp.sql import SqlErp
from tests.conftest import NOW
from tests.support.postgres import migrated_database


@pytest.fixture(scope="session")
async def sample_engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(migrated_database(postgres, "erp_sample"), pool_size=2)
    async with unit_of_work(open_sessions(engine)) as session:
        await load_sample(session, NOW.date())
    yield engine
    await engine.dispose()


@pytest.fixture
def erp(sample_engine: AsyncEngine) -> SqlErp:
    """To be read only: all tests share its rows."""
    return SqlErp(open_sessions(sample_engine), now=lambda: NOW)


@pytest.fixture
async def own_erp(sessions: Sessions) -> SqlErp:
    """To be written to."""
    async with unit_of_work(sessions) as session:
        await load_sample(session, NOW.date())
    return SqlErp(sessions, now=lambda: NOW)
