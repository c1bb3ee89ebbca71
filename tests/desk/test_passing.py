"""Transfer to a colleague, escalate, snooze, wake, take over: what the pages show and what becomes of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.staff import set_agent_state
from crm_core.states import AgentState
from desk.moments import Clockface
from desk.snoozing import NotLater, wake_time
from desk.words import read_catalogues
from tests.desk.test_actions import conversation, texts
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn


async def here(parts: DeskParts, *people: UserId) -> None:
    async with unit_of_work(parts.sessions) as session:
        for user_id in people:
            await set_agent_state(session, parts.now(), user_id, AgentState.AVAILABLE)


Staff = dict[str, UserId]
Ids = dict[str, int]


async def test_the_dialog_lists_who_is_here(elena: Browser, parts: DeskParts, staff: Staff, seeded: Ids) -> None:
    path = f"/desk/c/{seeded['maria']}/colleagues"
    assert "Nobody else is available" in (await elena.part(path)).text
    await here(parts, staff["pavel"], staff["grace"])
    listed = (await elena.part(path)).text
    assert f'value="agent:{staff["pavel"]}"' in listed
    assert "Grace Hill" in listed
    assert "Supervisor" in listed


async def test_a_transfer_to_a_colleague_is_offered_with_who_gave_it(
    log_in: LogIn, elena: Browser, parts: DeskParts, staff: Staff, seeded: Ids
) -> None:
    await here(parts, staff["pavel"])
    answer = await elena.post(f"/desk/c/{seeded['maria']}/transfer", to=f"agent:{staff['pavel']}")
    assert "Offered to Павел Орлов" in answer.text
    page = (await (await log_in("pavel")).get(f"/desk/c/{seeded['maria']}")).text
    assert "Elena Moreno передаёт Вам этот разговор" in page
    assert 'id="decline"' in page


@pytest.mark.parametrize("to", ["", "agent:", "agent:x", "agent:999999", "queue:nowhere", "elsewhere:1"])
async def test_nobody_and_nowhere_are_no_target(elena: Browser, parts: DeskParts, seeded: Ids, to: str) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/transfer", to=to)
    assert answer.status_code in (409, 422)
    assert (await conversation(parts.sessions, seeded["maria"])).state == "assigned"


async def test_who_left_meanwhile_is_given_nothing(elena: Browser, parts: DeskParts, staff: Staff, seeded: Ids) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/transfer", to=f"agent:{staff['pavel']}")
    assert answer.status_code == 409
    assert "not available at the moment" in answer.text


async def test_an_escalation_reaches_the_supervisor_who_is_here(
    log_in: LogIn, elena: Browser, parts: DeskParts, staff: Staff, seeded: Ids
) -> None:
    await here(parts, staff["grace"])
    answer = await elena.post(f"/desk/c/{seeded['maria']}/escalate", text="Pide hablar con la dirección.")
    assert "Offered to Grace Hill" in answer.text
    assert ("internal", "Pide hablar con la dirección.") in await texts(parts.sessions, seeded["maria"])
    grace = await log_in("grace")
    assert "escalada" in (await grace.get("/desk?tab=mine")).text
    assert "Elena Moreno pide un supervisor" in (await grace.get(f"/desk/c/{seeded['maria']}")).text


async def test_without_a_supervisor_it_stays_and_is_marked_until_one_takes_it_over(
    log_in: LogIn, elena: Browser, parts: DeskParts, staff: Staff, seeded: Ids
) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/escalate", text="Refund over my limit.")
    assert "It stays with you, marked" in answer.text
    assert "escalated" in (await elena.get("/desk?tab=mine")).text
    grace = await log_in("grace")
    assert 'id="take-over"' in (await grace.get(f"/desk/c/{seeded['maria']}")).text
    await grace.post(f"/desk/c/{seeded['maria']}/take_over")
    assert (await conversation(parts.sessions, seeded["maria"])).agent_id == staff["grace"]


async def test_an_escalation_says_why(elena: Browser, parts: DeskParts, seeded: Ids) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/escalate", text=" ")
    assert answer.status_code == 422
    assert (await conversation(parts.sessions, seeded["maria"])).escalated_at is None


async def test_what_is_snoozed_rests_in_its_own_list_until_it_is_woken(
    elena: Browser, parts: DeskParts, seeded: Ids
) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/snooze", rest="hour")
    assert "Snoozed until" in answer.text
    resting = await conversation(parts.sessions, seeded["maria"])
    assert (resting.state, resting.snoozed_until) == ("snoozed", parts.now() + timedelta(hours=1))
    row = f'id="row-{seeded["maria"]}"'
    assert row not in (await elena.get("/desk?tab=mine")).text
    assert row in (await elena.get("/desk?tab=snoozed")).text
    page = (await elena.get(f"/desk/c/{seeded['maria']}")).text
    assert 'id="wake"' in page
    assert 'data-may-reply="no"' in page
    answer = await elena.post(f"/desk/c/{seeded['maria']}/wake")
    assert "It is back with you" in answer.text


@pytest.mark.parametrize(
    "fields", [{}, {"rest": "never"}, {"rest": "at"}, {"rest": "at", "at": "2020-01-01T10:00"},
               {"rest": "at", "at": "soon"}, {"rest": "at", "at": "2099-01-01T10:00"}]
)  # fmt: skip
async def test_a_time_that_is_none_is_refused_in_words(elena: Browser, seeded: Ids, fields: dict[str, str]) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/snooze", **fields)
    assert answer.status_code == 422
    assert "still to come, within 90 days" in answer.text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rest": "hour"}, "2026-11-20T23:30:00+00:00"),
        ({"rest": "three_hours"}, "2026-11-21T01:30:00+00:00"),
        ({"rest": "tomorrow"}, "2026-11-21T08:00:00+00:00"),
        ({"rest": "monday"}, "2026-11-23T08:00:00+00:00"),
        ({"rest": "at", "at": "2026-11-21T00:15"}, "2026-11-20T23:15:00+00:00"),
    ],
)
def test_times_are_meant_in_the_agent_s_own_zone(fields: dict[str, str], expected: str) -> None:
    """A Friday, half past eleven at night in Madrid."""
    now = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    clock = Clockface(now, ZoneInfo("Europe/Madrid"), read_catalogues()["en"])
    assert wake_time(clock, fields) == datetime.fromisoformat(expected)


def test_on_a_monday_monday_is_the_next_one() -> None:
    clock = Clockface(datetime(2026, 11, 23, 7, 0, tzinfo=UTC), ZoneInfo("Europe/Madrid"), read_catalogues()["en"])
    assert wake_time(clock, {"rest": "monday"}) == datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    with pytest.raises(NotLater):
        wake_time(clock, {})


async def test_a_whisper_is_marked_and_not_for_the_team(
    log_in: LogIn, elena: Browser, parts: DeskParts, seeded: Ids
) -> None:
    grace, path = await log_in("grace"), f"/desk/c/{seeded['maria']}"
    assert 'data-may-whisper="yes"' in (await grace.get(path)).text
    assert 'data-may-whisper="no"' in (await elena.get(path)).text
    await grace.post(f"{path}/whisper", text="Ofrécele el reembolso.")
    page = (await elena.get(path)).text
    assert "Ofrécele el reembolso." in page
    assert "Whisper from Grace Hill" in page
    assert "Ofrécele el reembolso." not in (await (await log_in("pavel")).get(path)).text
