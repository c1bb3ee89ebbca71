"""What people do at the desk stands in the audit trail, for administrators to read."""

import pytest
from sqlalchemy import select, update

from crm_core import models
from crm_core.db import unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.states import Role
from tests.support.desk_app import DeskParts
from tests.support.desk_client import STAFF, Browser, LogIn

LINE = '<li><p class="hit-head">'


async def trail(parts: DeskParts) -> list[tuple[str, str | None]]:
    async with parts.sessions() as session:
        rows = await session.execute(select(AuditEntry.action, AuditEntry.object).order_by(AuditEntry.id))
        return [(action, named) for action, named in rows]


async def admin(log_in: LogIn, parts: DeskParts) -> Browser:
    async with unit_of_work(parts.sessions) as session:
        grace = models.User.email == STAFF["grace"].email
        await session.execute(update(models.User).where(grace).values(role=Role.ADMIN.value, language="en"))
    return await log_in("grace")


async def test_log_ins_searches_and_reading_others_are_written_down(
    log_in: LogIn, visitor: Browser, parts: DeskParts, seeded: dict[str, int]
) -> None:
    assert (await visitor.log_in("elena", "wrong")).status_code == 401
    elena, grace = await log_in("elena"), await log_in("grace")
    await elena.get(f"/desk/c/{seeded['maria']}")
    await grace.part(f"/desk/c/{seeded['maria']}")
    await grace.get(f"/desk/quality/{seeded['tom']}")
    await grace.get("/desk/search?q=Secreta&queue=service")
    assert await trail(parts) == [
        ("login_refused", None), ("logged_in", None), ("logged_in", None),
        ("transcript_read", f"conversation:{seeded['maria']}"), ("transcript_read", f"conversation:{seeded['tom']}"),
        ("searched", None),
    ]  # fmt: skip
    async with parts.sessions() as session:
        last = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    assert last is not None
    assert last.detail == {"fields": ["q", "queue"]}


async def test_an_administrator_reads_and_checks_the_trail(
    log_in: LogIn, parts: DeskParts, seeded: dict[str, int]
) -> None:
    ada = await admin(log_in, parts)
    assert "/desk/audit" in (await ada.http.get("/desk/oversight", follow_redirects=True)).text
    await ada.get(f"/desk/c/{seeded['maria']}")
    page = (await ada.get("/desk/audit?check=1")).text
    for said in ("Read a conversation", f"conversation {seeded['maria']}", "Grace Hill", "All 2 entries are as"):
        assert said in page
    assert page.count(LINE) == 2
    assert (await ada.get("/desk/audit?action=logged_in&since=2000-01-02")).text.count(LINE) == 1
    assert (await ada.get("/desk/audit?since=soon")).status_code == 422
    assert (await ada.get("/desk/audit?actor=%00&object=%3Cb%3E&before=9e9")).status_code == 200


@pytest.mark.parametrize("name", ["elena", "other", "grace"])
async def test_nobody_else_reads_it(log_in: LogIn, name: str) -> None:
    browser = await log_in(name)
    assert (await browser.get("/desk/audit")).status_code == 403
    assert "/desk/audit" not in (await browser.get("/desk")).text
