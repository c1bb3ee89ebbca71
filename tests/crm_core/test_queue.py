"""Offers on the real database: made at once, to one agent only, and let go when nobody answers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.routing_jobs import withdraw_all
from crm_core import models
from crm_core.agent_work import accept_conversation, decline_conversation
from crm_core.contracts import ConversationId, UserId
from crm_core.conversations import lock_conversation, transfer
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work
from crm_core.dispatcher import Dispatcher
from crm_core.errors import AlreadyTaken, Conflict
from crm_core.events import Actor
from crm_core.jobs import JobKind
from crm_core.models_routing import AgentSkill
from crm_core.queue import offer, offer_job
from crm_core.routing_rules import read_rules
from crm_core.routing_values import Assignment, Load, Need, Reason, Waiting
from crm_core.signals import Signal, Topic
from crm_core.staff import log_out, open_session, set_agent_state
from crm_core.states import AgentState, Role
from tests.support.factories import Centre, add_user, routing_files


@pytest.fixture
async def desk(centre: Centre) -> Centre:
    """Elena and Pavel are here; Olga serves another queue."""
    await centre.follow(routing_files(offer_timeout_s=20))
    for who in ("elena", "pavel", "olga"):
        await centre.set_state(who)
    return centre


async def route(centre: Centre, after_s: float = 0) -> int:
    """One round of a process that has just started."""
    return await Dispatcher(centre.sessions, lambda: centre.now + timedelta(seconds=after_s)).step()


async def holder(centre: Centre, conversation_id: ConversationId) -> tuple[str, str | None]:
    found = await centre.conversation(conversation_id)
    names = {user_id: name for name, user_id in centre.staff.items()}
    return found.state, names.get(UserId(found.agent_id or 0))


async def alone(centre: Centre, *here: str) -> None:
    for who in {"elena", "pavel", "olga"} - set(here):
        await centre.set_state(who, AgentState.OFFLINE)


async def let_pass(centre: Centre, conversation_id: ConversationId, after_s: float = 20) -> int | None:
    """The timer of the newest offer fires."""
    jobs = [row for row in await centre.rows(models.Job) if row.kind == JobKind.OFFER and "offered_at" in row.payload]
    async with centre.work() as session:
        return await offer_job(session, centre.now + timedelta(seconds=after_s), conversation_id, jobs[-1].payload)


async def test_who_waits_is_offered_with_the_reason(desk: Centre) -> None:
    await alone(desk, "pavel")
    conversation_id = await desk.waiting()
    assert await route(desk, after_s=5) == 1
    assert await holder(desk, conversation_id) == ("offered", "pavel")
    kind, detail = (await desk.events(conversation_id))[-1]
    told = {name: detail[name] for name in ("queue", "waited_s", "timeout_s", "slack_s", "candidates", "ring")}
    assert kind == "offered"
    assert told == {"queue": "service", "waited_s": 5.0, "timeout_s": 20, "slack_s": 115.0, "candidates": 1, "ring": 0}
    stored = (await desk.conversation(conversation_id)).offer
    assert stored is not None
    assert stored["until"] == (desk.now + timedelta(seconds=25)).isoformat()


async def test_another_team_is_offered_nothing(desk: Centre) -> None:
    await alone(desk, "olga")
    conversation_id = await desk.waiting()
    assert await route(desk) == 0
    assert await holder(desk, conversation_id) == ("queued", None)


async def test_skills_and_languages_are_those_of_the_rows(desk: Centre) -> None:
    await desk.follow(routing_files(skills=["claims"], relax_skills_at_slack_s=None))
    conversation_id = await desk.waiting()
    assert await route(desk) == 0
    async with desk.work() as session:
        session.add(AgentSkill(user_id=desk.staff["elena"], kind="skill", name="claims", level=2))
        session.add(AgentSkill(user_id=desk.staff["pavel"], kind="skill", name="claims", level=2))
        session.add(AgentSkill(user_id=desk.staff["elena"], kind="language", name="ru", level=5))
        await session.flush()
    await desk.put_language(conversation_id, "es")
    assert await route(desk) == 1
    assert await holder(desk, conversation_id) == ("offered", "pavel")


async def test_an_accepted_offer_is_theirs_and_tells_promise_and_outcome(desk: Centre) -> None:
    await alone(desk, "pavel")
    conversation_id = await desk.waiting()
    await route(desk)
    async with desk.work() as session:
        await accept_conversation(session, desk.now + timedelta(seconds=8), desk.reach("pavel"), conversation_id)
    kind, detail = (await desk.events(conversation_id))[-1]
    promise = dict(await desk.events(conversation_id))["wait_estimated"]
    assert (kind, detail["how"], detail["waited_s"]) == ("assigned", "offer", 8.0)
    assert (detail["promised_p50_s"], detail["promised_p80_s"]) == (promise["p50_s"], promise["p80_s"])
    assert await let_pass(desk, conversation_id) is None
    assert await holder(desk, conversation_id) == ("assigned", "pavel")


async def test_who_declines_is_passed_by(desk: Centre) -> None:
    conversation_id = await desk.waiting()
    await route(desk)
    _, first = await holder(desk, conversation_id)
    second = {"elena": "pavel", "pavel": "elena"}[first or ""]
    async with desk.work() as session:
        with pytest.raises(Conflict):
            await decline_conversation(session, desk.now, desk.reach(second), conversation_id)
    async with desk.work() as session:
        await decline_conversation(session, desk.now, desk.reach(first or ""), conversation_id)
    assert (await desk.events(conversation_id))[-1][1]["how"] == "declined"
    await route(desk)
    assert await holder(desk, conversation_id) == ("offered", second)


async def test_an_offer_without_an_answer_goes_on_and_the_place_is_kept(desk: Centre) -> None:
    conversation_id = await desk.waiting()
    before = await desk.conversation(conversation_id)
    await route(desk)
    _, first = await holder(desk, conversation_id)
    assert await let_pass(desk, conversation_id) == desk.staff[first or ""]
    after = await desk.conversation(conversation_id)
    assert (after.state, after.queued_at, after.route_by) == ("queued", before.queued_at, before.route_by)
    assert (await desk.events(conversation_id))[-1][1]["how"] == "timed_out"
    await route(desk, after_s=20)
    assert (await holder(desk, conversation_id))[1] not in (first, None)


async def test_who_declined_is_asked_again_when_nobody_else_took_it(desk: Centre) -> None:
    await alone(desk, "pavel")
    conversation_id = await desk.waiting()
    await route(desk)
    async with desk.work() as session:
        await decline_conversation(session, desk.now, desk.reach("pavel"), conversation_id)
    assert await route(desk) == 0
    (again,) = [row for row in await desk.rows(models.Job) if "ask_again" in row.payload]
    assert again.run_at == desk.now + timedelta(seconds=60)
    async with desk.work() as session:
        await offer_job(session, again.run_at, conversation_id, again.payload)
    assert await route(desk) == 1


@pytest.mark.parametrize("state", [AgentState.AWAY, AgentState.OFFLINE])
async def test_who_goes_loses_their_offers_and_gets_no_more(desk: Centre, state: AgentState) -> None:
    await alone(desk, "pavel")
    conversation_id = await desk.waiting()
    await route(desk)
    await desk.set_state("pavel", state)
    assert await holder(desk, conversation_id) == ("queued", None)
    assert (await desk.events(conversation_id))[-1][1]["how"] == "away"
    assert await route(desk) == 0


async def test_the_last_log_out_ends_offers(desk: Centre) -> None:
    await alone(desk, "pavel")
    conversation_id = await desk.waiting()
    await route(desk)
    async with desk.work() as session:
        user = await session.get_one(models.User, desk.staff["pavel"])
        tokens = [(await open_session(session, desk.now, user, "")).token for _ in range(2)]
        await log_out(session, desk.now, tokens[0])
    assert await holder(desk, conversation_id) == ("offered", "pavel")
    async with desk.work() as session:
        await log_out(session, desk.now, tokens[1])
    assert await holder(desk, conversation_id) == ("queued", None)
    changes = [detail for kind, detail in await desk.events(None) if kind == "agent_state_changed"]
    assert changes[-1] == {"state": "offline", "why": "logged_out"}


async def test_capacity_is_shared_and_a_full_agent_gets_no_more(desk: Centre) -> None:
    await alone(desk, "pavel")
    ids = [await desk.waiting(who, inbox=inbox) for who, inbox in zip("abcdefg", ["web", "mail"] * 4, strict=False)]
    assert await route(desk) == 5
    assert Counter([(await holder(desk, each))[1] for each in ids]) == {"pavel": 5, None: 2}


async def test_a_limit_of_a_kind_holds(desk: Centre) -> None:
    await alone(desk, "pavel")
    async with desk.work() as session:
        row = update(models.User).where(models.User.id == desk.staff["pavel"])
        await session.execute(row.values(limits={"chat": 1}))
    for who in "abc":
        await desk.waiting(who)
    assert await route(desk) == 1


async def test_the_agent_of_last_time_is_preferred(desk: Centre) -> None:
    for _ in range(2):
        closed = await desk.assigned("pavel", "maria")
        await desk.close(closed, by="pavel")
    await desk.set_state("pavel")
    conversation_id = await desk.waiting("maria")
    await route(desk)
    assert await holder(desk, conversation_id) == ("offered", "pavel")
    assert (await desk.events(conversation_id))[-1][1]["is_last_agent"] is True


async def test_a_transfer_starts_a_new_segment_without_the_old_refusals(desk: Centre) -> None:
    conversation_id = await desk.assigned("elena")
    async with desk.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        await transfer(session, desk.now, conversation, "billing", Actor.agent(desk.staff["elena"]))
    await route(desk)
    assert await holder(desk, conversation_id) == ("offered", "olga")
    kinds = [kind for kind, _ in await desk.events(conversation_id)]
    assert kinds.count("queued") == 2


async def test_a_line_that_is_too_long_overflows(desk: Centre) -> None:
    await desk.follow(routing_files(overflow={"queue": "billing", "longer_than": 2}))
    ids = [await desk.waiting(who) for who in "abc"]
    assert [(await desk.conversation(each)).queue_key for each in ids] == ["service", "service", "billing"]


async def test_without_rules_nothing_is_offered_and_agents_take_by_hand(centre: Centre) -> None:
    await centre.set_state("pavel")
    conversation_id = await centre.waiting()
    assert await route(centre) == 0
    async with centre.work() as session:
        await accept_conversation(session, centre.now, centre.reach("pavel"), conversation_id)


def assigned(waiting: int, agent: int, load: Load = Load.CHAT) -> Assignment:
    return Assignment(Waiting(waiting, Need("service", load), 0, 0), agent, Reason(0, (), None, 0, 0, 1))


async def claim(sessions: Sessions, now: datetime, wished: Sequence[Assignment]) -> int:
    async with unit_of_work(sessions) as session:
        return len(wished) - len(await offer(session, now, await read_rules(session), wished))


async def test_a_belief_that_is_wrong_by_now_is_refused(desk: Centre) -> None:
    ids = [await desk.waiting(who) for who in "ab"]
    async with desk.work() as session:
        await accept_conversation(session, desk.now, desk.reach("elena"), ids[0])
    await desk.set_state("olga", AgentState.AWAY)
    pavel, olga = desk.staff["pavel"], desk.staff["olga"]
    assert await claim(desk.sessions, desk.now, [assigned(ids[0], pavel)]) == 0
    assert await claim(desk.sessions, desk.now, [assigned(ids[1], olga)]) == 0
    assert await claim(desk.sessions, desk.now, [assigned(ids[1], pavel, Load.CALL)]) == 1


@pytest.fixture
async def crowd(desk: Centre, database_url: str) -> tuple[list[int], list[int], AsyncEngine]:
    """Sixty who wait, twelve agents with five places each, and connections for 32 workers."""
    async with desk.work() as session:
        agents = [await add_user(session, desk.now, f"Agent{n}", Role.AGENT, ["service"]) for n in range(10)]
        for agent in agents:
            await set_agent_state(session, desk.now, agent, AgentState.AVAILABLE)
    waiting = [int(await desk.waiting(f"visitor{number}")) for number in range(60)]
    everybody = [*map(int, agents), int(desk.staff["elena"]), int(desk.staff["pavel"])]
    return waiting, everybody, open_engine(database_url, pool_size=32)


async def test_thirty_two_workers_never_offer_one_conversation_twice(
    desk: Centre, crowd: tuple[list[int], list[int], AsyncEngine]
) -> None:
    waiting, agents, engine = crowd
    sessions = open_sessions(engine)
    dispatchers = [Dispatcher(sessions, lambda: desk.now) for _ in range(32)]
    made = sum(await asyncio.gather(*(dispatcher.step() for dispatcher in dispatchers)))
    for _ in range(5):
        made += sum([await dispatcher.step() for dispatcher in dispatchers])
    await engine.dispose()
    offered = [row for row in await desk.rows(models.Conversation) if row.state == "offered"]
    assert made == len(offered) == 60
    assert Counter(row.agent_id for row in offered) == dict.fromkeys(agents, 5)
    for conversation_id in waiting:
        kinds = [kind for kind, _ in await desk.events(conversation_id)]
        assert kinds.count("offered") == 1


async def test_offers_acceptances_and_leaving_at_once_leave_one_owner_each(
    desk: Centre, crowd: tuple[list[int], list[int], AsyncEngine]
) -> None:
    waiting, _, engine = crowd
    sessions = open_sessions(engine)

    async def take(conversation_id: int, who: str) -> None:
        try:
            async with unit_of_work(sessions) as session:
                await accept_conversation(session, desk.now, desk.reach(who), ConversationId(conversation_id))
        except AlreadyTaken:
            return

    async def leave(who: str) -> None:
        async with unit_of_work(sessions) as session:
            await set_agent_state(session, desk.now, desk.staff[who], AgentState.AWAY)

    work = [Dispatcher(sessions, lambda: desk.now).step() for _ in range(10)]
    work += [take(each, who) for each in waiting[:20] for who in ("lev", "elena")]  # type: ignore[misc]
    await asyncio.gather(*work, leave("pavel"), leave("elena"))
    for job in [row for row in await desk.rows(models.Job) if "withdraw" in row.payload]:
        await withdraw_all(sessions, int(str(job.payload["withdraw"])))
    await engine.dispose()
    rows = await desk.rows(models.Conversation)
    assert not [row for row in rows if row.state == "offered" and row.agent_id == desk.staff["pavel"]]
    for row in rows:
        kinds = [kind for kind, _ in await desk.events(row.id)]
        assert kinds.count("assigned") == (row.state == "assigned")


async def test_signals_bring_the_index_up_to_date(desk: Centre) -> None:
    await alone(desk)
    dispatcher = Dispatcher(desk.sessions, lambda: desk.now)
    assert await dispatcher.step() == 0
    conversation_id = await desk.waiting()
    pavel = await desk.set_state("pavel")
    assert await dispatcher.step() == 0
    await dispatcher.on_signal(Signal(Topic.LINE, conversation_id))
    await dispatcher.on_signal(Signal(Topic.AGENT, pavel, "available"))
    assert await dispatcher.step() == 1
    assert await holder(desk, conversation_id) == ("offered", "pavel")


def test_a_reason_is_kept_as_numbers_and_words() -> None:
    reason = replace(Reason(41.96, ("billing",), "es", 0, 310.04, 3), is_last_agent=True)
    assert reason.as_json() == {
        "slack_s": 42.0, "skills": ["billing"], "language": "es", "ring": 0, "idle_s": 310.0, "candidates": 3,
        "is_last_agent": True, "interrupts": False,
    }  # fmt: skip
