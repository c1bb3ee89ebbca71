"""A new agent finishes a practice lesson in a real browser, by keyboard alone; and what axe says of each page."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from tests.desk.test_training import say_in
from tests.support.browser import chromium, faults
from tests.support.desk_app import DeskParts
from tests.support.served_desk import Served, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]


@pytest.fixture
async def served(parts: DeskParts, seeded: dict[str, int], browser: Browser) -> AsyncIterator[Served]:
    async with serving(parts, seeded, browser) as desk:
        yield desk


async def say(page: Page, served: Served, text: str) -> None:
    """By keyboard; then the customer has typed long enough."""
    await page.keyboard.press("r")
    await page.keyboard.type(text)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".timeline")).to_contain_text(text)
    await expect(page.locator("#draft")).to_have_value("")
    await page.keyboard.press("Escape")
    served.parts.now.pass_by(seconds=10)  # type: ignore[attr-defined]


async def test_a_new_agent_finishes_a_practice_lesson(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await expect(page.locator("#day-card")).to_contain_text("0 of 7")
        await page.goto(f"{served.url}/desk/practice")
        await page.focus("#lesson-late_parcel button")
        await page.keyboard.press("Enter")
        await expect(page.locator(".conv h1")).to_have_text("Ruth Carver")
        await expect(page.locator(".wait")).to_have_attribute("title", "Offered to you until 15:02")
        assert await faults(page) == []
        await page.keyboard.press("a")
        await expect(page.locator("#mode-reply")).to_be_visible()
        await expect(page.locator("#orders")).to_contain_text("8244011704")
        await page.keyboard.press("r")
        await page.keyboard.press("/")
        await expect(page.locator("#macros .choice.first")).to_contain_text("Hello Ruth")
        await page.keyboard.press("Enter")
        await say(page, served, " Sorry! SEUR expects to deliver it on 25 November.")
        await expect(page.locator(".timeline")).to_contain_text("Can you promise me")
        await say(page, served, "I cannot promise it. I will write to you if the day changes.")
        await expect(page.locator(".timeline")).to_contain_text("OK, that helps")
        await say(page, served, "Is there anything else I can do?")
        await expect(page.locator(".gate")).to_contain_text("nothing more to say")
        assert await faults(page) == []
        await page.keyboard.press("e")
        await expect(page.locator("#resolve")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.locator(".score .mark")).to_have_text("100 %")
        assert await faults(page) == []
        await page.goto(f"{served.url}/desk")
        await expect(page.locator("#day-card")).to_contain_text("3 of 7")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_axe_finds_no_fault_in_practice(
    served: Served, staff: dict[str, UserId], scheme: str, width: int
) -> None:
    async with served.page(width, 900, scheme) as page:
        await served.log_in(page, "grace")
        found = {}
        closed = served.seeded["maria_before"]
        async with unit_of_work(served.parts.sessions) as session:
            await say_in(session, closed, "Llega el 26 de noviembre.", staff["elena"])
        for path in ("/desk/practice", "/desk/training", "/desk/first-day", f"/desk/training/from/{closed}"):
            answer = await page.goto(served.url + path)
            assert answer is not None
            assert answer.status == 200
            found[path] = await faults(page)
        await page.goto(f"{served.url}/desk/practice")
        await page.click("#lesson-angry_customer button")
        await expect(page.locator(".list h1")).to_be_visible()
        found["offered"] = await faults(page)
        assert {name: wrong for name, wrong in found.items() if wrong} == {}


async def test_on_a_telephone_the_lesson_is_read_first(served: Served) -> None:
    async with served.page(390, 844) as page:
        await served.log_in(page)
        await page.goto(f"{served.url}/desk/practice")
        await page.click("#lesson-late_parcel button")
        await expect(page.locator(".briefing")).to_be_visible()
        await page.click(".to-conversation")
        await page.click("#accept")
        await expect(page.locator("#draft")).to_be_visible()
        await page.click(".back")
        await expect(page.locator(".briefing")).to_be_visible()
