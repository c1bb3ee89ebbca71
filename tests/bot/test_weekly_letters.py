"""The weekly report by mail: to who asked and still may, once a week, enclosed as a file."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.printing import Printer
from bot.weekly_letters import WeeklyLetters
from config.business import read_business
from config.settings import ROOT
from crm_core import models
from crm_core.blobs import FolderBlobStore
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import Forbidden
from crm_core.report_letters import subscribe
from crm_core.staff import NewUser, create_user, viewer_of
from crm_core.states import Role
from desk.services import NoPrinter

MONDAY = datetime.fromisoformat("2026-11-23T08:00:00+01:00")
NOWHERE = Printer(Path("/nonexistent/chromium"))


@pytest.fixture
def letters(sessions: Sessions, tmp_path: Path) -> WeeklyLetters:
    business = read_business(ROOT / "config")
    return WeeklyLetters(sessions, business, FolderBlobStore(tmp_path), NOWHERE, "https://desk.example", ("greeting",))


async def subscribed(sessions: Sessions, name: str, role: Role = Role.SUPERVISOR, language: str = "ru") -> int:
    async with unit_of_work(sessions) as session:
        new = NewUser(f"{name}@oslo.example", name.title(), role, (), language, "correct horse battery staple")
        user_id = await create_user(session, MONDAY, new)
        user = await session.get_one(models.User, user_id)
        await subscribe(session, MONDAY, viewer_of(user), wanted=True)
    return user_id


async def sent(sessions: Sessions) -> list[dict[str, object]]:
    async with unit_of_work(sessions) as session:
        return [*(await session.scalars(select(models.Job.payload).where(models.Job.kind == "mail"))).all()]


async def test_who_asked_gets_the_week_once_and_the_next_week_again(
    sessions: Sessions, letters: WeeklyLetters
) -> None:  # fmt: skip
    await subscribed(sessions, "grace")
    await letters.write(MONDAY - timedelta(hours=3))  # five in the morning
    assert await sent(sessions) == []
    for hours in (0, 1, 30):
        await letters.write(MONDAY + timedelta(hours=hours))
    (letter,) = await sent(sessions)
    assert letter["to"] == "grace@oslo.example"
    assert letter["subject"] == "Oslo & Co.: отчёт за неделю, 16 нояб. – 22 нояб."
    (token,) = letter["files"]  # type: ignore[misc]
    file = await letters.blobs.get(token)
    assert file is not None
    assert (file.name, file.content_type) == ("switchboard-2026-11-16.html", "text/html")
    page = file.content.decode()
    assert "Экономический анализ" in page
    assert "<script" not in page
    assert "/static/" not in page  # it loads nothing
    await letters.write(MONDAY + timedelta(days=7))
    assert len(await sent(sessions)) == 2


async def test_who_may_supervise_no_longer_gets_nothing(sessions: Sessions, letters: WeeklyLetters) -> None:
    user_id = await subscribed(sessions, "grace")
    async with unit_of_work(sessions) as session:
        user = models.User.id == user_id
        await session.execute(update(models.User).where(user).values(role=Role.AGENT.value))
    await letters.write(MONDAY)
    assert await sent(sessions) == []
    with pytest.raises(Forbidden):
        await subscribed(sessions, "elena", Role.AGENT)


async def test_a_missing_printer_says_so() -> None:
    with pytest.raises(NoPrinter):
        await NOWHERE.to_pdf("<p>")
