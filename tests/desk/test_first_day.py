"""The first day ticks itself off by what a person really did."""

import re

from sqlalchemy import text

from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.first_day import BY_HAND, SHOWN_FOR, STEPS
from desk.words import read_catalogues
from tests.desk.test_practice import REPLY, finished
from tests.support.desk_client import Browser, Clock, LogIn


async def done_in(browser: Browser) -> set[str]:
    """Which steps have their button no longer."""
    page = (await browser.get("/desk/first-day")).text
    still_open = set(re.findall(r'name="step" value="(\w+)"', page))
    tasks = page[page.index('class="card tasks"') :]
    assert tasks.count("<li") == len(still_open) + tasks.count('"is-done"')
    return set().union(*STEPS.values()) - still_open


async def test_an_agent_s_deeds_tick_themselves_off(elena: Browser, clock: Clock, seeded: dict[str, int]) -> None:
    del seeded
    before = await done_in(elena)
    assert before.isdisjoint({"set_state", "lesson"})
    await elena.post("/desk/state", state="away")
    await finished(elena, clock, REPLY)
    assert {"set_state", "lesson", "accept"} <= await done_in(elena)
    assert "pass_on" not in await done_in(elena)


async def test_a_supervisor_s_too(log_in: LogIn, seeded: dict[str, int]) -> None:
    grace = await log_in("grace")
    await grace.post("/desk/training", lesson="late_parcel", whom="team:service")
    await grace.post(f"/desk/quality/{seeded['maria']}", comment="Bien")
    await grace.post(f"/desk/c/{seeded['maria']}/whisper", text="Ofrécele el sábado")
    assert {"assign", "review", "whisper"} <= await done_in(grace)
    assert "wallboard" not in await done_in(grace)


async def test_another_s_deeds_are_not_one_s_own(log_in: LogIn, elena: Browser, clock: Clock) -> None:
    await finished(elena, clock, REPLY)
    pavel = await log_in("pavel")
    assert "lesson" not in await done_in(pavel)


async def test_what_leaves_no_trace_is_ticked_by_hand(elena: Browser) -> None:
    assert (await elena.post("/desk/first-day", step="shortcuts")).status_code == 200
    assert "shortcuts" in await done_in(elena)
    assert (await elena.post("/desk/first-day", step="backup")).status_code == 404, "on an administrator's list"


async def test_the_card_is_there_until_it_is_put_away(elena: Browser) -> None:
    assert "/desk/first-day/card" in (await elena.get("/desk")).text
    assert "0 of 7 done" in (await elena.part("/desk/first-day/card")).text
    await elena.post("/desk/first-day", verb="close")
    assert (await elena.part("/desk/first-day/card")).text == ""
    assert (await elena.get("/desk/first-day")).status_code == 200


async def test_who_has_been_here_for_long_sees_no_card(
    log_in: LogIn, staff: dict[str, UserId], sessions: Sessions, clock: Clock
) -> None:
    elena = await log_in("elena")
    async with unit_of_work(sessions) as session:
        joined = {"at": clock.now - SHOWN_FOR, "id": staff["elena"]}
        await session.execute(text("update app_user set created_at = :at where id = :id"), joined)
    assert (await elena.part("/desk/first-day/card")).text == ""


def test_every_step_has_its_words() -> None:
    known = read_catalogues()["en"].section("first_day.steps")
    every = set().union(*STEPS.values())
    assert {key.removesuffix("_hint") for key in known} == every
    assert every >= BY_HAND
