"""The worker on a real database: what it claims it finishes, puts off or buries, and a stop loses nothing."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import worker
from bot.worker import JobFailedError, Worker
from crm_core import jobs, models
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.events import EventKind
from crm_core.jobs import ClaimedJob, Failure, JobKind, NewJob
from crm_core.states import JobState


async def add_jobs(sessions: Sessions, count: int) -> None:
    async with unit_of_work(sessions) as session:
        for number in range(count):
            await jobs.enqueue(session, utc_now(), NewJob(JobKind.TURN, payload={"number": number}))


async def stored(sessions: Sessions) -> list[models.Job]:
    async with sessions() as session:
        return list((await session.scalars(select(models.Job).order_by(models.Job.id))).all())


async def run_until(worker: Worker, done: asyncio.Event) -> None:
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        await done.wait()
    worker.stop()
    await running


async def test_carries_out_every_due_job_once(sessions: Sessions) -> None:
    seen: list[object] = []
    done = asyncio.Event()

    async def handle(job: ClaimedJob) -> None:
        seen.append(job.payload["number"])
        async with unit_of_work(sessions) as session:
            await jobs.finish(session, [job])
        if len(seen) == 40:
            done.set()

    await add_jobs(sessions, 40)
    await run_until(Worker(sessions, {JobKind.TURN: handle}, "w1"), done)
    assert sorted(seen) == list(range(40))  # type: ignore[type-var]
    assert await stored(sessions) == []


async def test_a_failing_job_is_put_off_and_does_not_stop_the_others(sessions: Sessions) -> None:
    seen = 0
    done = asyncio.Event()

    async def handle(job: ClaimedJob) -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            done.set()
        if job.payload["number"] == 1:
            raise ValueError("broken")
        async with unit_of_work(sessions) as session:
            await jobs.finish(session, [job])

    await add_jobs(sessions, 3)
    await run_until(Worker(sessions, {JobKind.TURN: handle}, "w1"), done)
    (left,) = await stored(sessions)
    assert (left.payload, left.last_error, left.state) == ({"number": 1}, "ValueError", JobState.READY)
    assert left.run_at > utc_now()


async def test_a_job_that_may_not_be_retried_is_buried_with_an_event(sessions: Sessions) -> None:
    done = asyncio.Event()

    async def handle(_job: ClaimedJob) -> None:
        done.set()
        raise JobFailedError(Failure("no_such_mailbox", retryable=False))

    await add_jobs(sessions, 1)
    await run_until(Worker(sessions, {JobKind.TURN: handle}, "w1"), done)
    (buried,) = await stored(sessions)
    assert (buried.state, buried.last_error) == (JobState.BURIED, "no_such_mailbox")
    async with sessions() as session:
        assert (await session.scalars(select(models.Event.kind))).all() == [EventKind.JOB_BURIED]


async def test_a_stop_finishes_what_runs_and_gives_back_the_rest(sessions: Sessions) -> None:
    started = asyncio.Event()
    may_end = asyncio.Event()

    async def handle(job: ClaimedJob) -> None:
        started.set()
        await may_end.wait()
        async with unit_of_work(sessions) as session:
            await jobs.finish(session, [job])

    await add_jobs(sessions, 1)
    worker = Worker(sessions, {JobKind.TURN: handle}, "w1")
    running = asyncio.create_task(worker.run())
    await started.wait()
    worker.stop()
    await asyncio.sleep(0.05)
    assert not running.done()
    may_end.set()
    await running
    assert await stored(sessions) == []


async def test_an_expired_lease_comes_back_to_another_worker(sessions: Sessions) -> None:
    await add_jobs(sessions, 1)
    async with unit_of_work(sessions) as session:
        held = await jobs.claim(session, utc_now(), worker="dead", limit=1, lease_s=30)
    async with unit_of_work(sessions) as session:
        assert await jobs.claim(session, utc_now(), worker="w2", limit=1, lease_s=30) == []
        later = utc_now() + timedelta(seconds=31)
        (again,) = await jobs.claim(session, later, worker="w2", limit=1, lease_s=30)
    assert (again.id, again.attempts) == (held[0].id, 2)


async def slow_for(sessions: Sessions, takes_s: float) -> int:
    """How often a job was begun whose handler takes `takes_s`, with two workers about."""
    begun, done = 0, asyncio.Event()

    async def handle(job: ClaimedJob) -> None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(takes_s)
        async with unit_of_work(sessions) as session:
            await jobs.finish(session, [job])
        done.set()

    await add_jobs(sessions, 1)
    other = Worker(sessions, {JobKind.TURN: handle}, "w2")
    looking_on = asyncio.create_task(other.run())
    await run_until(Worker(sessions, {JobKind.TURN: handle}, "w1"), done)
    other.stop()
    await looking_on
    return begun


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"LEASE_S": 0.6, "RENEW_EVERY_S": 0.1, "POLL_S": 0.1}.items():
        monkeypatch.setattr(worker, name, seconds)


@pytest.mark.usefixtures("short_lease")
async def test_a_job_that_takes_longer_than_its_lease_is_not_begun_again(sessions: Sessions) -> None:
    """On a busy machine a text would otherwise be sent twice: the provider, when asked, has not got it yet."""
    assert await slow_for(sessions, 2.5) == 1


@pytest.mark.usefixtures("short_lease")
async def test_without_renewal_it_would_be_begun_again(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RENEW_EVERY_S", 60.0)
    assert await slow_for(sessions, 2.5) > 1


@pytest.mark.usefixtures("short_lease")
async def test_a_job_that_hangs_is_begun_again_in_the_end(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MOST_HELD_S", 0.5)
    assert await slow_for(sessions, 2.5) > 1
