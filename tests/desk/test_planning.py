"""The planning page: who opens it, what it refuses, what it says, and what a change would bring."""

import json
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from crm_core.db import Sessions, unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.models_planning import KnownArrivals
from tests.support.desk_client import BASE, Browser, LogIn
from tests.support.planning import as_file, weeks_before

TODAY = date(2026, 11, 23)
FILE = as_file(weeks_before(TODAY))
ROUTES = ("/desk/planning", "/desk/roster")


async def send(browser: Browser, path: str, content: bytes) -> tuple[int, dict[str, object]]:
    headers = {"X-CSRF-Token": browser.csrf, "Origin": BASE, "Content-Type": "text/csv"}
    answer = await browser.http.post(path, content=content, headers=headers)
    return answer.status_code, answer.json() if answer.headers["content-type"].startswith("application/json") else {}


@pytest.fixture
async def grace(log_in: LogIn) -> Browser:
    return await log_in("grace")


@pytest.fixture
async def planned(grace: Browser) -> Browser:
    """With sixteen weeks of contacts from a file."""
    status, _ = await send(grace, "/desk/planning/arrivals", FILE)
    assert status == 200
    return grace


@pytest.mark.parametrize(("name", "status"), [("elena", 403), ("lev", 403), ("grace", 200)])
async def test_only_supervisors_plan(log_in: LogIn, name: str, status: int) -> None:
    browser = await log_in(name)
    assert {(await browser.get(path)).status_code for path in ROUTES} == {status}


@pytest.mark.parametrize("path", ["/desk/planning/arrivals", "/desk/planning/simulate", "/desk/roster/import"])
async def test_an_agent_can_send_nothing(elena: Browser, sessions: Sessions, path: str) -> None:
    assert (await send(elena, path, FILE))[0] in (400, 403)
    async with unit_of_work(sessions) as session:
        assert await session.scalar(select(func.count()).select_from(KnownArrivals)) == 0


async def test_too_short_a_past_is_refused_with_what_is_missing(grace: Browser) -> None:
    page = (await grace.get("/desk/planning")).text
    assert "Días abiertos con contactos: 0; hacen falta: 70" in re.sub(r"\s+", " ", page)
    assert "data-plan" not in page


async def test_a_file_of_earlier_contacts_makes_a_forecast(planned: Browser) -> None:
    page = (await planned.get("/desk/planning")).text
    told = json.loads(re.search(r'data-plan="contacts" data-values="([^"]+)"', page)[1].replace("&#34;", '"'))  # type: ignore[index]
    assert len(told["at"]) == 7 * 48
    expected, low, high = (told["series"][key] for key in ("expected", "low", "high"))
    assert sum(expected) == pytest.approx(480 * 5.5, rel=0.06)
    assert all(below <= each <= above for below, each, above in zip(low, expected, high, strict=True))
    assert sum(told["series"]["needed"]) > sum(told["series"]["rostered"]) == 0
    assert "faltan" in page


async def test_a_file_with_mistakes_is_told_by_line_and_nothing_is_taken(grace: Browser, sessions: Sessions) -> None:
    lines = b"DateTime,Calls\n2026-11-02 09:00,4\nyesterday,4\n2026-11-02 09:30,many\n2026-11-30 09:00,4"
    status, told = await send(grace, "/desk/planning/arrivals", lines)
    assert status == 422
    assert [str(each).split(":", 1)[0] for each in told["problems"]] == ["Línea 3", "Línea 4", "Línea 5"]  # type: ignore[attr-defined]
    async with unit_of_work(sessions) as session:
        assert await session.scalar(select(func.count()).select_from(KnownArrivals)) == 0


async def test_taking_contacts_is_written_down(planned: Browser, sessions: Sessions) -> None:
    async with unit_of_work(sessions) as session:
        detail = select(AuditEntry.detail).where(AuditEntry.action == "arrivals_imported")
        assert await session.scalar(detail) == {"queue": "", "days": 112}


async def test_the_formula_answers_a_change_at_once(planned: Browser) -> None:
    day = (TODAY + timedelta(days=1)).isoformat()
    page = (await planned.part(f"/desk/planning/whatif?day={day}&people=-1&handling=20")).text
    level = re.search(r"<th scope=\"row\">Respuesta en[^<]*</th><td>([\d,]+).*?</td><td>([\d,]+)", page)
    assert level is not None
    base, then = (float(each.replace(",", ".")) for each in level.groups())
    assert then < base - 10


async def test_the_simulation_tells_how_far_it_is_and_what_came_out(planned: Browser) -> None:
    day = (TODAY + timedelta(days=1)).isoformat()
    answer = await planned.post("/desk/planning/simulate", day=day, people="3")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["done"] for line in lines[:-1]] == [1, 2, 3, 4, 5, 6]
    assert "tres días simulados" in lines[-1]["html"]
    assert "±" in lines[-1]["html"]
