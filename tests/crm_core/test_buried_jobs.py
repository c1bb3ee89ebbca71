"""Work that was given up is shown to who supervises, and each decision is carried out once."""

import pytest

from crm_core import models
from crm_core.buried_jobs import buried_jobs, let_go, try_again
from crm_core.errors import Conflict, Forbidden
from crm_core.jobs import Failure, JobKind, NewJob, claim, enqueue, fail
from tests.support.factories import Centre


async def buried(centre: Centre) -> int:
    async with centre.work() as session:
        await enqueue(session, centre.now, NewJob(JobKind.MAIL, payload={"to": "maria@example.com"}))
        (job,) = await claim(session, centre.now, worker="w", limit=1, lease_s=30)
        await fail(session, centre.now, job, Failure("smtp_550", retryable=False))
    return job.id


async def test_it_is_tried_again_from_the_start(centre: Centre) -> None:
    job_id = await buried(centre)
    async with centre.work() as session:
        (shown,) = await buried_jobs(session, centre.reach("grace"))
        await try_again(session, centre.now, centre.reach("grace"), job_id)
    assert (shown.id, shown.kind, shown.code) == (job_id, "mail", "smtp_550")
    (job,) = await centre.rows(models.Job)
    assert (job.state, job.attempts) == ("ready", 0)
    with pytest.raises(Conflict):
        async with centre.work() as session:
            await try_again(session, centre.now, centre.reach("grace"), job_id)


async def test_it_is_let_go_and_the_event_stays(centre: Centre) -> None:
    job_id = await buried(centre)
    async with centre.work() as session:
        await let_go(session, centre.now, centre.reach("grace"), job_id)
    assert await centre.rows(models.Job) == []
    assert (await centre.events(None))[-1] == ("job_settled", {"job_id": job_id, "kind": "mail", "how": "let_go"})


@pytest.mark.parametrize("who", ["elena", "lev"])
async def test_others_neither_see_nor_settle_it(centre: Centre, who: str) -> None:
    job_id = await buried(centre)
    async with centre.work() as session:
        with pytest.raises(Forbidden):
            await buried_jobs(session, centre.reach(who))
        with pytest.raises(Forbidden):
            await let_go(session, centre.now, centre.reach(who), job_id)
    assert len(await centre.rows(models.Job)) == 1
