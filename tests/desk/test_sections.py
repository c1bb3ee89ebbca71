"""The areas beside the inbox: who is offered which page, and that each page knows its place."""

import re

import pytest
from sqlalchemy import update

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.states import Role
from desk.sections import AREAS
from tests.support.desk_app import DeskParts
from tests.support.desk_client import LogIn

ROLES = {"elena": Role.AGENT, "lev": Role.LEAD, "grace": Role.SUPERVISOR, "pavel": Role.ADMIN}


@pytest.fixture
async def admin(parts: DeskParts, staff: dict[str, UserId]) -> None:
    async with unit_of_work(parts.sessions) as session:
        pavel = models.User.id == staff["pavel"]
        await session.execute(update(models.User).where(pavel).values(role=Role.ADMIN.value, language="en"))


@pytest.mark.parametrize("name", ROLES)
async def test_everybody_is_offered_what_they_may_open_and_nothing_else(log_in: LogIn, admin: None, name: str) -> None:
    browser, role = await log_in(name), ROLES[name]
    for section in (section for area in AREAS for section in area.sections):
        may = section in next(area for area in AREAS if section in area.sections).open_to(role)
        answer = await browser.get(section.href)
        assert answer.status_code == (200 if may else 403), section.key


async def test_each_page_is_marked_in_the_column_of_its_area(log_in: LogIn, admin: None) -> None:
    browser = await log_in("pavel")
    for area in AREAS:
        for section in area.sections:
            page = (await browser.get(section.href)).text
            marked = re.findall(r'<a href="([^"]+)" aria-current="page"', page)
            assert marked == [section.href]
            assert all(f'href="{other.href}"' in page for other in area.sections)


async def test_the_rail_has_one_link_an_area(log_in: LogIn, admin: None) -> None:
    offered = {}
    for name in ROLES:
        page = (await (await log_in(name)).get("/desk")).text
        offered[name] = re.findall(r'class="rail-link" href="(/desk/[^"]+)"', page)
    assert offered == {
        "elena": ["/desk/search", "/desk/leads", "/desk/quality", "/desk/learning"],
        "lev": ["/desk/search", "/desk/selling", "/desk/oversight", "/desk/learning"],
        "grace": ["/desk/search", "/desk/selling", "/desk/oversight", "/desk/learning"],
        "pavel": ["/desk/search", "/desk/selling", "/desk/oversight", "/desk/learning", "/desk/admin"],
    }


async def test_an_area_without_a_page_for_me_is_closed(log_in: LogIn) -> None:
    elena = await log_in("elena")
    assert (await elena.get("/desk/admin")).status_code == 403
    assert (await elena.get("/desk/oversight")).headers["location"] == "/desk/quality"
