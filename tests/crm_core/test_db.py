"""The one place where a transaction ends."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_core import models
from crm_core.db import Sessions, open_readers, unit_of_work, utc_now
from tests.support.factories import Centre, add_inbox


async def test_a_block_that_ends_is_kept_and_one_that_raises_is_not(centre: Centre) -> None:
    async with centre.work() as session:
        await add_inbox(session, "kept")

    async def add_and_fail(error: BaseException) -> None:
        async with centre.work() as session:
            await add_inbox(session, "lost")
            raise error

    for error in (ValueError(), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            await add_and_fail(error)
    assert [row.key for row in await centre.rows(models.Inbox)] == ["web", "mail", "kept"]


async def test_connections_are_given_back_after_errors(sessions: Sessions) -> None:
    async def fail() -> None:
        async with unit_of_work(sessions) as session:
            await session.execute(text("select 1"))
            raise ValueError

    for _ in range(25):  # more than the pool holds
        with pytest.raises(ValueError):  # noqa: PT011 - our own
            await fail()


async def test_a_reader_sees_what_was_committed_between_its_statements(engine: AsyncEngine, centre: Centre) -> None:
    async with open_readers(engine)() as reader:
        count = text("select count(*) from inbox")
        assert await reader.scalar(count) == 2
        async with centre.work() as session:
            await add_inbox(session, "third")
        assert await reader.scalar(count) == 3


async def test_times_come_back_aware_and_in_utc(centre: Centre) -> None:
    received = await centre.write()
    opened_at = (await centre.conversation(received.conversation_id)).opened_at
    assert opened_at == centre.now
    assert opened_at.utcoffset() == utc_now().utcoffset() == timedelta(0)
