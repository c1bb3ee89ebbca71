"""The roster: a draft is changed, copied and read from files; only what is published is seen by colleagues."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.models_planning import RosterShift
from tests.desk.test_planning import send
from tests.support.desk_client import Browser, LogIn

WEEK, MADRID = "2026-11-30", ZoneInfo("Europe/Madrid")
ROSTER = b"person;start;end;queues\nelena@oslo.example;2026-11-30 09:00;2026-11-30 17:00;service returns\n"


@pytest.fixture
async def grace(log_in: LogIn) -> Browser:
    return await log_in("grace")


async def put(browser: Browser, person: int, start: str = "09:00", end: str = "17:00", **fields: str) -> int:
    given = {"verb": "put", "week": WEEK, "person": str(person), "day": WEEK, "start": start, "end": end, **fields}
    return (await browser.post("/desk/roster", **given)).status_code


async def drafts(sessions: Sessions) -> list[tuple[datetime, datetime]]:
    async with unit_of_work(sessions) as session:
        row = RosterShift
        statement = select(row.starts_at, row.ends_at).where(row.is_published.is_(False)).order_by(row.starts_at)
        return [(start.astimezone(MADRID), end.astimezone(MADRID)) for start, end in await session.execute(statement)]


async def test_colleagues_see_a_shift_once_it_is_published(
    grace: Browser, elena: Browser, staff: dict[str, UserId]
) -> None:
    assert await put(grace, staff["elena"]) == 303
    assert "09:00" not in (await elena.get("/desk/shifts")).text
    assert (await grace.post("/desk/roster", verb="publish", week=WEEK)).status_code == 303
    assert "09:00 – 17:00" in (await elena.get("/desk/shifts")).text


async def test_what_changes_after_publishing_stays_a_draft(
    grace: Browser, elena: Browser, sessions: Sessions, staff: dict[str, UserId]
) -> None:
    await put(grace, staff["elena"])
    await grace.post("/desk/roster", verb="publish", week=WEEK)
    async with unit_of_work(sessions) as session:
        number = await session.scalar(select(RosterShift.id).where(RosterShift.is_published.is_(False)))
    assert await put(grace, staff["elena"], "11:00", "19:00", shift=str(number)) == 303
    assert "09:00 – 17:00" in (await elena.get("/desk/shifts")).text
    page = (await grace.get(f"/desk/roster?week={WEEK}")).text
    assert "11:00 – 19:00" in page
    assert "ha cambiado desde entonces" in page


async def test_nobody_sees_the_shifts_of_others(grace: Browser, elena: Browser, staff: dict[str, UserId]) -> None:
    await put(grace, staff["pavel"], "07:15", "12:00")
    await grace.post("/desk/roster", verb="publish", week=WEEK)
    assert "07:15" not in (await elena.get("/desk/shifts")).text


async def test_nobody_is_in_two_places(grace: Browser, sessions: Sessions, staff: dict[str, UserId]) -> None:
    assert await put(grace, staff["elena"]) == 303
    assert await put(grace, staff["elena"], "16:00", "20:00") == 409
    assert await put(grace, staff["elena"], "17:00", "20:00") == 303
    assert len(await drafts(sessions)) == 2


async def test_a_night_shift_ends_on_the_next_day(grace: Browser, sessions: Sessions, staff: dict[str, UserId]) -> None:
    assert await put(grace, staff["elena"], "22:00", "06:00") == 303
    [(start, end)] = await drafts(sessions)
    assert (end - start).total_seconds() == 8 * 3600


async def test_a_week_is_copied_by_the_clock(grace: Browser, sessions: Sessions, staff: dict[str, UserId]) -> None:
    """Into the week in which winter time begins."""
    given = {"verb": "put", "week": "2026-10-19", "person": str(staff["elena"]), "day": "2026-10-19"}
    await grace.post("/desk/roster", **given, start="09:00", end="17:00")
    await grace.post("/desk/roster", verb="copy", week="2026-10-26")
    await grace.post("/desk/roster", verb="copy", week="2026-10-26")
    assert [f"{start:%m-%d %H:%M}" for start, _ in await drafts(sessions)] == ["10-19 09:00", "10-26 09:00"]


async def test_a_shift_is_deleted(grace: Browser, sessions: Sessions, staff: dict[str, UserId]) -> None:
    await put(grace, staff["elena"])
    async with unit_of_work(sessions) as session:
        number = await session.scalar(select(RosterShift.id))
    assert (await grace.post("/desk/roster", verb="remove", week=WEEK, shift=str(number))).status_code == 303
    assert await drafts(sessions) == []


async def test_a_file_is_taken_whole_and_once(grace: Browser, sessions: Sessions) -> None:
    for _ in range(2):
        status, told = await send(grace, "/desk/roster/import", ROSTER)
        assert (status, told["href"]) == (200, f"/desk/roster?week={WEEK}")
    assert len(await drafts(sessions)) == 1


async def test_a_file_with_mistakes_is_told_by_line_and_nothing_is_taken(grace: Browser, sessions: Sessions) -> None:
    wrong = ROSTER + (
        b"somebody;2026-12-01 09:00;2026-12-01 17:00;\nPavel;noon;2026-12-01 17:00;\n\n"
        b"elena@oslo.example;2026-12-01 17:00;2026-12-01 09:00;\n"
        b"elena@oslo.example;2026-12-02 09:00;2026-12-02 17:00;x\n"
    )
    status, told = await send(grace, "/desk/roster/import", wrong)
    assert status == 422
    assert [str(each)[:7] for each in told["problems"]] == ["Línea 3", "Línea 4", "Línea 6", "Línea 7"]  # type: ignore[attr-defined]
    assert await drafts(sessions) == []


async def test_a_file_that_overlaps_the_draft_is_not_taken(
    grace: Browser, sessions: Sessions, staff: dict[str, UserId]
) -> None:
    await put(grace, staff["elena"], "12:00", "20:00")
    status, told = await send(grace, "/desk/roster/import", ROSTER)
    assert (status, str(told["problems"])[2:9]) == (422, "Línea 2")
    assert len(await drafts(sessions)) == 1


async def test_every_change_is_written_down(grace: Browser, sessions: Sessions, staff: dict[str, UserId]) -> None:
    await put(grace, staff["elena"])
    await grace.post("/desk/roster", verb="publish", week=WEEK)
    async with unit_of_work(sessions) as session:
        rows = await session.execute(
            select(AuditEntry.object, AuditEntry.detail["verb"].as_string()).where(
                AuditEntry.action == "roster_changed"
            )
        )
        assert [tuple(row) for row in rows] == [(f"roster:{WEEK}", "added"), (f"roster:{WEEK}", "published")]


async def test_an_agent_changes_nothing(elena: Browser, sessions: Sessions, staff: dict[str, UserId]) -> None:
    assert await put(elena, staff["elena"]) == 403
    async with unit_of_work(sessions) as session:
        assert await session.scalar(select(func.count()).select_from(RosterShift)) == 0
