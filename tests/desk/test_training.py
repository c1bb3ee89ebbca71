"""Lessons are given, progress is seen, a past conversation becomes a lesson without the people in it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.states import Author, Direction
from tests.desk.test_practice import HONEST, REPLY, finished, started
from tests.support.desk_client import Clock, LogIn


async def test_a_lesson_is_given_to_a_team_and_everybody_of_it_sees_it(log_in: LogIn, clock: Clock) -> None:
    grace, elena, other = [await log_in(name) for name in ("grace", "elena", "other")]
    until = (clock.now + timedelta(days=3)).date().isoformat()
    answer = await grace.post("/desk/training", lesson="angry_customer", whom="team:service", until=until)
    assert answer.status_code == 303
    assert "For you" in (await elena.get("/desk/practice")).text
    assert "until 26 Nov" in (await elena.get("/desk/practice")).text
    assert "For you" not in (await other.get("/desk/practice")).text
    table = (await grace.get("/desk/training")).text
    assert table.count("sin empezar") == 2, "Elena and Pavel"


async def test_progress_and_comment(log_in: LogIn, clock: Clock, staff: dict[str, UserId]) -> None:
    grace, elena, pavel = [await log_in(name) for name in ("grace", "elena", "pavel")]
    await grace.post("/desk/training", lesson="late_parcel", whom=f"user:{staff['elena']}", until="")
    run = await finished(elena, clock, REPLY, HONEST, "Anything else?")
    assert "For you" not in (await elena.get("/desk/practice")).text, "it is done"
    page = (await grace.get("/desk/training")).text
    row = page[page.index('scope="row">Elena Moreno') :]
    assert re.search(r"\d+ %", row)
    assert f"/desk/practice/{run}" in row
    answer = await grace.post(f"/desk/training/runs/{run}", comment="Bien <b>dicho</b>")
    assert answer.headers["location"] == f"/desk/practice/{run}"
    assert "Bien &lt;b&gt;dicho&lt;/b&gt;" in (await elena.get(f"/desk/practice/{run}")).text
    assert (await pavel.post(f"/desk/training/runs/{run}", comment="Ha")).status_code == 403


async def test_a_lead_trains_the_own_team_alone(log_in: LogIn, clock: Clock, staff: dict[str, UserId]) -> None:
    lev, other = await log_in("lev"), await log_in("other")
    page = (await lev.get("/desk/training")).text
    assert "Elena Moreno" in page
    assert "Olga Other" not in page
    assert 'value="team:logistics"' not in page
    for whom in (f"user:{staff['other']}", "team:logistics"):
        assert (await lev.post("/desk/training", lesson="late_parcel", whom=whom)).status_code == 403
    run = await finished(other, clock, REPLY)
    assert (await lev.get(f"/desk/practice/{run}")).status_code == 404
    assert (await lev.post(f"/desk/training/runs/{run}", comment="Hi")).status_code == 404


@pytest.mark.parametrize("path", ["/desk/training", "/desk/training/from/1"])
async def test_agents_train_nobody(log_in: LogIn, path: str) -> None:
    elena = await log_in("elena")
    assert (await elena.get(path)).status_code == 403
    assert (await elena.post(path, lesson="late_parcel", whom="team:service")).status_code == 403


async def test_what_was_given_is_taken_back(log_in: LogIn) -> None:
    grace, elena, lev = [await log_in(name) for name in ("grace", "elena", "lev")]
    await grace.post("/desk/training", lesson="refund_status", whom="team:service")
    found = re.search(r'name="assignment" value="(\d+)"', (await grace.get("/desk/training")).text)
    assert found is not None
    assert (await lev.post("/desk/training/withdraw", assignment=found[1])).status_code == 404
    await grace.post("/desk/training/withdraw", assignment=found[1])
    assert "For you" not in (await elena.get("/desk/practice")).text


async def test_giving_says_what_is_missing(log_in: LogIn) -> None:
    grace = await log_in("grace")
    wrong = await grace.post("/desk/training", lesson="late_parcel", whom="team:service", until="tomorrow")
    assert (wrong.status_code, "2026-11-23" in wrong.text) == (422, True)
    assert (await grace.post("/desk/training", lesson="none", whom="team:service")).status_code == 422
    assert (await grace.post("/desk/training", lesson="late_parcel", whom="")).status_code == 422


async def test_a_past_conversation_becomes_a_lesson_without_its_people(
    log_in: LogIn, seeded: dict[str, int], sessions: Sessions, staff: dict[str, UserId]
) -> None:
    grace, elena = await log_in("grace"), await log_in("elena")
    source = seeded["maria_before"]
    assert f"/desk/training/from/{source}" in (await grace.get(f"/desk/quality/{source}")).text
    async with unit_of_work(sessions) as session:
        said = "Soy María López, mi teléfono es +34 612 345 678, pedido 100234."
        replied = "María: el 26 de noviembre llega el pedido 100234. Un saludo, Elena"
        await say_in(session, source, said)
        await say_in(session, source, replied, staff["elena"])
    draft = (await grace.get(f"/desk/training/from/{source}")).text
    for secret in ("María", "López", "612 345", "100234", "Elena", "Moreno"):
        assert secret not in draft[draft.index("<form") :], secret
    assert "26 de noviembre" in draft
    fields = {
        "title": "Una entrega", "goal": "Decir el día", "says_0": "Soy Alex, ¿cuándo llega?", "words_0": "",
        "model_0": "Llega el 26 de noviembre.",
    }  # fmt: skip
    refused = await grace.post(f"/desk/training/from/{source}", **fields)
    assert (refused.status_code, "Léalo todo" in refused.text, "¿cuándo llega?" in refused.text) == (422, True, True)
    assert (await grace.post(f"/desk/training/from/{source}", checked="1", **fields)).status_code == 303
    assert "Una entrega" in (await elena.get("/desk/practice")).text
    async with unit_of_work(sessions) as session:
        (key,) = await session.scalars(text("select 'own_' || id from practice_lesson"))
    run = await started(elena, key)
    await elena.post(f"/desk/c/practice-{run}/accept")
    await elena.post(f"/desk/c/practice-{run}/reply", text="Llega el 26 de noviembre.")
    await elena.post(f"/desk/c/practice-{run}/close", disposition="resolved")
    assert "<q>Llega el 26 de noviembre.</q>" in (await elena.get(f"/desk/practice/{run}")).text
    await grace.post("/desk/training/retire", lesson=key)
    assert (await elena.post("/desk/practice", lesson=key)).status_code == 404
    assert "Una entrega" in (await elena.get(f"/desk/practice/{run}")).text, "what was taken stays"


async def say_in(session: AsyncSession, conversation_id: int, said: str, agent_id: int | None = None) -> None:
    """From the customer, or from this agent."""
    conversation = await session.get_one(models.Conversation, conversation_id)
    row = insert(models.Message).values(
        conversation_id=conversation_id, inbox_id=conversation.inbox_id, text=said, agent_id=agent_id,
        author=Author.AGENT if agent_id else Author.CONTACT, direction=Direction.OUT if agent_id else Direction.IN,
        created_at=conversation.opened_at,
    )  # fmt: skip
    await session.execute(row)


async def test_only_a_closed_conversation_can_be_a_lesson(log_in: LogIn, seeded: dict[str, int]) -> None:
    grace = await log_in("grace")
    answer = await grace.get(f"/desk/training/from/{seeded['maria']}")
    assert (answer.status_code, "conversación cerrada" in answer.text) == (409, True)
