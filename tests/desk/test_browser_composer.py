"""What one writes while the server is slow: nothing is lost, nothing goes out that was not meant to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.support.browser import chromium
from tests.support.desk_app import DeskParts
from tests.support.served_desk import Served, open_queue, press, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]
FILE = {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"Four chairs, 480 EUR"}


@pytest.fixture
async def served(parts: DeskParts, seeded: dict[str, int], browser: Browser) -> AsyncIterator[Served]:
    async with serving(parts, seeded, browser) as desk:
        yield desk


@asynccontextmanager
async def held_back(page: Page, pattern: str, status: int | None = None) -> AsyncIterator[None]:
    """What is asked of these addresses is answered when the block ends, with a failure if a status is given."""
    begun, released = asyncio.Event(), asyncio.Event()

    async def wait(route: Route) -> None:
        begun.set()
        await released.wait()
        await (route.fulfill(status=status) if status else route.continue_())

    await page.route(pattern, wait)
    yield
    await asyncio.wait_for(begun.wait(), 10)
    released.set()


@asynccontextmanager
async def with_maria(served: Served) -> AsyncIterator[Page]:
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        yield page


async def test_a_reply_begun_while_a_note_is_on_its_way_stays(served: Served) -> None:
    async with with_maria(served) as page:
        await press(page, "n")
        await page.keyboard.type("Ask the warehouse.")
        async with held_back(page, "**/note"):
            await press(page, "Control+Enter", "Escape", "r")
            await page.keyboard.type("Llegan el martes.")
        await expect(page.locator(".timeline .m.note").last).to_contain_text("Ask the warehouse.")
        await expect(page.locator("#draft")).to_have_value("Llegan el martes.")
        await press(page, "Escape", "n")
        await expect(page.locator("#draft")).to_have_value("")


async def test_what_is_written_after_a_reply_that_is_on_its_way_stays(served: Served) -> None:
    async with with_maria(served) as page:
        await press(page, "r")
        await page.keyboard.type("Llegan el martes.")
        async with held_back(page, "**/reply"):
            await press(page, "Control+Enter")
            await page.keyboard.type(" Le aviso antes.")
        await expect(page.locator(".held-reply p")).to_have_text("Llegan el martes.")
        await expect(page.locator("#draft")).to_have_value("Le aviso antes.")
        await page.reload()
        await expect(page.locator("#draft")).to_have_value("Le aviso antes.")


async def test_a_sent_reply_is_no_draft_when_one_has_gone_on_to_the_next(served: Served) -> None:
    async with with_maria(served) as page:
        await press(page, "r")
        await page.keyboard.type("Llegan el martes.")
        async with page.expect_response("**/reply"), held_back(page, "**/reply"):
            await press(page, "Control+Enter", "Escape", "k")
            await expect(page.locator(".conv h1")).not_to_have_text("María López")
        await expect(page.locator("#draft")).to_have_value("")
        await expect(page.locator("#composer .send")).to_be_enabled()
        key = f"switchboard:draft:{served.seeded['maria']}:reply"
        await page.wait_for_function("key => localStorage.getItem(key) === null", arg=key)
        await served.open(page, "maria")
        await expect(page.locator(".held-reply p")).to_have_text("Llegan el martes.")
        await expect(page.locator("#draft")).to_have_value("")


GATE_SAYS = """may => {
    document.querySelector("[data-may-reply]").dataset.mayReply = may;
    document.dispatchEvent(new CustomEvent("desk:gate"));
}"""


async def test_a_reply_under_ones_hands_does_not_become_a_note(served: Served) -> None:
    """As a fragment does that was made before one's own deed and comes after its answer."""
    async with with_maria(served) as page:
        await press(page, "r")
        await page.keyboard.type("Llegan")
        await page.evaluate(GATE_SAYS, "no")
        await page.keyboard.type(" el martes.")
        await page.evaluate(GATE_SAYS, "yes")
        await press(page, "Control+Enter")
        await expect(page.locator(".held-reply p")).to_have_text("Llegan el martes.")
        await page.evaluate(GATE_SAYS, "no")
        await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")


async def test_a_reply_that_may_no_longer_be_sent_is_refused_and_stays(served: Served) -> None:
    async with with_maria(served) as page:
        await press(page, "r")
        await page.keyboard.type("Llegan")
        await page.route("**/reply", lambda route: route.fulfill(status=409, body="taken"))
        await page.evaluate(GATE_SAYS, "no")
        await press(page, "Control+Enter")
        await page.wait_for_timeout(300)
        await expect(page.locator("#draft")).to_have_value("Llegan")
        await expect(page.locator(".timeline")).not_to_contain_text("Llegan")


@pytest.mark.parametrize("keys", [("Control+Enter",), ("Control+Shift+Enter", "Enter")], ids=["send", "resolve"])
async def test_a_reply_waits_for_the_file_that_goes_with_it(served: Served, keys: tuple[str, ...]) -> None:
    async with with_maria(served) as page:
        await page.fill("#draft", "Aquí está la oferta.")
        async with held_back(page, "**/files"):
            await page.set_input_files("#composer input[type=file]", FILE)
            await press(page, *keys)
            await expect(page.locator(".held-reply")).to_have_count(0)
        await expect(page.locator(".held-reply")).to_contain_text("offer.txt")
        await expect(page.locator("#draft")).to_have_value("")
        await expect(page.locator("#composer .files li")).to_have_count(0)


async def test_a_file_that_fails_holds_the_reply_back(served: Served) -> None:
    async with with_maria(served) as page:
        await page.fill("#draft", "Aquí está la oferta.")
        async with held_back(page, "**/files", status=503):
            await page.set_input_files("#composer input[type=file]", FILE)
            await press(page, "Control+Shift+Enter", "Enter")
            await expect(page.locator("#resolve")).to_be_visible()
        await expect(page.locator("#composer .files li.failed")).to_contain_text("offer.txt")
        await expect(page.locator("#resolve")).to_be_hidden()
        await expect(page.locator("#draft")).to_have_value("Aquí está la oferta.")
        await expect(page.locator(".held-reply")).to_have_count(0)


async def test_a_key_pressed_before_the_list_has_come_is_meant_for_it(served: Served) -> None:
    """The same list, chosen again: it is read from its top, although its last row had the focus."""
    async with served.page() as page:
        await served.log_in(page)
        await open_queue(page)
        rows = page.locator("[data-row]")
        first = await rows.first.get_attribute("data-row")
        await rows.last.focus()
        async with held_back(page, "**/desk?tab=queue"):
            await press(page, "2", "j")
            await page.wait_for_timeout(200)
            await expect(page.locator("#conversation")).to_have_count(0)
        await expect(page.locator("#conversation")).to_have_attribute("data-conversation", str(first))
