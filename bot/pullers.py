"""Inboxes that fetch by themselves: each runs in one worker of all, by an advisory lock, and is started again."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress

import psycopg
import structlog

from bot.inboxes.parts import OpenInbox
from bot.intake_door import IntakeDoor
from channels.protocol import Puller
from crm_core.contracts import Incoming

log = structlog.get_logger(__name__)

LOCK_SPACE = 7_316
LOOK_AGAIN_S = 10.0
PAUSE_FIRST_S, PAUSE_MOST_S, STEADY_S = 1.0, 60.0, 60.0


async def run_pullers(inboxes: Mapping[str, OpenInbox], door: IntakeDoor, database_url: str) -> None:
    """For ever. An inbox whose provider is away stops no other."""
    async with asyncio.TaskGroup() as group:
        for key, inbox in inboxes.items():
            if inbox.puller is not None:
                group.create_task(_keep_pulling(key, inbox.puller, door, database_url), name=f"pull-{key}")


async def _keep_pulling(key: str, puller: Puller, door: IntakeDoor, database_url: str) -> None:
    async def receive(incoming: Incoming) -> None:
        await door.take(key, incoming)

    pause_s = PAUSE_FIRST_S
    while True:
        started = asyncio.get_running_loop().time()
        try:
            async with _leadership(key, database_url) as lost:
                await _until(lost, puller.run(receive))
        except Exception as error:  # noqa: BLE001 - outermost: one inbox must not stop the others
            log.warning("puller.failed", inbox=key, error=type(error).__name__, retry_s=pause_s)
        lived_s = asyncio.get_running_loop().time() - started
        pause_s = PAUSE_FIRST_S if lived_s > STEADY_S else min(pause_s * 2, PAUSE_MOST_S)
        await asyncio.sleep(pause_s)


@asynccontextmanager
async def _leadership(key: str, database_url: str) -> AsyncIterator[asyncio.Task[None]]:
    """Waits until this process leads for `key`; the task given ends when it leads no longer."""
    lock = (LOCK_SPACE, zlib.crc32(key.encode()) - 2**31)  # a signed 32-bit number
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with connection:
        while True:
            cursor = await connection.execute("select pg_try_advisory_lock(%s, %s)", lock)
            row = await cursor.fetchone()
            if row is not None and row[0]:
                break
            await asyncio.sleep(LOOK_AGAIN_S)
        lost = asyncio.create_task(_watch(connection), name=f"lead-{key}")
        try:
            yield lost
        finally:
            lost.cancel()


async def _watch(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Ends with an error as soon as the connection, and the lock with it, is gone."""
    while True:
        await connection.execute("select 1")
        await asyncio.sleep(LOOK_AGAIN_S / 2)


async def _until(lost: asyncio.Task[None], pulling: Coroutine[None, None, None]) -> None:
    """Run `pulling` no longer than we lead: two that fetch at once would be harmless, but never needed."""
    task = asyncio.create_task(pulling)
    try:
        done, _ = await asyncio.wait({lost, task}, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
