import asyncio

from sqlalchemy import select

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.dispatcher import Dispatcher
from crm_core.staff import set_agent_state
from crm_core.states import AgentState
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn
from tests.support.desk_seed import release_all


async def conversation(sessions: Sessions, conversation_id: int) -> models.Conversation:
    async with sessions() as session:
        found = await session.get(models.Conversation, conversation_id)
        assert found is not None
        return found


async def texts(sessions: Sessions, conversation_id: int) -> list[tuple[str, str]]:
    statement = select(models.Message.visibility, models.Message.text).where(
        models.Message.conversation_id == conversation_id
    )
    async with sessions() as session:
        return [(visibility, text) for visibility, text in await session.execute(statement.order_by(models.Message.id))]


async def test_accepting_makes_it_mine(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    answer = await elena.post(f"/desk/c/{seeded['anton']}/accept")
    assert (await conversation(sessions, seeded["anton"])).state == "assigned"
    assert "It is yours now" in answer.text
    assert 'data-may-reply="yes"' in answer.text


async def offered_to(parts: DeskParts, user_id: UserId) -> None:
    """They are available, alone, and one round of routing was made."""
    async with unit_of_work(parts.sessions) as session:
        await set_agent_state(session, parts.now(), user_id, AgentState.AVAILABLE)
    assert await Dispatcher(parts.sessions, parts.now).step() > 0


async def test_an_offer_is_shown_with_its_time_its_reason_and_both_answers(
    elena: Browser, parts: DeskParts, staff: dict[str, UserId], seeded: dict[str, int]
) -> None:
    await offered_to(parts, staff["elena"])
    listed = (await elena.get("/desk?tab=mine")).text
    assert "offered to you" in listed
    page = (await elena.get(f"/desk/c/{seeded['anton']}")).text
    assert 'id="accept"' in page
    assert 'id="decline"' in page
    assert "This is offered to you" in page
    assert "Why you" in page
    assert "only you could take it" in page
    assert 'data-promised="30"' in page


async def test_an_offer_that_is_declined_goes_back_into_the_line(
    elena: Browser, parts: DeskParts, staff: dict[str, UserId], seeded: dict[str, int]
) -> None:
    await offered_to(parts, staff["elena"])
    answer = await elena.post(f"/desk/c/{seeded['anton']}/decline")
    assert "It goes on to the next colleague" in answer.text
    left = await conversation(parts.sessions, seeded["anton"])
    assert (left.state, left.passed_by) == ("queued", [staff["elena"]])


async def test_what_is_not_offered_to_one_cannot_be_declined(elena: Browser, seeded: dict[str, int]) -> None:
    assert (await elena.post(f"/desk/c/{seeded['anton']}/decline")).status_code == 409


async def test_of_two_who_accept_at_once_one_gets_it(log_in: LogIn, seeded: dict[str, int]) -> None:
    people = [await log_in("elena"), await log_in("pavel")]
    answers = await asyncio.gather(*(person.post(f"/desk/c/{seeded['anton']}/accept") for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer.text for answer in answers if answer.status_code == 409)
    assert "Somebody else" in refused or "кто-то другой" in refused


async def test_a_reply_is_stored_and_shown(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    page = (await elena.get(f"/desk/c/{seeded['maria']}")).text
    last = page.rsplit('data-entry="', 1)[1].split('"')[0]
    answer = await elena.post(f"/desk/c/{seeded['maria']}/reply", text="Llegan mañana.\r\nSaludos", after=last)
    assert answer.text.count('id="held-reply-') == 1
    assert "Llegan mañana." in answer.text
    assert ("public", "Llegan mañana.\nSaludos") not in await texts(sessions, seeded["maria"])
    await release_all(sessions, seeded["maria"])
    assert (await texts(sessions, seeded["maria"]))[-1] == ("public", "Llegan mañana.\nSaludos")


async def test_a_reply_is_taken_back_within_its_time_and_not_after(
    log_in: LogIn, elena: Browser, sessions: Sessions, seeded: dict[str, int]
) -> None:
    before = await texts(sessions, seeded["maria"])
    answer = await elena.post(f"/desk/c/{seeded['maria']}/reply", text="Llegan mañana.")
    held_id = answer.text.split('id="held-reply-')[1].split('"')[0]
    pavel = await log_in("pavel")
    page = (await pavel.get(f"/desk/c/{seeded['maria']}")).text
    assert "Llegan mañana." in page
    assert "data-undo" not in page
    assert (await pavel.post(f"/desk/c/{seeded['maria']}/undo", held=held_id)).status_code == 409
    undone = await elena.post(f"/desk/c/{seeded['maria']}/undo", held=held_id)
    assert "held-reply" not in undone.text
    await release_all(sessions, seeded["maria"])
    assert await texts(sessions, seeded["maria"]) == before
    late = await elena.post(f"/desk/c/{seeded['maria']}/undo", held=held_id)
    assert "cannot be taken back" in late.text


async def test_a_note_stays_inside(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    await elena.post(f"/desk/c/{seeded['daria']}/note", text="Asked accounting.")
    assert (await texts(sessions, seeded["daria"]))[-1] == ("internal", "Asked accounting.")


async def test_nothing_is_not_sent(elena: Browser, seeded: dict[str, int]) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/reply", text=" \n ")
    assert answer.status_code == 422
    assert "Write something first" in answer.text


async def test_too_much_is_not_sent(elena: Browser, seeded: dict[str, int]) -> None:
    assert (await elena.post(f"/desk/c/{seeded['maria']}/reply", text="x" * 10_001)).status_code == 422


async def test_a_transfer_moves_it_to_another_queue(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/transfer", to="queue:billing")
    moved = await conversation(sessions, seeded["maria"])
    assert (moved.state, moved.queue_key, moved.agent_id) == ("queued", "billing", None)
    assert "Invoices and payments" in answer.text


async def test_what_goes_to_another_team_leaves_the_screen(log_in: LogIn, seeded: dict[str, int]) -> None:
    pavel = await log_in("pavel")
    answer = await pavel.post(f"/desk/c/{seeded['daria']}/transfer", to="queue:billing")
    assert answer.status_code == 200
    # billing is served by the team “service” too, so it stays in sight
    assert 'hx-target="#head-' in answer.text


async def test_an_unknown_queue_or_disposition_is_refused(elena: Browser, seeded: dict[str, int]) -> None:
    assert (await elena.post(f"/desk/c/{seeded['maria']}/transfer", to="queue:nowhere")).status_code == 422
    assert (await elena.post(f"/desk/c/{seeded['maria']}/close", disposition="bored")).status_code == 422


async def test_resolving_closes_with_the_reason(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/close", disposition="resolved")
    closed = await conversation(sessions, seeded["maria"])
    assert (closed.state, closed.disposition) == ("closed", "resolved")
    assert "Resolved" in answer.text
    assert (await elena.get(f"/desk/c/{seeded['maria']}")).text.count("Elena Moreno closed it: Resolved") == 1


async def test_send_and_resolve_does_both_or_neither(
    elena: Browser, sessions: Sessions, seeded: dict[str, int]
) -> None:
    path = f"/desk/c/{seeded['maria']}/close"
    before = await texts(sessions, seeded["maria"])
    assert (await elena.post(path, disposition="bored", text="Adiós")).status_code == 422
    assert await texts(sessions, seeded["maria"]) == before
    held = await elena.post(path, disposition="resolved", text="Adiós")
    assert "then resolved" in held.text
    assert await texts(sessions, seeded["maria"]) == before
    assert (await conversation(sessions, seeded["maria"])).state == "assigned"


async def test_a_closed_conversation_takes_no_reply(elena: Browser, seeded: dict[str, int]) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria_before']}/reply", text="Hola")
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text


async def test_one_s_own_state_is_changed(elena: Browser) -> None:
    answer = await elena.post("/desk/state", state="away")
    assert "Away" in answer.text
    assert 'class="dot away"' in (await elena.get("/desk")).text


async def test_a_state_that_nobody_chooses_is_refused(elena: Browser) -> None:
    assert (await elena.post("/desk/state", state="offline")).status_code == 422
