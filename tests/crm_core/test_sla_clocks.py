"""Promises on the real database: started, paused, met, and broken by the job of the very moment."""

from datetime import timedelta

import pytest

from config.routing_files import Policy
from crm_core import models
from crm_core.agent_work import accept_conversation, reply
from crm_core.contracts import ConversationId, JsonObject
from crm_core.conversations import lock_conversation
from crm_core.escalation import escalate
from crm_core.events import EventKind
from crm_core.jobs import JobKind
from crm_core.models_routing import SlaClock
from crm_core.routing_rules import RoutingFiles
from crm_core.sla_clocks import Moment, timer_fired
from tests.support.factories import Centre, routing_files


@pytest.fixture
async def promising(centre: Centre) -> Centre:
    """Two minutes to the first reply, five to the next, an hour to the end."""
    await centre.follow(routing_files())
    return centre


def later(centre: Centre, seconds: float) -> None:
    centre.now += timedelta(seconds=seconds)


async def timers(centre: Centre) -> list[tuple[str, float, JsonObject]]:
    """What each is for, in how many seconds it fires, and its payload."""
    clocks = {clock.id: clock.kind for clock in await centre.rows(SlaClock)}
    rows = [row for row in await centre.rows(models.Job) if row.kind == JobKind.SLA]
    return [
        (f"{clocks[int(str(row.payload['clock_id']))]} {row.payload['moment']}",
         (row.run_at - centre.now).total_seconds(), row.payload)
        for row in rows
    ]  # fmt: skip


async def fire(centre: Centre, conversation_id: ConversationId, name: str) -> bool:
    """The timer of that name fires now; whether it broke the promise."""
    payload = next(payload for timer, _, payload in reversed(await timers(centre)) if timer == name)
    async with centre.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        moment = Moment(str(payload["moment"]))
        broken = await timer_fired(session, centre.now, conversation, int(str(payload["clock_id"])), moment)
        if broken is not None:
            await escalate(session, centre.now, conversation, broken)
    return broken is not None


async def told(centre: Centre, conversation_id: ConversationId) -> list[str]:
    return [
        f"{kind} {detail['clock']}"
        for kind, detail in await centre.events(conversation_id)
        if kind.startswith("sla_") or kind == EventKind.ESCALATED
    ]


async def answer(centre: Centre, conversation_id: ConversationId) -> None:
    async with centre.work() as session:
        await accept_conversation(session, centre.now, centre.reach("elena"), conversation_id)
        await reply(session, centre.now, centre.reach("elena"), conversation_id, "Hello")


async def test_coming_into_line_starts_the_clocks_with_a_timer_for_each_moment(promising: Centre) -> None:
    conversation_id = await promising.waiting()
    assert await told(promising, conversation_id) == ["sla_started first_response", "sla_started resolution"]
    assert [(name, in_s) for name, in_s, _ in await timers(promising)] == [
        ("first_response warn", 96), ("first_response due", 120), ("resolution warn", 2880), ("resolution due", 3600),
    ]  # fmt: skip
    assert (await promising.conversation(conversation_id)).due_at == promising.now + timedelta(seconds=120)


async def test_a_promise_is_warned_of_then_broken_once(promising: Centre) -> None:
    conversation_id = await promising.waiting()
    later(promising, 96)
    assert not await fire(promising, conversation_id, "first_response warn")
    assert not await fire(promising, conversation_id, "first_response warn")
    assert not await fire(promising, conversation_id, "first_response due")
    later(promising, 24)
    assert await fire(promising, conversation_id, "first_response due")
    assert not await fire(promising, conversation_id, "first_response due")
    assert (await told(promising, conversation_id))[2:] == ["sla_warned first_response", "sla_breached first_response"]


async def test_a_reply_in_time_keeps_the_promise_and_its_timer_finds_nothing(promising: Centre) -> None:
    conversation_id = await promising.waiting()
    later(promising, 60)
    await answer(promising, conversation_id)
    later(promising, 60)
    assert not await fire(promising, conversation_id, "first_response due")
    assert (await told(promising, conversation_id))[2:] == ["sla_met first_response"]


async def test_a_late_reply_is_not_called_kept(promising: Centre) -> None:
    conversation_id = await promising.waiting()
    later(promising, 120)
    await fire(promising, conversation_id, "first_response due")
    await answer(promising, conversation_id)
    assert (await told(promising, conversation_id))[2:] == ["sla_breached first_response"]


async def test_the_next_message_starts_the_next_promise_once(promising: Centre) -> None:
    conversation_id = await promising.waiting()
    await answer(promising, conversation_id)
    for _ in range(2):
        await promising.write()
    assert (await told(promising, conversation_id)).count("sla_started next_response") == 1
    later(promising, 300)
    assert await fire(promising, conversation_id, "next_response due")


async def test_the_time_in_which_the_customer_is_waited_for_does_not_count(promising: Centre) -> None:
    conversation_id = await promising.waiting()
    later(promising, 100)
    await answer(promising, conversation_id)
    later(promising, 5_000)
    assert not await fire(promising, conversation_id, "resolution due")
    await promising.write()
    assert (await timers(promising))[-1][:2] == ("resolution due", 3500)
    later(promising, 3500)
    assert await fire(promising, conversation_id, "resolution due")


async def test_closing_ends_every_clock(promising: Centre) -> None:
    conversation_id = await promising.waiting()
    await answer(promising, conversation_id)
    await promising.close(conversation_id)
    assert [clock.ended_at for clock in await promising.rows(SlaClock)] == [promising.now] * 2
    later(promising, 3600)
    assert not await fire(promising, conversation_id, "resolution due")


def with_escalation() -> RoutingFiles:
    files = routing_files()
    policies = [Policy.model_validate({**each.model_dump(), "escalate_to": "billing"}) for each in files.policies]
    return RoutingFiles(files.queues, files.calendars, policies)


async def test_a_broken_promise_escalates_who_waits_and_keeps_their_place(promising: Centre) -> None:
    await promising.follow(with_escalation())
    conversation_id = await promising.waiting()
    before = await promising.conversation(conversation_id)
    later(promising, 120)
    await fire(promising, conversation_id, "first_response due")
    after = await promising.conversation(conversation_id)
    assert (after.queue_key, after.queued_at, after.route_by) == ("billing", before.queued_at, before.route_by)
    assert (await told(promising, conversation_id))[-1] == "escalated first_response"


async def test_who_is_served_stays_with_their_agent_when_a_promise_breaks(promising: Centre) -> None:
    await promising.follow(with_escalation())
    conversation_id = await promising.waiting()
    async with promising.work() as session:
        await accept_conversation(session, promising.now, promising.reach("elena"), conversation_id)
    later(promising, 120)
    await fire(promising, conversation_id, "first_response due")
    after = await promising.conversation(conversation_id)
    assert (after.queue_key, after.agent_id) == ("service", promising.staff["elena"])
    assert (await told(promising, conversation_id))[-1] == "escalated first_response"
