"""Visitors who leave the line, and who come back: the place is given up, nothing else is."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from crm_core import models
from crm_core.contracts import ConversationId
from crm_core.jobs import JobKind
from crm_core.leaving import presence_job, visitor_seen
from crm_core.routing_rules import read_rules
from crm_core.routing_values import Load
from crm_core.routing_view import read_waiting
from crm_core.states import ConversationState
from insight.facts import facts_of
from tests.support.factories import Centre, routing_files
from tests.support.stories import told

GRACE_S = 180


@pytest.fixture
async def waiting(centre: Centre) -> ConversationId:
    await centre.follow(routing_files())
    web = models.Inbox.key == "web"
    async with centre.work() as session:
        await session.execute(update(models.Inbox).where(web).values(leaves_after_s=GRACE_S, reopens_within_days=3))
        await session.execute(update(models.Inbox).where(~web).values(channel="email"))
    return await centre.waiting()


async def leave_an_address(centre: Centre, conversation_id: ConversationId) -> None:
    contact_id = (await centre.conversation(conversation_id)).contact_id
    row = insert(models.Address).values(uri="mailto:maria@oslo.example", contact_id=contact_id, created_at=centre.now)
    async with centre.work() as session:
        await session.execute(row)


async def look(centre: Centre, conversation_id: ConversationId, after_s: float) -> None:
    """The job looks whether somebody is there; it has been taken from its table."""
    async with centre.work() as session:
        for job in [row for row in await centre.rows(models.Job) if row.kind == JobKind.PRESENCE]:
            await session.delete(await session.get_one(models.Job, job.id))
        await session.flush()
        await presence_job(session, centre.now + timedelta(seconds=after_s), conversation_id)


async def seen(centre: Centre, conversation_id: ConversationId, after_s: float) -> None:
    async with centre.work() as session:
        await visitor_seen(session, centre.now + timedelta(seconds=after_s), conversation_id)


async def presence_jobs(centre: Centre) -> list[models.Job]:
    return [row for row in await centre.rows(models.Job) if row.kind == JobKind.PRESENCE]


async def said(centre: Centre) -> list[object]:
    return [row.payload["say"] for row in await centre.rows(models.Job) if row.kind == JobKind.TELL]


async def test_whoever_comes_into_line_is_looked_after(centre: Centre, waiting: ConversationId) -> None:
    (job,) = await presence_jobs(centre)
    assert job.run_at == centre.now + timedelta(seconds=GRACE_S)


async def test_by_mail_nobody_is(centre: Centre, waiting: ConversationId) -> None:
    await centre.waiting("ivan", inbox="mail")
    assert len(await presence_jobs(centre)) == 1


async def test_who_is_seen_now_and_then_keeps_their_place(centre: Centre, waiting: ConversationId) -> None:
    await seen(centre, waiting, 170)
    await look(centre, waiting, 180)
    assert (await centre.conversation(waiting)).state == "queued"
    (job,) = await presence_jobs(centre)
    assert job.run_at >= centre.now + timedelta(seconds=170 + GRACE_S)


async def test_who_is_gone_gives_up_the_place_and_counts_as_abandoned(centre: Centre, waiting: ConversationId) -> None:
    await seen(centre, waiting, 20)
    await look(centre, waiting, 20 + GRACE_S)
    found = await centre.conversation(waiting)
    assert (found.state, found.left_at) == ("closed", centre.now + timedelta(seconds=200))
    kind, detail = (await centre.events(waiting))[-1]
    assert (kind, detail["waited_s"], detail["queue"]) == ("abandoned", 200, "service")
    assert await said(centre) == ["left_line"]


async def test_back_again_they_are_in_line_and_nothing_is_lost(centre: Centre, waiting: ConversationId) -> None:
    await look(centre, waiting, GRACE_S)
    received = await centre.write("Hello again", at=centre.now + timedelta(minutes=10))
    found = await centre.conversation(waiting)
    assert received.conversation_id == waiting
    assert (found.state, found.left_at, found.queue_key) == ("queued", None, "service")
    kinds = [kind for kind, _ in await centre.events(waiting)]
    assert "reopened" not in kinds
    assert kinds[kinds.index("abandoned") + 1 :][:2] == ["returned", "queued"]
    assert await said(centre) == ["left_line", "back_in_line"]


async def test_who_can_be_reached_by_mail_is_answered_in_writing(centre: Centre, waiting: ConversationId) -> None:
    await leave_an_address(centre, waiting)
    await look(centre, waiting, GRACE_S)
    found = await centre.conversation(waiting)
    assert (found.state, found.left_at is not None) == ("queued", True)
    async with centre.work() as session:
        (row,) = await read_waiting(session, centre.now, await read_rules(session))
    assert row.need.load is Load.MAIL
    assert await said(centre) == ["left_line_kept"]
    assert await presence_jobs(centre) == []


async def test_opening_the_page_again_is_enough_to_be_back(centre: Centre, waiting: ConversationId) -> None:
    await leave_an_address(centre, waiting)
    await look(centre, waiting, GRACE_S)
    await seen(centre, waiting, 600)
    found = await centre.conversation(waiting)
    assert (found.state, found.left_at) == ("queued", None)
    async with centre.work() as session:
        (row,) = await read_waiting(session, centre.now, await read_rules(session))
    assert row.need.load is Load.CHAT
    assert len(await presence_jobs(centre)) == 1


async def test_an_offer_to_an_agent_is_taken_back(centre: Centre, waiting: ConversationId) -> None:
    await leave_an_address(centre, waiting)
    await centre.put_into(waiting, ConversationState.OFFERED, centre.staff["elena"], "service")
    await look(centre, waiting, GRACE_S)
    found = await centre.conversation(waiting)
    assert (found.state, found.agent_id) == ("queued", None)


async def test_who_talks_to_somebody_is_left_alone(centre: Centre, waiting: ConversationId) -> None:
    await centre.put_into(waiting, ConversationState.ASSIGNED, centre.staff["elena"], "service")
    await look(centre, waiting, GRACE_S)
    assert (await centre.conversation(waiting)).state == "assigned"


async def test_reports_count_each_time_in_line(centre: Centre, waiting: ConversationId) -> None:
    """Left, answered in writing later: abandoned once, and once waiting."""
    await leave_an_address(centre, waiting)
    await look(centre, waiting, GRACE_S)
    facts = facts_of(await told(centre, waiting))
    first, second = facts.segments
    assert (first.left_at, second.left_at) == (centre.now + timedelta(seconds=GRACE_S), None)
    assert facts.conversations[0].is_open
    assert facts.conversations[0].reopens == 0
