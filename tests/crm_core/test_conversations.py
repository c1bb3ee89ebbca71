"""Which transitions are legal, who wins when two want the same, and what each verb writes."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from crm_core import models
from crm_core.contracts import ConversationId, UserId
from crm_core.conversations import (
    EVENT_OF,
    Trigger,
    accept,
    close,
    lock_conversation,
    move,
    open_conversation_of,
    require_owner,
    take_over,
    transfer,
)
from crm_core.errors import AlreadyTaken, Conflict, IllegalTransition, NotFound
from crm_core.events import SYSTEM, Actor
from crm_core.jobs import JobKind
from crm_core.states import ConversationState, Role
from tests.support.factories import Centre, add_user

State = ConversationState
# one line a state: what may happen to it, and what it then is; everything else is refused
LEGAL = """
bot: hand_off>queued accept>assigned take_over>assigned close>closed
queued: offer>offered accept>assigned take_over>assigned transfer>queued abandon>closed close>closed
queued: leave>queued return>queued
offered: accept>assigned take_over>assigned decline>queued abandon>closed leave>queued return>queued
assigned: take_over>assigned transfer>queued wrap_up>wrap_up snooze>snoozed close>closed
wrap_up: take_over>assigned resume>assigned close>closed
snoozed: take_over>assigned wake>assigned transfer>queued close>closed
closed: reopen>queued return>queued
"""
EXPECTED = {
    (State(line.split(":")[0]), Trigger(step.split(">")[0])): State(step.split(">")[1])
    for line in LEGAL.strip().splitlines()
    for step in line.split(":")[1].split()
}
OWNED = (State.OFFERED, State.ASSIGNED, State.WRAP_UP, State.SNOOZED)


@pytest.mark.parametrize("state", list(State))
async def test_every_trigger_leads_on_or_is_refused(centre: Centre, state: State) -> None:
    outcomes = {trigger: await pull(centre, state, trigger) for trigger in Trigger}
    assert outcomes == {trigger: EXPECTED.get((state, trigger)) for trigger in Trigger}


async def pull(centre: Centre, state: State, trigger: Trigger) -> State | None:
    """Where a conversation in `state` goes; None when it is refused and nothing changed."""
    conversation_id = (await centre.write(who=f"visitor-{trigger}")).conversation_id
    await centre.put_into(conversation_id, state, centre.staff["elena"] if state in OWNED else None, "service")
    before = await centre.events(conversation_id)
    try:
        after = await move_to(centre, conversation_id, trigger)
    except IllegalTransition:
        assert (await centre.conversation(conversation_id)).state == state
        assert await centre.events(conversation_id) == before
        return None
    conversation = await centre.conversation(conversation_id)
    assert conversation.state == after
    assert (conversation.agent_id is not None) == (after in OWNED or (after is State.CLOSED and state in OWNED))
    assert (await centre.events(conversation_id))[-1] == (EVENT_OF[trigger], {})
    return after


async def move_to(centre: Centre, conversation_id: ConversationId, trigger: Trigger) -> State:
    async with centre.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        if trigger in (Trigger.OFFER, Trigger.ACCEPT, Trigger.TAKE_OVER):
            conversation.agent_id = centre.staff["elena"]
        return await move(session, centre.now, conversation, trigger, (SYSTEM, {}))


async def test_of_twenty_agents_who_accept_at_once_one_wins(centre: Centre) -> None:
    conversation_id = await centre.waiting()
    async with centre.work() as session:
        agents = [await add_user(session, centre.now, f"Agent{number}", Role.AGENT) for number in range(20)]

    async def try_to_accept(agent_id: UserId) -> str:
        try:
            async with centre.work() as session:
                await accept(session, centre.now, conversation_id, agent_id)
        except AlreadyTaken:
            return "too late"
        return "won"

    async with centre.work() as session:  # whoever reads without waiting for this lock believes it is free
        await lock_conversation(session, conversation_id)
        tries = [asyncio.create_task(try_to_accept(agent)) for agent in agents]
        await asyncio.sleep(0.3)
    outcomes = await asyncio.gather(*tries)
    assert Counter(outcomes) == {"won": 1, "too late": 19}
    winner = agents[outcomes.index("won")]
    assert (await centre.conversation(conversation_id)).agent_id == winner
    assert [kind for kind, _ in await centre.events(conversation_id)].count("assigned") == 1


async def test_accepting_tells_how_long_they_waited(centre: Centre) -> None:
    conversation_id = await centre.waiting()
    async with centre.work() as session:
        await accept(session, centre.now + timedelta(seconds=95), conversation_id, centre.staff["elena"])
    detail = {
        "agent_id": centre.staff["elena"], "queue": "service", "load": "chat", "waited_s": 95.0, "how": "manual",
        "promised_p50_s": None, "promised_p80_s": None,
    }  # fmt: skip
    assert (await centre.events(conversation_id))[-1] == ("assigned", detail)


async def test_accepting_one_s_own_again_changes_nothing(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    before = await centre.events(conversation_id)
    async with centre.work() as session:
        await accept(session, centre.now, conversation_id, centre.staff["elena"])
    assert await centre.events(conversation_id) == before


async def test_what_is_offered_to_a_colleague_cannot_be_accepted(centre: Centre) -> None:
    conversation_id = await centre.offered("elena")
    async with centre.work() as session:
        with pytest.raises(AlreadyTaken):
            await accept(session, centre.now, conversation_id, centre.staff["pavel"])
        await accept(session, centre.now, conversation_id, centre.staff["elena"])
    assert (await centre.conversation(conversation_id)).state == "assigned"


async def test_the_hand_off_keeps_what_the_bot_learned(centre: Centre) -> None:
    conversation = await centre.conversation(await centre.waiting())
    assert (conversation.queue_key, conversation.queued_at, conversation.agent_id) == ("service", centre.now, None)
    assert conversation.handoff is not None
    assert (conversation.handoff["reason"], conversation.handoff["order_number"]) == ("asked_for_person", "100234")
    kinds = [kind for kind, _ in await centre.events(conversation.id)]
    assert kinds[-2:] == ["handoff_requested", "queued"]


async def test_a_transfer_goes_to_the_end_of_the_other_line(centre: Centre) -> None:
    conversation_id = await centre.assigned()
    later = centre.now + timedelta(minutes=9)
    async with centre.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        await transfer(session, later, conversation, "billing", Actor.agent(centre.staff["elena"]))
    moved = await centre.conversation(conversation_id)
    assert (moved.state, moved.queue_key, moved.queued_at, moved.agent_id) == ("queued", "billing", later, None)
    transferred, queued = (await centre.events(conversation_id))[-2:]
    assert transferred == ("transferred", {"from_queue": "service", "to_queue": "billing"})
    assert (queued[0], queued[1]["queue"], queued[1]["entry"]) == ("queued", "billing", "transfer")


async def test_a_take_over_names_who_had_it(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    for _ in range(2):  # the second time it is one's own already
        async with centre.work() as session:
            conversation = await lock_conversation(session, conversation_id)
            await take_over(session, centre.now, conversation, centre.staff["grace"])
    (taken,) = [detail for kind, detail in await centre.events(conversation_id) if "from_agent_id" in detail]
    assert taken == {
        "agent_id": centre.staff["grace"], "from_agent_id": centre.staff["elena"], "from_state": "assigned",
        "queue": "service", "load": "chat", "waited_s": 0.0, "how": "take_over",
        "promised_p50_s": None, "promised_p80_s": None,
    }  # fmt: skip


async def test_closing_keeps_who_ended_it_and_asks_for_a_rating_once(centre: Centre) -> None:
    conversation_id = await centre.assigned()
    await centre.close(conversation_id)
    closed = await centre.conversation(conversation_id)
    assert (closed.state, closed.disposition, closed.closed_at) == ("closed", "resolved", centre.now)
    assert closed.agent_id == centre.staff["elena"]
    jobs = [row for row in await centre.rows(models.Job) if row.kind == JobKind.SURVEY]
    assert [(row.conversation_id, row.dedupe_key) for row in jobs] == [(conversation_id, str(conversation_id))]


async def test_who_leaves_the_line_has_abandoned_and_is_not_asked(centre: Centre) -> None:
    conversation_id = await centre.waiting()
    async with centre.work() as session:
        await close(session, centre.now, await lock_conversation(session, conversation_id), "no_answer", SYSTEM)
    assert (await centre.events(conversation_id))[-1][0] == "abandoned"
    assert not [row for row in await centre.rows(models.Job) if row.kind == JobKind.SURVEY]


async def test_only_the_owner_passes_as_owner(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        assert (await require_owner(session, conversation_id, centre.staff["elena"])).id == conversation_id
        with pytest.raises(Conflict):
            await require_owner(session, conversation_id, centre.staff["pavel"])
    await centre.close(conversation_id)
    async with centre.work() as session:
        with pytest.raises(Conflict):
            await require_owner(session, conversation_id, centre.staff["elena"])


async def test_what_is_not_there_cannot_be_locked(centre: Centre) -> None:
    async with centre.work() as session:
        with pytest.raises(NotFound):
            await lock_conversation(session, ConversationId(999_999))


async def test_the_open_conversation_of_a_thread_is_found_until_it_ends(centre: Centre) -> None:
    received = await centre.write()
    where = (received.contact_id, centre.inboxes["web"])
    async with centre.work() as session:
        found = await open_conversation_of(session, *where)
        assert found is not None
        assert found.id == received.conversation_id
        assert await open_conversation_of(session, *where, "another thread") is None
    await centre.close(received.conversation_id)
    async with centre.work() as session:
        assert await open_conversation_of(session, *where) is None
