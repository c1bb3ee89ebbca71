"""Signals: told after the commit, never before; and what a listener does when the database was away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from crm_core.db import Sessions, unit_of_work
from crm_core.signals import CHANNEL, RECONNECT_FIRST_S, Signal, SignalListener, Topic, publish
from tests.support.postgres import running_postgres

PATIENCE_S = 15


class Heard:
    """What came, in order."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self._news = asyncio.Condition()

    async def __call__(self, signal: Signal) -> None:
        async with self._news:
            self.signals.append(signal)
            self._news.notify_all()

    async def until(self, enough: Callable[[list[Signal]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: enough(self.signals))

    async def until_resyncs(self, number: int) -> None:
        await self.until(lambda signals: signals.count(Signal(Topic.RESYNC)) >= number)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[SignalListener, Heard]]:
    listener, heard = SignalListener(url), Heard()
    listener.subscribe(heard)
    running = asyncio.create_task(listener.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await listener.listening.wait()
        yield listener, heard
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def cut_listeners(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %'")


async def test_a_signal_comes_after_the_commit_and_not_before(database_url: str, sessions: Sessions) -> None:
    async with listening(database_url) as (_, heard):
        async with unit_of_work(sessions) as session:
            await publish(session, Signal(Topic.CONVERSATION, 7, "in"), Signal(Topic.JOB, 8))
            async with unit_of_work(sessions) as other:
                await publish(other, Signal(Topic.TYPING, 9))
            await heard.until(lambda signals: Signal(Topic.TYPING, 9) in signals)
            assert Signal(Topic.CONVERSATION, 7, "in") not in heard.signals
        await heard.until(lambda signals: Signal(Topic.JOB, 8) in signals)
        expected = [
            Signal(Topic.RESYNC), Signal(Topic.TYPING, 9), Signal(Topic.CONVERSATION, 7, "in"), Signal(Topic.JOB, 8),
        ]  # fmt: skip
        assert heard.signals == expected


async def test_a_rolled_back_transaction_tells_nothing(database_url: str, sessions: Sessions) -> None:
    async def publish_and_fail() -> None:
        async with unit_of_work(sessions) as session:
            await publish(session, Signal(Topic.CONVERSATION, 1))
            raise ConnectionError

    async with listening(database_url) as (_, heard):
        with pytest.raises(ConnectionError):
            await publish_and_fail()
        async with unit_of_work(sessions) as session:
            await publish(session, Signal(Topic.CONVERSATION, 2))
        await heard.until(lambda signals: Signal(Topic.CONVERSATION, 2) in signals)
        assert Signal(Topic.CONVERSATION, 1) not in heard.signals


@pytest.mark.parametrize("payload", ["", "x", "{}", "[1]", '["a topic of tomorrow", 1, ""]', '[["a"], 1, ""]', "null"])
async def test_what_is_not_understood_is_passed_over(database_url: str, sessions: Sessions, payload: str) -> None:
    async with listening(database_url) as (_, heard):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("select pg_notify(%s, %s)", (CHANNEL, payload))
        async with unit_of_work(sessions) as session:
            await publish(session, Signal(Topic.JOB, 1))
        await heard.until(lambda signals: Signal(Topic.JOB, 1) in signals)
        assert heard.signals == [Signal(Topic.RESYNC), Signal(Topic.JOB, 1)]


@pytest.mark.slow
async def test_after_each_cut_a_resync_comes_and_the_pause_starts_anew(database_url: str) -> None:
    with capture_logs() as logs:
        async with listening(database_url) as (listener, heard):
            for number in range(2, 5):
                cut_listeners(database_url)
                await heard.until_resyncs(number)
                async with asyncio.timeout(PATIENCE_S):
                    await listener.listening.wait()
    assert [line["retry_s"] for line in logs] == [RECONNECT_FIRST_S] * 3


async def test_a_handler_that_loses_the_database_is_told_to_look_again(database_url: str, sessions: Sessions) -> None:
    listener, heard = SignalListener(database_url), Heard()
    fails = [True]

    async def look_up(signal: Signal) -> None:
        await heard(signal)
        if signal.topic is Topic.CONVERSATION and fails.pop():
            raise OperationalError("select 1", {}, ConnectionError())

    listener.subscribe(look_up)
    running = asyncio.create_task(listener.run())
    await heard.until_resyncs(1)
    async with unit_of_work(sessions) as session:
        await publish(session, Signal(Topic.CONVERSATION, 1))
    await heard.until_resyncs(2)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.slow
async def test_a_restart_of_the_server_is_survived_with_a_resync(tmp_path: Path) -> None:
    with running_postgres(tmp_path) as server:
        url = server.url("postgres")
        async with listening(url) as (_, heard):
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.ensure_running)
            await heard.until_resyncs(2)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("select pg_notify(%s, %s)", (CHANNEL, '["job",5,""]'))
            await heard.until(lambda signals: signals[-1] == Signal(Topic.JOB, 5))
