"""A supervisor's story in a real browser: plan the days to come, ask what-if, publish a roster; and what axe says."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from crm_core import models
from crm_core.arrival_counts import NightForecast, keep_arrivals, keep_forecast, note_what_came
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.staff import viewer_of
from tests.support.browser import chromium, faults, picture
from tests.support.desk_app import DeskParts
from tests.support.planning import expected_on, weeks_before
from tests.support.served_desk import Served, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]
TODAY = date(2026, 11, 23)
ROSTER = "person,start,end,queues\n" + "".join(
    f"{name}@oslo.example,2026-11-{day} {start},2026-11-{day} {end},\n"
    for day in range(24, 29)
    for name, start, end in (("elena", "09:00", "17:00"), ("pavel", "10:00", "18:00"), ("other", "12:00", "20:00"))
)


@pytest.fixture
async def served(
    parts: DeskParts, seeded: dict[str, int], staff: dict[str, UserId], browser: Browser
) -> AsyncIterator[Served]:
    """Sixteen weeks of contacts are known, and two weeks of nightly forecasts."""
    days = weeks_before(TODAY)
    async with unit_of_work(parts.sessions) as session:
        await session.execute(update(models.User).where(models.User.id == staff["grace"]).values(language="en"))
        grace = await session.get(models.User, staff["grace"])
        assert grace is not None
        await keep_arrivals(session, parts.now(), viewer_of(grace), "", days)
        for on in list(days)[-14:]:
            expected, naive = tuple(expected_on(on).tolist()), days[on - timedelta(days=7)]
            await keep_forecast(session, parts.now(), NightForecast("", on, expected, naive))
            await note_what_came(session, "", on, days[on])
    async with serving(parts, seeded, browser) as desk:
        yield desk


async def _send_roster(page: Page, content: str) -> None:
    await page.set_input_files("[data-take] input[type=file]", {
        "name": "roster.csv", "mimeType": "text/csv", "buffer": content.encode(),
    })  # fmt: skip


async def test_a_supervisor_plans_asks_what_if_and_publishes(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page, "grace")
        await page.goto(f"{served.url}/desk/planning")
        await expect(page.locator(".chart canvas")).to_have_count(2)
        await expect(page.locator(".gaps li").first).to_contain_text("short")
        await page.click("text=Open the roster")
        await _send_roster(page, ROSTER.replace("pavel@", "nobody@"))
        await expect(page.locator(".told")).to_contain_text("Line 3: “nobody@oslo.example” is nobody here")
        await _send_roster(page, ROSTER)
        await expect(page.locator(".shift")).to_have_count(15)
        await page.click("text=Publish the week")
        await expect(page.locator("p[role=status]").first).to_contain_text("Published")
        await picture(page, "roster-en")
        await page.goto(f"{served.url}/desk/planning")
        await expect(page.locator(".chart canvas")).to_have_count(2)
        await picture(page, "planning-en")
        before = await page.locator("#formula").inner_text()
        await page.fill("input[name=people]", "2")
        await expect(page.locator("#formula")).not_to_have_text(before)
        await page.click("text=Simulate")
        await expect(page.locator("#simulated caption")).to_contain_text("three simulated days", timeout=60_000)
        await page.evaluate("document.querySelector('.whatif').scrollIntoView()")
        await picture(page, "whatif-en")


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1440, "en"), ("dark", 390, "ru")])
async def test_axe_finds_no_fault_in_planning(
    served: Served, staff: dict[str, UserId], scheme: str, width: int, language: str
) -> None:
    async with unit_of_work(served.parts.sessions) as session:
        await session.execute(update(models.User).where(models.User.id == staff["grace"]).values(language=language))
    async with served.page(width, 844, scheme) as page:
        await served.log_in(page, "grace")
        found = {}
        for path in ("planning", "planning?queue=billing", "roster", "roster?week=2026-11-23", "shifts"):
            await page.goto(f"{served.url}/desk/{path}")
            found[path] = await faults(page)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert {path: wrong for path, wrong in found.items() if wrong} == {}
