"""A manager fills in the economic analysis and prints it, in a real browser; and the PDF that Chromium makes of it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from bot.printing import Printer
from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from tests.support.browser import chromium, faults, picture
from tests.support.desk_app import DeskParts
from tests.support.served_desk import Served, serving
from tests.support.two_periods import FIRST, INTRODUCED, LAST, LAST_BEFORE, write_two_periods

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]
COSTS = {
    "cost_installation": ("2000", "4000", "9000"), "cost_integration": ("3000", "8000", "20000"),
    "cost_training": ("1000", "2500", "6000"), "cost_support": ("1000", "3000", "6000"),
    "cost_infrastructure": ("800", "1200", "2500"), "cost_telephony": ("500", "900", "2000"),
    "worth_agent_hour": ("14", "18", "25"), "worth_rescued_contact": ("1", "4", "9"),
}  # fmt: skip


@pytest.fixture
async def served(
    parts: DeskParts, seeded: dict[str, int], staff: dict[str, UserId], browser: Browser
) -> AsyncIterator[Served]:
    parts.to_pdf = Printer().to_pdf
    async with unit_of_work(parts.sessions) as session:
        await session.execute(update(models.User).where(models.User.id == staff["grace"]).values(language="en"))
    await write_two_periods(parts.sessions)
    async with serving(parts, seeded, browser) as desk:
        yield desk


async def fill_in(page: Page) -> None:
    for name, value in {
        "baseline_first": FIRST, "baseline_last": LAST_BEFORE, "first": INTRODUCED, "last": LAST,
    }.items():  # fmt: skip
        await page.fill(f"input[name={name}]", value.isoformat())
    for name, values in COSTS.items():
        for end, value in zip(("low", "mode", "high"), values, strict=True):
            await page.fill(f"input[name={name}_{end}]", value)
    await page.click("button[value=save]")
    await expect(page.locator("[role=status]")).to_be_visible()


async def test_a_manager_fills_in_the_economic_analysis_and_prints_it(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page, "grace")
        await page.goto(f"{served.url}/desk/five-steps")
        await expect(page.locator(".hinted").last).to_contain_text("Nothing is written down yet")
        await fill_in(page)
        await expect(page.locator(".drawing li")).not_to_have_count(0)
        assert await faults(page) == []
        await picture(page, "five-steps-economics-en")
        answer = await page.request.get(f"{served.url}/desk/five-steps/report.pdf")
        assert answer.status == 200
        body = await answer.body()
        assert body.startswith(b"%PDF")
        await page.goto(f"{served.url}/desk/five-steps/print")
        await expect(page.locator(".step")).to_have_count(5)
        await page.emulate_media(media="print")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_axe_finds_no_fault_in_the_five_steps(
    served: Served, staff: dict[str, UserId], scheme: str, width: int
) -> None:
    async with unit_of_work(served.parts.sessions) as session:
        await session.execute(update(models.User).where(models.User.id == staff["grace"]).values(language="ru"))
    async with served.page(width, 900, scheme) as page:
        await served.log_in(page, "grace")
        found = {}
        for step in ("economics", "goals", "processes", "scope", "selection", "print"):
            await page.goto(f"{served.url}/desk/five-steps/{step}")
            for summary in await page.locator("details.inputs:not([open]) summary").all():
                await summary.click()
            found[step] = await faults(page)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), step
        assert {step: wrong for step, wrong in found.items() if wrong} == {}
