"""An agent pauses the recording before a card number is said."""

import pytest
from sqlalchemy import select, update

from bot.intake_door import IntakeDoor
from bot.phone.wiring import pause_recording
from crm_core import models
from crm_core.access import Reach, Viewer
from crm_core.call_recording import Recording, ask_to_pause, recording_of
from crm_core.contracts import ConversationId, UserId
from crm_core.db import unit_of_work, utc_now
from crm_core.errors import Conflict, Forbidden
from crm_core.jobs import claim
from crm_core.staff import NewUser, create_user
from crm_core.states import Role
from tests.bot.phone.test_calls import a_number, the_call
from tests.support.phone import CarrierDouble, PhoneCentre

pytestmark = pytest.mark.slow


async def talking(centre: PhoneCentre, agent_email: str, *, allowed: bool = True) -> tuple[ConversationId, Reach]:
    """A call that is going on with an agent, recorded when the caller said yes."""
    walker = await centre.a_call(a_number("en"), [{"presses": "1" if allowed else "2"}], "recorded").call()
    call = await the_call(centre, walker)
    async with unit_of_work(centre.services.sessions) as session:
        new = NewUser(agent_email, "Nora", Role.AGENT, ["service"], "en", "grey-otter-sings-7-songs")
        agent_id = await create_user(session, utc_now(), new)
        mine = update(models.Conversation).where(models.Conversation.id == call.conversation_id)
        await session.execute(mine.values(state="assigned", agent_id=agent_id, queue_key="service"))
    viewer = Viewer(UserId(agent_id), Role.AGENT, frozenset({"service"}), "Nora")
    return ConversationId(call.conversation_id), Reach(viewer, {"service": frozenset({"service"})})


async def carry_out(centre: PhoneCentre, conversation_id: ConversationId) -> None:
    everything = 100_000  # that the calls of other tests have left as well
    async with unit_of_work(centre.services.sessions) as session:
        jobs = await claim(session, utc_now(), worker="test", limit=everything, lease_s=30)
    [job] = [job for job in jobs if job.kind == "pause_recording" and job.conversation_id == conversation_id]
    await pause_recording(centre.services, IntakeDoor(centre.services), job)


async def state_of(centre: PhoneCentre, conversation_id: ConversationId) -> Recording:
    async with centre.services.sessions() as session:
        return await recording_of(session, conversation_id)


async def test_the_carrier_is_told_and_the_desk_says_paused(centre: PhoneCentre, carrier: CarrierDouble) -> None:
    conversation_id, reach = await talking(centre, "nora@oslo.example")
    assert await state_of(centre, conversation_id) is Recording.RUNNING
    async with unit_of_work(centre.services.sessions) as session:
        await ask_to_pause(session, utc_now(), reach, conversation_id)
        await ask_to_pause(session, utc_now(), reach, conversation_id)  # a double click
    assert await state_of(centre, conversation_id) is Recording.RUNNING  # not before the carrier has said so
    await carry_out(centre, conversation_id)
    assert carrier.asked("/Calls/")[-1] == {"Status": "paused", "PauseBehavior": "silence"}
    assert await state_of(centre, conversation_id) is Recording.PAUSED
    async with centre.services.sessions() as session:
        left = select(models.Job.id).where(models.Job.kind == "pause_recording")
        assert (await session.scalars(left)).all() == []


async def test_only_who_owns_the_call_may_pause_it(centre: PhoneCentre) -> None:
    conversation_id, _ = await talking(centre, "nils@oslo.example")
    other = Reach(
        Viewer(UserId(10**6), Role.AGENT, frozenset({"service"}), "Other"), {"service": frozenset({"service"})}
    )
    async with centre.services.sessions() as session:
        with pytest.raises(Forbidden):
            await ask_to_pause(session, utc_now(), other, conversation_id)


async def test_a_call_that_is_not_recorded_cannot_be_paused(centre: PhoneCentre, carrier: CarrierDouble) -> None:
    conversation_id, reach = await talking(centre, "nadia@oslo.example", allowed=False)
    assert await state_of(centre, conversation_id) is Recording.NONE
    async with unit_of_work(centre.services.sessions) as session:
        with pytest.raises(Conflict):
            await ask_to_pause(session, utc_now(), reach, conversation_id)
    assert carrier.calls == []
