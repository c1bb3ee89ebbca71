"""The reports page, its file and the wallboard: who sees them, what they say, what a spreadsheet makes of the file."""

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from desk.report_csv import RISKY, harmless
from tests.support.desk_client import Browser, LogIn
from tests.support.simulated_day import SimulatedDay, simulated_day, write_events

PAGES = ("/desk/reports", "/desk/reports/csv", "/desk/wallboard")
PERIOD = "period=custom&from=2026-11-23&to=2026-11-23"


@pytest.fixture
async def day(sessions: Sessions, staff: dict[str, UserId]) -> SimulatedDay:
    """The simulated agents 1 and 2 are Elena and Pavel."""
    simulated = simulated_day(23, first_id=1_000_000)
    await write_events(sessions, simulated.told)
    ids = {f"agent:{number}": staff[name] for number, name in ((1, "elena"), (2, "pavel"))}
    async with unit_of_work(sessions) as session:
        for actor, user_id in ids.items():
            of = models.Event.data["agent_id"].as_string() == actor.removeprefix("agent:")
            told = models.Event.data.op("||")({"agent_id": user_id})
            await session.execute(update(models.Event).where(of).values(data=told))
    return simulated


async def lines_of(browser: Browser, query: str = PERIOD) -> list[dict[str, str]]:
    answer = await browser.get(f"/desk/reports/csv?{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


ALLOWED = {"elena": 403, "other": 403, "lev": 200, "grace": 200}


async def test_only_who_leads_sees_figures(log_in: LogIn) -> None:
    """Every route by every role; and the area offers what may be opened."""
    for name, status in ALLOWED.items():
        browser = await log_in(name)
        found = {path: (await browser.get(path)).status_code for path in PAGES}
        assert found == dict.fromkeys(PAGES, status), name
        area = (await browser.http.get("/desk/oversight", follow_redirects=True)).text
        assert ("/desk/reports" in area, "/desk/wallboard" in area) == (status == 200, status == 200)


async def test_a_stranger_is_shown_the_entrance(visitor: Browser) -> None:
    for path in PAGES:
        assert (await visitor.get(path)).headers["location"].startswith("/desk/login")


async def test_the_page_says_what_happened(log_in: LogIn, day: SimulatedDay) -> None:
    grace = await log_in("grace")
    seen = sum(each.queued_us <= timedelta(hours=6) / timedelta(microseconds=1) for each in day.segments)
    page = (await grace.get(f"/desk/reports?{PERIOD}")).text
    offered = re.search(r'id="figure-offered".*?<td>(\d+)</td>', page)
    assert offered is not None
    assert int(offered[1]) == seen
    assert "Devoluciones y reclamaciones" in page


async def test_a_lead_sees_their_own_queues_and_people(log_in: LogIn, day: SimulatedDay) -> None:
    """Lev leads the team “claims”, which serves returns alone."""
    lev = await log_in("lev")
    page = (await lev.get(f"/desk/reports?{PERIOD}")).text
    assert "Returns and claims" in page
    assert "Invoices and payments" not in page
    assert "Olga Other" not in page
    found = {(line["By"], line["Value"]) for line in await lines_of(lev)}
    assert {value for by, value in found if by == "Queue"} == {"Returns and claims"}
    foreign = await lines_of(lev, f"{PERIOD}&queue=billing")
    assert {line["n"] for line in foreign} == {"0"}
    board = (await lev.get("/desk/wallboard")).text
    assert "Returns and claims" in board
    assert "Invoices and payments" not in board


async def test_a_filter_narrows_the_page_and_the_file(log_in: LogIn, day: SimulatedDay) -> None:
    grace = await log_in("grace")
    whole, phone = await lines_of(grace), await lines_of(grace, f"{PERIOD}&channel=phone")
    assert 0 < int(phone[0]["n"]) < int(whole[0]["n"])


ODD = (
    "period=never", "period=custom&from=x&to=9999-99-99", "period=custom&from=2026-11-30&to=2020-01-01", "by=colour",
    "within=abc", "queue=%00", "queue=" + "x" * 500, "agent=1'%20or%201=1", "channel=%22%3E%3Cscript%3E",
    "period=today", "period=yesterday", "period=month", "period=custom&from=0001-01-01&to=0001-01-01",
)  # fmt: skip


async def test_an_odd_question_still_gets_a_page(log_in: LogIn) -> None:
    grace = await log_in("grace")
    for query in ODD:
        answer = await grace.get(f"/desk/reports?{query}")
        assert answer.status_code == 200, query
        assert "<script>" not in answer.text


async def test_the_file_says_what_each_figure_means_and_rests_on(log_in: LogIn, day: SimulatedDay) -> None:
    lines = await lines_of(await log_in("lev"))
    level = next(line for line in lines if line["Figure"] == "Service level, 20\u00a0s" and not line["By"])
    assert 0 <= float(level["Low (95 %)"]) <= float(level["Now"]) <= float(level["High (95 %)"]) <= 1
    assert int(level["n"]) > 0
    assert "excl_short" in level["How it is counted"]


FORMULAS = ('=HYPERLINK("http://evil.example")', "+1", "-1+1", "@SUM(A1)", "\tx", "\r=1", "\n=1")


async def test_no_cell_of_the_file_is_a_formula(
    log_in: LogIn, sessions: Sessions, staff: dict[str, UserId], day: SimulatedDay
) -> None:
    """OWASP, CSV Injection: a colleague's name is text of people, and a spreadsheet would run it."""
    grace = await log_in("grace")
    for name in FORMULAS:
        async with unit_of_work(sessions) as session:
            await session.execute(update(models.User).where(models.User.id == staff["elena"]).values(name=name))
        answer = await grace.get(f"/desk/reports/csv?{PERIOD}")
        text = io.StringIO(answer.content.decode("utf-8-sig"), newline="")
        cells = [cell for line in csv.reader(text) for cell in line]
        assert f"'{name}" in cells
        assert [cell for cell in cells if cell.startswith(RISKY)] == []
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"].startswith("attachment")


def test_a_plain_number_stays_one() -> None:
    assert [harmless(cell) for cell in ("12.5", "Ana", "")] == ["12.5", "Ana", ""]


async def test_the_pages_hold_nothing_that_the_policy_forbids(log_in: LogIn, day: SimulatedDay) -> None:
    grace = await log_in("grace")
    for path in ("/desk/reports", "/desk/wallboard"):
        page = (await grace.get(path)).text
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


async def test_the_wallboard_counts_who_waits_now(log_in: LogIn, seeded: dict[str, int]) -> None:
    grace = await log_in("grace")
    part = (await grace.part("/desk/wallboard")).text
    assert "<html" not in part
    waiting = re.search(r"Esperando ahora</h2><p class=\"kpi-value\"><b>(\d+)</b>", part)
    assert waiting is not None
    assert int(waiting[1]) == 2


async def test_an_empty_period_says_what_to_do(log_in: LogIn) -> None:
    page = (await (await log_in("lev")).get("/desk/reports?period=yesterday")).text
    assert "Choose a longer period" in page
