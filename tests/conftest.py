"""Fixtures every test may use: a real PostgreSQL, a clean database, a fixed clock."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog
from playwright.async_api import Browser
from sqlalchemy.ext.asyncio import AsyncEngine

from config.business import Business, read_business
from config.settings import ROOT
from crm_core.db import Sessions, open_engine, open_sessions
from crm_core.embedded import EmbeddedPostgres
from tests.support.browser import running_browser
from tests.support.kept_rows import begin_beyond
from tests.support.known_holes import known_holes
from tests.support.postgres import empty, migrated_database, running_postgres
from tests.support.tryton_server import TrytonServer, running_tryton

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def pytest_configure() -> None:
    """As structlog comes, it draws every variable of every frame: a minute for an exception above a loaded model."""
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, console])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m cve`: the tests that docs/security.md names for holes of others. Browser stories first: they take longest."""
    named = {hole.test for hole in known_holes()}
    for item in items:
        if item.nodeid.partition("[")[0] in named:
            item.add_marker(pytest.mark.cve)
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with running_postgres(tmp_path_factory.mktemp("pg")) as server:
        yield server


@pytest.fixture(scope="session")
def shared_database(postgres: EmbeddedPostgres) -> str:
    url = migrated_database(postgres, "test")
    begin_beyond(url, 1_000)
    return url


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for every story; each opens a context of its own."""
    async with running_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def tryton() -> Iterator[TrytonServer]:
    """A live ERP; who stops it starts it again."""
    with running_tryton() as server:
        yield server


@pytest.fixture
def database_url(shared_database: str) -> str:
    """A migrated database without a row."""
    empty(shared_database)
    return shared_database


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, pool_size=10)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    return open_sessions(engine)


@pytest.fixture
def now() -> datetime:
    """A Monday afternoon, inside business hours."""
    return NOW


@pytest.fixture(scope="session")
def business_files() -> Business:
    return read_business(ROOT / "config")


@pytest.fixture
def business(business_files: Business) -> Business:
    """Of this test alone: what holds may be edited."""
    return replace(business_files)
