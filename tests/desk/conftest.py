"""A desk with staff of two teams and a seeded afternoon, and browsers that are logged in to it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from pydantic import HttpUrl
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from config.business import Business
from config.settings import Settings
from crm_core import models
from crm_core.blobs import FolderBlobStore
from crm_core.contracts import UserId
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work
from crm_core.embedded import EmbeddedPostgres
from tests.conftest import NOW
from tests.support.desk_app import DeskErp, DeskParts, sample_orders
from tests.support.desk_client import BASE, PASSWORD, STAFF, Browser, Clock, LogIn
from tests.support.desk_seed import seed_afternoon
from tests.support.kept_rows import KeptRows, begin_beyond, keep, put
from tests.support.postgres import migrated_database
from tests.support.templates import templates_kept


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages over a seeded afternoon take a tenth of a second each, and they are many: not in the quick part."""
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and "app" in item.fixturenames
            and Path(__file__).parent in item.path.parents
        ):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def templates() -> Iterator[None]:
    with templates_kept():
        yield


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def parts(sessions: Sessions, business: Business, clock: Clock, tmp_path: Path) -> DeskParts:
    settings = Settings(public_url=HttpUrl(BASE))
    erp, blobs = DeskErp(sample_orders(clock.now)), FolderBlobStore(tmp_path / "blobs")
    return DeskParts(sessions, business, settings, clock, erp, blobs=blobs)


@pytest.fixture
def app(parts: DeskParts) -> FastAPI:
    return parts.app()


@pytest.fixture(scope="session")
def password_hash() -> str:
    """A cheap one: argon2 is slow on purpose."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(frozen=True, slots=True)
class Afternoon:
    """The staff and what they find: ids by short names, and the rows."""

    staff: dict[str, UserId]
    conversations: dict[str, int]
    rows: KeptRows


@pytest.fixture(scope="session")
async def afternoon(postgres: EmbeddedPostgres, password_hash: str) -> Afternoon:
    url = migrated_database(postgres, "afternoon")
    begin_beyond(url, 100)  # 1 is the id of nothing
    engine = open_engine(url, pool_size=1)
    async with unit_of_work(open_sessions(engine)) as session:
        staff = await add_staff(session, NOW, password_hash)
        conversations = await seed_afternoon(session, NOW, staff["elena"], staff["pavel"])
    await engine.dispose()
    return Afternoon(staff, conversations, keep(url))


@pytest.fixture
def staff(afternoon: Afternoon, database_url: str) -> dict[str, UserId]:
    put(database_url, {"app_user": afternoon.rows["app_user"]})
    return dict(afternoon.staff)


@pytest.fixture
def seeded(afternoon: Afternoon, staff: dict[str, UserId], database_url: str) -> dict[str, int]:
    """Ids of the conversations by short name."""
    put(database_url, {table: rows for table, rows in afternoon.rows.items() if table != "app_user"})
    return dict(afternoon.conversations)


async def add_staff(session: AsyncSession, now: datetime, password_hash: str) -> dict[str, UserId]:
    rows = [
        {
            "email": new.email, "name": new.name, "role": new.role.value, "teams": list(new.teams),
            "language": new.language, "password_hash": password_hash, "created_at": now,
        }
        for new in STAFF.values()
    ]  # fmt: skip
    statement = insert(models.User).returning(models.User.id, sort_by_parameter_order=True)
    ids = (await session.scalars(statement, rows)).all()
    return {name: UserId(user_id) for name, user_id in zip(STAFF, ids, strict=True)}


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[Browser]:
    """Somebody who is not logged in."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as http:
        yield Browser(http)


@pytest.fixture
async def log_in(app: FastAPI, staff: dict[str, UserId]) -> AsyncIterator[LogIn]:
    clients: list[httpx.AsyncClient] = []

    async def logged_in(name: str) -> Browser:
        clients.append(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE))
        browser = Browser(clients[-1])
        assert (await browser.log_in(name)).status_code == 303
        return browser

    yield logged_in
    for client in clients:
        await client.aclose()


@pytest.fixture
async def elena(log_in: LogIn) -> Browser:
    return await log_in("elena")
