"""What the bot understood wrong: corrected under the message, reviewed on a page of its own."""

import re

import pytest

from tests.support.desk_client import Browser, LogIn


async def first_message(browser: Browser, conversation_id: int) -> str:
    page = (await browser.get(f"/desk/c/{conversation_id}")).text
    found = re.search(r'data-fill-message="(\d+)"', page)
    assert found is not None
    return found[1]


async def test_what_the_bot_understood_is_corrected_and_shows_at_once(elena: Browser, seeded: dict[str, int]) -> None:
    number = await first_message(elena, seeded["maria"])
    answer = await elena.post(f"/desk/c/{seeded['maria']}/intent", message=number, intent="complaint")
    assert "A supervisor will review it" in answer.text
    page = (await elena.get(f"/desk/c/{seeded['maria']}")).text
    assert "<s>partial delivery</s> complaint" in page


@pytest.mark.parametrize(
    ("message", "intent", "status"), [("", "complaint", 404), ("1", "made_up", 422), ("x", "", 422)]
)
async def test_a_correction_of_nothing_is_refused(
    elena: Browser, seeded: dict[str, int], message: str, intent: str, status: int
) -> None:
    answer = await elena.post(f"/desk/c/{seeded['maria']}/intent", message=message, intent=intent)
    assert answer.status_code == status


async def test_a_supervisor_accepts_in_words_of_their_own(
    log_in: LogIn, elena: Browser, seeded: dict[str, int]
) -> None:
    number = await first_message(elena, seeded["maria"])
    await elena.post(f"/desk/c/{seeded['maria']}/intent", message=number, intent="complaint")
    grace = await log_in("grace")
    page = (await grace.get("/desk/review")).text
    assert "me llegaron solo dos sillas" in page
    action = re.search(r'action="(/desk/review/\d+)"', page)
    assert action is not None
    too_much = await grace.post(action[1], verdict="accept", text="x" * 501)
    assert too_much.status_code == 422
    assert (await grace.post(action[1], verdict="accept", text="Solo dos sillas")).status_code == 303
    assert "Nada que revisar" in (await grace.get("/desk/review")).text
    assert (await grace.post(action[1], verdict="dismiss")).status_code == 409


async def test_signals_of_the_handoff_are_told_to_the_agent(elena: Browser, seeded: dict[str, int]) -> None:
    page = (await elena.get(f"/desk/c/{seeded['maria']}")).text
    card = page.split('class="handoff"')[1].split("</details>")[0]
    assert "urgent" in card
    assert "516,00\xa0€" in card
    assert "1 contact before, in 30 days" in card
