"""Passing a conversation on: to a colleague, to a supervisor, to a later time; nothing learned is lost on the way."""

from datetime import timedelta

import pytest

from crm_core import models
from crm_core.agent_work import accept_conversation, decline_conversation
from crm_core.contracts import ConversationId, UserId
from crm_core.errors import AgentAway, Forbidden, IllegalTransition, InvalidInput, NotFound
from crm_core.jobs import JobKind
from crm_core.passing_on import (
    LONGEST_SNOOZE,
    colleagues,
    escalate_to_supervisor,
    snooze,
    transfer_to_agent,
    wake,
    wake_job,
)
from crm_core.states import AgentState
from tests.support.factories import Centre


@pytest.fixture
async def mine(centre: Centre) -> ConversationId:
    """Elena's; Pavel is available."""
    for who in ("elena", "pavel"):
        await centre.set_state(who)
    return await centre.assigned("elena")


async def give(centre: Centre, conversation_id: ConversationId, to: str, by: str = "elena") -> None:
    async with centre.work() as session:
        await transfer_to_agent(session, centre.now, centre.reach(by), conversation_id, centre.staff[to])


async def escalate(centre: Centre, conversation_id: ConversationId, by: str = "elena") -> str | None:
    async with centre.work() as session:
        return await escalate_to_supervisor(
            session, centre.now, centre.reach(by), conversation_id, "She wants a refund."
        )


async def rest(centre: Centre, conversation_id: ConversationId, by: str = "elena", **length: float) -> None:
    async with centre.work() as session:
        until = centre.now + timedelta(**length)
        await snooze(session, centre.now, centre.reach(by), conversation_id, until)


async def ring(centre: Centre, conversation_id: ConversationId, number: int = -1) -> None:
    """A timer of a snooze fires; by default the last one."""
    job = [row for row in await centre.rows(models.Job) if row.kind == JobKind.WAKE][number]
    async with centre.work() as session:
        await wake_job(session, job.run_at, conversation_id, job.payload)


async def test_a_colleague_is_offered_it_with_everything_known(centre: Centre, mine: ConversationId) -> None:
    before = await centre.conversation(mine)
    await give(centre, mine, "pavel")
    given = await centre.conversation(mine)
    assert (given.state, given.agent_id, given.queue_key) == ("offered", centre.staff["pavel"], before.queue_key)
    assert given.handoff == before.handoff
    assert given.offer is not None
    assert given.offer["from_name"] == centre.reach("elena").viewer.name
    kinds = [kind for kind, _ in await centre.events(mine)]
    assert kinds[-3:] == ["transferred", "queued", "offered"]
    transferred = next(detail for kind, detail in await centre.events(mine) if kind == "transferred")
    assert transferred["to_agent_id"] == centre.staff["pavel"]


async def test_who_accepts_owns_it(centre: Centre, mine: ConversationId) -> None:
    await give(centre, mine, "pavel")
    async with centre.work() as session:
        await accept_conversation(session, centre.now, centre.reach("pavel"), mine)
    taken = await centre.conversation(mine)
    assert (taken.state, taken.agent_id) == ("assigned", centre.staff["pavel"])


async def test_who_declines_leaves_it_to_the_line(centre: Centre, mine: ConversationId) -> None:
    await give(centre, mine, "pavel")
    async with centre.work() as session:
        await decline_conversation(session, centre.now, centre.reach("pavel"), mine)
    left = await centre.conversation(mine)
    assert (left.state, left.agent_id, left.passed_by) == ("queued", None, [centre.staff["pavel"]])


@pytest.mark.parametrize("state", [AgentState.AWAY, AgentState.OFFLINE])
async def test_who_is_not_here_is_given_nothing(centre: Centre, mine: ConversationId, state: AgentState) -> None:
    await centre.set_state("pavel", state)
    with pytest.raises(AgentAway):
        await give(centre, mine, "pavel")
    assert (await centre.conversation(mine)).state == "assigned"
    with pytest.raises(AgentAway):
        async with centre.work() as session:
            await transfer_to_agent(session, centre.now, centre.reach("elena"), mine, UserId(999_999))


async def test_nobody_gives_it_to_themselves_or_gives_what_is_not_theirs(centre: Centre, mine: ConversationId) -> None:
    with pytest.raises(InvalidInput):
        await give(centre, mine, "elena")
    with pytest.raises(Forbidden):
        await give(centre, mine, "elena", by="pavel")
    with pytest.raises(NotFound):
        await give(centre, mine, "elena", by="olga")


