"""The database: engine, sessions, and the one place where a transaction is committed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Sessions = async_sessionmaker[AsyncSession]


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_engine(url: str, *, pool_size: int) -> AsyncEngine:
    """An engine on psycopg 3; `url` may be any form of postgresql://."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    return create_async_engine(
        parsed, pool_size=pool_size, max_overflow=0, pool_timeout=10,
        connect_args={"prepare_threshold": 2, "options": "-c timezone=UTC"},
    )  # fmt: skip


def open_sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)


def open_readers(engine: AsyncEngine) -> Sessions:
    """Sessions for single reads: each statement stands alone, so a read costs one round trip."""
    return open_sessions(engine.execution_options(isolation_level="AUTOCOMMIT"))


@asynccontextmanager
async def unit_of_work(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One transaction: committed at the end of the block, rolled back when it raises."""
    async with sessions() as session:
        try:
            yield session
        except BaseException:
            await session.rollback()
            raise
        await session.commit()
