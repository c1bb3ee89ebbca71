"""Jobs: claimed once, back when a worker dies, fenced against late ones, put off, buried, dug up."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, text

from crm_core import models
from crm_core.contracts import ConversationId
from crm_core.db import Sessions, unit_of_work
from crm_core.jobs import (
    BACK_OFF_FIRST_S,
    BACK_OFF_MOST_S,
    MOST_ATTEMPTS,
    RETRY_AFTER_MOST_S,
    WORKER_DIED,
    ClaimedJob,
    Failure,
    JobKind,
    NewJob,
    back_off_s,
    backlog,
    claim,
    enqueue,
    exhume,
    fail,
    finish,
    release,
)

LEASE_S = 30.0


class Line:
    """The job table, one transaction a verb."""

    def __init__(self, sessions: Sessions, now: datetime) -> None:
        self.sessions, self.now = sessions, now

    def at(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    async def add(self, *jobs: NewJob) -> None:
        async with unit_of_work(self.sessions) as session:
            for job in jobs or (NewJob(JobKind.TURN, ConversationId(1), {"n": 1}),):
                await enqueue(session, self.now, job)

    async def claim(self, seconds: float = 0, *, worker: str = "w1", limit: int = 100) -> list[ClaimedJob]:
        async with unit_of_work(self.sessions) as session:
            return await claim(session, self.at(seconds), worker=worker, limit=limit, lease_s=LEASE_S)

    async def finish(self, *jobs: ClaimedJob) -> None:
        async with unit_of_work(self.sessions) as session:
            await finish(session, jobs)

    async def fail(self, job: ClaimedJob, failure: Failure, seconds: float = 0) -> bool:
        async with unit_of_work(self.sessions) as session:
            return await fail(session, self.at(seconds), job, failure)

    async def rows(self) -> list[models.Job]:
        async with self.sessions() as session:
            found = await session.execute(text("select id from job order by id"))
            return [await session.get_one(models.Job, job_id) for (job_id,) in found]


@pytest.fixture
def line(sessions: Sessions, now: datetime) -> Line:
    return Line(sessions, now)


async def test_a_claimed_job_carries_what_was_written(line: Line) -> None:
    await line.add(NewJob(JobKind.SEND, ConversationId(7), {"message_id": 5}))
    (job,) = await line.claim()
    assert (job.kind, job.conversation_id, job.payload, job.attempts) == (JobKind.SEND, 7, {"message_id": 5}, 1)


async def test_a_finished_job_is_gone(line: Line) -> None:
    await line.add()
    await line.finish(*await line.claim())
    assert await line.rows() == []


async def test_a_job_is_due_after_its_delay(line: Line) -> None:
    await line.add(NewJob(JobKind.TURN, delay_s=60))
    assert await line.claim(59) == []
    assert len(await line.claim(61)) == 1


async def test_a_claimed_job_is_nobody_else_s_until_its_lease_runs_out(line: Line) -> None:
    await line.add()
    (first,) = await line.claim(worker="dies")
    assert await line.claim(LEASE_S - 1, worker="w2") == []
    (again,) = await line.claim(LEASE_S + 1, worker="w2")
    assert (again.id, again.attempts) == (first.id, 2)


async def test_a_late_worker_can_neither_finish_nor_fail_what_another_holds(line: Line) -> None:
    await line.add()
    (late,) = await line.claim(worker="late")
    (current,) = await line.claim(LEASE_S + 1, worker="current")
    await line.finish(late)
    assert await line.fail(late, Failure("broken", retryable=False), LEASE_S + 2) is False
    (row,) = await line.rows()
    assert (row.state, row.claimed_by, row.last_error) == ("ready", "current", None)
    await line.finish(current)
    assert await line.rows() == []


async def test_a_failed_job_comes_back_after_its_pause(line: Line) -> None:
    await line.add()
    (job,) = await line.claim()
    assert await line.fail(job, Failure("provider_down")) is False
    (row,) = await line.rows()
    assert (row.last_error, row.claimed_by) == ("provider_down", None)
    assert line.at(BACK_OFF_FIRST_S / 2) <= row.run_at <= line.at(BACK_OFF_FIRST_S)
    assert await line.claim(BACK_OFF_FIRST_S / 2 - 0.1) == []
    assert len(await line.claim(BACK_OFF_FIRST_S + 0.1)) == 1


def test_pauses_grow_twofold_with_jitter_up_to_a_limit() -> None:
    for attempts in range(1, 30):
        ceiling = min(BACK_OFF_FIRST_S * 2 ** (attempts - 1), BACK_OFF_MOST_S)
        pauses = {back_off_s(attempts) for _ in range(200)}
        assert ceiling / 2 <= min(pauses) <= max(pauses) <= ceiling
        assert len(pauses) > 100, "two workers that failed together must not come back together"


@pytest.mark.parametrize(("wished_s", "granted_s"), [(120.0, 120.0), (1e12, RETRY_AFTER_MOST_S)])
async def test_the_provider_s_wish_is_granted_within_reason(line: Line, wished_s: float, granted_s: float) -> None:
    await line.add()
    (job,) = await line.claim()
    await line.fail(job, Failure("slow_down", retry_after_s=wished_s))
    assert (await line.rows())[0].run_at == line.at(granted_s)


async def test_a_job_is_buried_after_its_last_attempt_and_stays_there(line: Line) -> None:
    await line.add()
    outcomes = []
    for attempt in range(MOST_ATTEMPTS):
        (job,) = await line.claim(attempt * 2_000)
        outcomes.append(await line.fail(job, Failure("provider_down"), attempt * 2_000))
    assert outcomes == [False] * (MOST_ATTEMPTS - 1) + [True]
    assert await line.claim(1e6) == []
    assert [(row.state, row.last_error) for row in await line.rows()] == [("buried", "provider_down")]


async def test_a_job_that_kills_every_worker_is_buried(line: Line) -> None:
    await line.add(NewJob(JobKind.SEND, ConversationId(7)))
    claims = [len(await line.claim(attempt * (LEASE_S + 1))) for attempt in range(MOST_ATTEMPTS + 2)]
    assert claims == [1] * MOST_ATTEMPTS + [0, 0]
    (row,) = await line.rows()
    assert (row.state, row.last_error) == ("buried", WORKER_DIED)
    async with line.sessions() as session:
        (event,) = await session.scalars(select(models.Event))
    assert (event.kind, event.conversation_id, event.data) == (
        "job_buried", 7, {"job_id": row.id, "kind": "send", "code": WORKER_DIED},
    )  # fmt: skip


async def test_what_need_not_be_tried_again_is_buried_at_once(line: Line) -> None:
    await line.add()
    (job,) = await line.claim()
    assert await line.fail(job, Failure("no_such_mailbox", retryable=False)) is True
    assert await line.claim(1e6) == []


async def test_a_buried_job_can_be_tried_once_more_from_the_start(line: Line) -> None:
    await line.add()
    (job,) = await line.claim()
    await line.fail(job, Failure("no_such_mailbox", retryable=False))
    async with unit_of_work(line.sessions) as session:
        await exhume(session, line.at(5), job.id)
    (again,) = await line.claim(5)
    assert (again.id, again.attempts) == (job.id, 1)


async def test_a_living_job_cannot_be_dug_up(line: Line) -> None:
    await line.add()
    (job,) = await line.claim()
    async with unit_of_work(line.sessions) as session:
        await exhume(session, line.at(1), job.id)
    assert await line.claim(2, worker="w2") == []


async def test_a_dedupe_key_is_taken_until_its_job_is_done(line: Line) -> None:
    survey = NewJob(JobKind.SURVEY, ConversationId(1), dedupe_key="1")
    await line.add(survey, survey, NewJob(JobKind.TURN, dedupe_key="1"))
    assert Counter(row.kind for row in await line.rows()) == {"survey": 1, "turn": 1}
    await line.finish(*await line.claim())
    await line.add(survey)
    assert [row.kind for row in await line.rows()] == ["survey"]


async def test_a_job_born_claimed_waits_for_its_writer(line: Line) -> None:
    async with unit_of_work(line.sessions) as session:
        job = NewJob(JobKind.TURN, ConversationId(1), worker="serve", lease_s=8)
        born = await enqueue(session, line.now, job)
    assert born is not None
    assert await line.claim(7) == []
    (late,) = await line.claim(9, worker="w2")
    await line.finish(born)
    assert [row.id for row in await line.rows()] == [late.id]


async def test_a_stopping_worker_gives_back_what_it_holds_and_nothing_else(line: Line) -> None:
    await line.add(*(NewJob(JobKind.TURN, payload={"n": number}) for number in range(4)))
    mine = await line.claim(worker="w1", limit=2)
    theirs = await line.claim(worker="w2", limit=1)
    async with unit_of_work(line.sessions) as session:
        assert await release(session, line.at(1), worker="w1") == 2
    again = await line.claim(1, worker="w3")
    assert {job.id for job in again} == {row.id for row in await line.rows()} - {job.id for job in theirs}
    assert {job.id for job in mine} <= {job.id for job in again}


async def test_the_oldest_jobs_come_first(line: Line) -> None:
    await line.add(NewJob(JobKind.TURN, payload={"n": 1}, delay_s=20), NewJob(JobKind.TURN, payload={"n": 2}))
    assert [job.payload["n"] for job in await line.claim(30, limit=1)] == [2]


async def test_a_job_of_a_failed_transaction_was_never_there(line: Line) -> None:
    async def enqueue_and_fail() -> None:
        async with unit_of_work(line.sessions) as session:
            await enqueue(session, line.now, NewJob(JobKind.TURN))
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await enqueue_and_fail()
    assert await line.rows() == []


async def test_claimers_at_once_never_get_the_same_job(line: Line) -> None:
    await line.add(*(NewJob(JobKind.TURN, payload={"n": number}) for number in range(200)))

    async def work(worker: str) -> list[int]:
        ids: list[int] = []
        while claimed := await line.claim(worker=worker, limit=7):
            assert len(claimed) <= 7
            ids += [job.id for job in claimed]
        return ids

    shares = await asyncio.gather(*(work(f"w{number}") for number in range(8)))
    claimed = [job_id for ids in shares for job_id in ids]
    assert len(claimed) == len(set(claimed)) == 200
    assert {row.attempts for row in await line.rows()} == {1}


async def test_a_locked_job_is_passed_over_not_waited_for(line: Line) -> None:
    await line.add(NewJob(JobKind.TURN, payload={"n": 1}), NewJob(JobKind.TURN, payload={"n": 2}))
    async with unit_of_work(line.sessions) as session:
        (held,) = await claim(session, line.now, worker="slow", limit=1, lease_s=LEASE_S)
        async with asyncio.timeout(5):
            (other,) = await line.claim(worker="w2")
    assert held.id != other.id


@pytest.mark.parametrize("setting", ["enable_hashjoin", "enable_mergejoin, enable_hashjoin, enable_material"])
async def test_the_limit_holds_whatever_plan_the_server_chooses(line: Line, setting: str) -> None:
    """A locking sub-query inside a nested loop is run anew for each row, and each run locks further rows."""
    rows = [{"kind": "turn", "run_at": line.now, "created_at": line.now, "payload": {}} for _ in range(300)]
    async with unit_of_work(line.sessions) as session:
        await session.execute(insert(models.Job), rows)
        await session.execute(text("analyze job"))
    async with unit_of_work(line.sessions) as session:
        for name in setting.split(", "):
            await session.execute(text(f"set local {name} = off"))
        assert len(await claim(session, line.now, worker="w", limit=16, lease_s=LEASE_S)) == 16


async def test_the_backlog_counts_what_is_due_and_what_is_buried(line: Line) -> None:
    await line.add(NewJob(JobKind.TURN), NewJob(JobKind.TURN, delay_s=10), NewJob(JobKind.TURN, delay_s=99))
    (job,) = await line.claim(limit=1)
    await line.fail(job, Failure("broken", retryable=False))
    async with unit_of_work(line.sessions) as session:
        found = await backlog(session, line.at(25))
        empty = await backlog(session, line.at(5))
    assert (found.due, found.buried, found.oldest_s) == (1, 1, 15.0)
    assert (empty.due, empty.oldest_s) == (0, 0.0)