async def test_the_list_of_colleagues_names_who_is_here_least_busy_first(centre: Centre, mine: ConversationId) -> None:
    await centre.set_state("grace")
    await centre.assigned("pavel", "tom")
    async with centre.sessions() as session:
        found = await colleagues(session, centre.reach("elena"), mine)
        with pytest.raises(Forbidden):
            await colleagues(session, centre.reach("pavel"), mine)
    assert [(one.id, one.load) for one in found] == [(centre.staff["grace"], 0), (centre.staff["pavel"], 1)]


async def test_an_escalation_is_offered_to_a_supervisor_with_its_reason_as_a_note(
    centre: Centre, mine: ConversationId
) -> None:
    await centre.set_state("grace")
    assert await escalate(centre, mine) == centre.reach("grace").viewer.name
    given = await centre.conversation(mine)
    assert (given.state, given.agent_id, given.escalated_at) == ("offered", centre.staff["grace"], centre.now)
    note = (await centre.rows(models.Message))[-1]
    assert (note.visibility, note.text) == ("internal", "She wants a refund.")
    escalated = next(detail for kind, detail in await centre.events(mine) if kind == "escalated")
    assert escalated == {
        "from_agent_id": centre.staff["elena"], "to_agent_id": centre.staff["grace"], "queue": "service",
        "note_id": note.id,
    }  # fmt: skip


async def test_without_a_supervisor_it_stays_with_its_agent_and_is_marked(centre: Centre, mine: ConversationId) -> None:
    assert await escalate(centre, mine) is None
    kept = await centre.conversation(mine)
    assert (kept.state, kept.agent_id, kept.escalated_at) == ("assigned", centre.staff["elena"], centre.now)
    assert "escalated" in [kind for kind, _ in await centre.events(mine)]


async def test_only_its_owner_escalates_and_only_what_is_open(centre: Centre, mine: ConversationId) -> None:
    with pytest.raises(Forbidden):
        await escalate(centre, mine, by="pavel")
    await centre.close(mine)
    with pytest.raises(IllegalTransition):
        await escalate(centre, mine)


async def test_a_snoozed_conversation_comes_back_at_its_time(centre: Centre, mine: ConversationId) -> None:
    await rest(centre, mine, hours=2)
    resting = await centre.conversation(mine)
    assert (resting.state, resting.agent_id) == ("snoozed", centre.staff["elena"])
    (job,) = [row for row in await centre.rows(models.Job) if row.kind == JobKind.WAKE]
    assert job.run_at == centre.now + timedelta(hours=2)
    await ring(centre, mine)
    assert (await centre.conversation(mine)).state == "assigned"
    (snoozed, resumed) = (await centre.events(mine))[-2:]
    assert (snoozed[0], snoozed[1]["until_s"]) == ("snoozed", (centre.now + timedelta(hours=2)).timestamp())
    assert resumed == ("resumed", {"agent_id": centre.staff["elena"], "why": "due"})


async def test_the_customer_s_message_wakes_it_before(centre: Centre, mine: ConversationId) -> None:
    await rest(centre, mine, hours=2)
    await centre.write("Are you there?")
    assert (await centre.conversation(mine)).state == "assigned"
    await ring(centre, mine)
    assert [kind for kind, _ in await centre.events(mine)].count("resumed") == 1


async def test_the_timer_of_an_earlier_snooze_does_nothing(centre: Centre, mine: ConversationId) -> None:
    await rest(centre, mine, hours=2)
    async with centre.work() as session:
        await wake(session, centre.now, centre.reach("elena"), mine)
    await rest(centre, mine, hours=5)
    await ring(centre, mine, 0)
    assert (await centre.conversation(mine)).state == "snoozed"
    await ring(centre, mine, 1)
    assert (await centre.conversation(mine)).state == "assigned"


@pytest.mark.parametrize("hours", [-1.0, 0.0, LONGEST_SNOOZE / timedelta(hours=1) + 1])
async def test_a_time_that_is_past_or_far_off_is_refused(centre: Centre, mine: ConversationId, hours: float) -> None:
    with pytest.raises(InvalidInput):
        await rest(centre, mine, hours=hours)


async def test_only_its_owner_snoozes_or_wakes_it(centre: Centre, mine: ConversationId) -> None:
    with pytest.raises(Forbidden):
        await rest(centre, mine, by="pavel", hours=1)
    await rest(centre, mine, hours=1)
    with pytest.raises(Forbidden):
        async with centre.work() as session:
            await wake(session, centre.now, centre.reach("pavel"), mine)
