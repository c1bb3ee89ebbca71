"""The search page: what was said is found, marked and shown as plain text; searches are kept by name."""

import re

import pytest

from crm_core.db import unit_of_work
from crm_core.intake import inbox_ids
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn
from tests.support.desk_seed import MARIA, Seeder

HOSTILE = "<img src=x onerror=alert(1)> sillas <script>alert(2)</script> {{7*7}} \x02sillas"


async def test_a_word_is_found_in_another_form_and_marked(elena: Browser, seeded: dict[str, int]) -> None:
    page = (await elena.get("/desk/search?q=silla")).text
    assert "solo dos <mark>sillas</mark> de las cuatro" in page
    assert f'href="/desk/c/{seeded["maria"]}#m-' in page
    assert "María López" in page


async def test_what_people_wrote_stays_text(elena: Browser, parts: DeskParts, seeded: dict[str, int]) -> None:
    async with unit_of_work(parts.sessions) as session:
        seeder = Seeder(session, parts.now(), await inbox_ids(session), 900)
        await seeder.says(MARIA, HOSTILE, 0)
    page = (await elena.get("/desk/search?q=silla")).text
    assert "&lt;img src=x onerror=alert(1)&gt; <mark>sillas</mark> &lt;script&gt;" in page
    assert "<img" not in page
    assert "<script>" not in page


@pytest.mark.parametrize("query", ["q=%3Cscript%3Ealert(1)%3C/script%3E", "since=%22%3E%3Cscript%3E", "agent=%3Cb%3E"])
async def test_what_was_asked_stays_text(elena: Browser, query: str) -> None:
    page = (await elena.get(f"/desk/search?{query}")).text
    assert "<script>" not in page
    assert "<b>" not in page.split("<main")[1].split("</form>")[0]


async def test_each_finds_only_what_they_may_see(log_in: LogIn, seeded: dict[str, int]) -> None:
    other, grace = await log_in("other"), await log_in("grace")
    assert "Nothing found" in (await other.get("/desk/search?q=sillas")).text
    assert "<mark>sillas</mark>" in (await grace.get("/desk/search?q=sillas")).text


async def test_filters_alone_list_conversations(log_in: LogIn, seeded: dict[str, int]) -> None:
    grace = await log_in("grace")
    page = (await grace.get("/desk/search?channel=telegram")).text
    assert page.count('class="hit-head"') == 1
    assert "Антон Соколов" in page
    assert '<option value="telegram" selected>' in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("q=-silla", "Add one that is rarer"), ("q=silla&since=yesterday", "This is not a date"),
        ("until=9999-12-31", "This is not a date"), ("since=0001-01-01", "This is not a date"),
    ],
)  # fmt: skip
async def test_what_cannot_be_looked_for_is_said(elena: Browser, query: str, sentence: str) -> None:
    answer = await elena.get(f"/desk/search?{query}")
    assert (answer.status_code, sentence in answer.text) == (422, True)


@pytest.mark.parametrize(
    "query", ["before=x", "q=silla&before=99999999999999999999", "agent=1e9", "state=%00", "q=%00&queue=%00", "a=" * 50]
)
async def test_an_odd_address_does_no_harm(elena: Browser, query: str) -> None:
    assert (await elena.get(f"/desk/search?{query}")).status_code in (200, 422)


async def test_a_search_is_kept_by_name_and_forgotten(log_in: LogIn, seeded: dict[str, int]) -> None:
    elena, pavel = await log_in("elena"), await log_in("pavel")
    saved = await elena.post("/desk/search/save", name="Chairs & more", query="q=silla&evil=1&queue=service")
    assert saved.headers["location"] == "/desk/search?q=silla&queue=service"
    page = (await elena.get("/desk/search")).text
    assert 'href="/desk/search?q=silla&amp;queue=service"' in page
    assert "Chairs &amp; more" in page
    found = re.search(r'name="id" value="(\d+)"', page)
    assert found is not None
    await pavel.post("/desk/search/forget", id=found[1])
    assert "Chairs" in (await elena.get("/desk/search")).text
    await elena.post("/desk/search/forget", id=found[1])
    assert "Chairs" not in (await elena.get("/desk/search")).text


async def test_a_search_without_a_name_is_not_kept(elena: Browser) -> None:
    answer = await elena.post("/desk/search/save", name=" ", query="q=silla")
    assert (answer.status_code, "Check what you wrote" in answer.text) == (422, True)
