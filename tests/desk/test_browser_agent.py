"""An agent's day in a real browser: by keyboard alone, with a colleague in the way and a supervisor behind."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.staff import set_agent_state
from crm_core.states import AgentState
from tests.support.browser import chromium, faults
from tests.support.desk_app import DeskParts
from tests.support.served_desk import Served, listening, open_queue, press, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]


@pytest.fixture
async def served(
    parts: DeskParts, seeded: dict[str, int], database_url: str, browser: Browser
) -> AsyncIterator[Served]:
    """With signals through PostgreSQL, as in service."""
    async with listening(database_url, parts.signals.tell), serving(parts, seeded, browser) as desk:
        yield desk


MACRO = "Hola, María: soy Elena, de Oslo & Co.; he leído lo que nos ha escrito y lo estoy revisando."


async def answer_with_a_macro(page: Page) -> None:
    """Sent, taken back, sent again, resolved."""
    await press(page, "r", "/")
    await expect(page.locator("#macros .choice.first")).to_contain_text("Hola, María")
    await press(page, "Enter")
    await expect(page.locator("#draft")).to_have_value(MACRO)
    await press(page, "Control+Enter")
    await expect(page.locator(".held-reply")).to_contain_text("Hola, María")
    assert await faults(page) == []
    await press(page, "Control+z")
    await expect(page.locator(".held-reply")).to_have_count(0)
    await expect(page.locator("#draft")).to_have_value(MACRO)
    await press(page, "Control+Enter")
    await expect(page.locator(".held-reply")).to_have_count(1)
    await press(page, "Escape", "e")
    await expect(page.locator("#resolve")).to_be_visible()
    await press(page, "Enter")
    await expect(page.locator("#resolve")).to_be_hidden()
    await expect(page.locator(".gate")).to_contain_text("closed")
    await expect(page.locator(".timeline")).to_contain_text("Hola, María")


async def snooze_by_name(page: Page) -> None:
    await press(page, "Control+k")
    await page.keyboard.type("tom walsh")
    await expect(page.locator("#found .choice")).to_have_count(1)
    await press(page, "Enter")
    await expect(page.locator(".conv h1")).to_have_text("Tom Walsh")
    await press(page, "s")
    await expect(page.locator("#snooze")).to_be_visible()
    await press(page, "ArrowDown", "Enter")
    await expect(page.locator("#snooze")).to_be_hidden()
    await expect(page.locator(".gate")).to_contain_text("Snoozed until")


async def escalate_the_first_of_the_queue(page: Page) -> None:
    await open_queue(page)
    await press(page, "j")
    await expect(page.locator(".conv h1")).to_have_text("Антон Соколов")
    await press(page, "a")
    await expect(page.locator("#mode-reply")).to_be_visible()
    await press(page, "u")
    await expect(page.locator("#escalate")).to_be_visible()
    await page.keyboard.type("He was promised a call twice.")
    await press(page, "Tab", "Tab", "Enter")
    await expect(page.locator("#escalate")).to_be_hidden()
    await expect(page.locator(".timeline")).to_contain_text("He was promised a call twice.")
    await expect(page.locator(".marked")).to_contain_text("escalated")


async def test_an_agent_works_several_contacts_in_a_row_by_keyboard_alone(served: Served) -> None:
    """One from the list, one by name, one from the queue; the mouse is never touched."""
    async with served.page() as page:
        await served.log_in(page)
        await press(page, "j", "j")
        await expect(page.locator(".conv h1")).to_have_text("María López")
        await answer_with_a_macro(page)
        await snooze_by_name(page)
        await escalate_the_first_of_the_queue(page)


DOES_AT_ONCE = """([place, does]) => new MutationObserver((_, observer) => {
    observer.disconnect();
    for (const each of does) document.querySelector(each).click();
}).observe(document.getElementById(place), { childList: true })"""


async def test_what_a_key_does_to_what_has_only_just_come_stays(served: Served) -> None:
    """A dialog that vanished again would send the next keys elsewhere; a note that became a reply, to the customer."""
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        await page.evaluate(DOES_AT_ONCE, ["work", ["#mode-note", "[data-opens=snooze]"]])
        await press(page, "k")
        await expect(page.locator(".conv h1")).to_have_text("Tom Walsh")
        await page.wait_for_timeout(100)
        await expect(page.locator("#snooze")).to_be_visible()
        await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")


async def test_a_row_that_has_only_just_come_is_followed_without_leaving_the_page(served: Served) -> None:
    """A whole new page would lose the keys that are pressed while it loads."""
    async with served.page() as page:
        await served.log_in(page)
        await page.evaluate(DOES_AT_ONCE, ["list", ["[data-row]"]])
        await press(page, "2")
        await expect(page.locator(".conv h1")).to_be_visible()
        assert await page.evaluate("performance.getEntriesByType('navigation')[0].name") == f"{served.url}/desk"


async def test_the_command_bar_finds_what_can_be_done_now(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        await press(page, "Control+k")
        assert await faults(page) == []
        await page.keyboard.type("snoo")
        await expect(page.locator("#command .choice:visible")).to_have_count(2)
        await press(page, "Enter")
        await expect(page.locator("#snooze")).to_be_visible()
        await press(page, "Escape", "Control+k")
        await page.keyboard.type("accept")
        await expect(page.locator("#command [data-nothing]")).to_be_visible()


async def test_two_agents_see_each_other_and_only_one_can_answer(served: Served) -> None:
    async with served.page() as hers, served.page() as his:
        await served.log_in(hers)
        await served.open(hers, "maria")
        await served.log_in(his, "pavel")
        await served.open(his, "maria")
        await expect(hers.locator(".here")).to_contain_text("Павел Орлов has this open")
        await expect(his.locator(".here")).to_contain_text("Elena Moreno")
        assert await faults(hers) == []
        await hers.locator("#draft").press_sequentially("Hola")
        await expect(his.locator(".here")).to_contain_text("пишет ответ")
        await expect(his.locator("#mode-reply")).to_be_hidden()
        await his.goto(f"{served.url}/desk")
        await expect(hers.locator(".here")).to_be_empty()


async def test_a_supervisor_listens_unseen_whispers_and_takes_over(served: Served) -> None:
    async with served.page() as hers, served.page() as above:
        await served.log_in(hers)
        await served.open(hers, "maria")
        await served.log_in(above, "grace")
        await served.open(above, "maria")
        await served.maria_writes("¿Y bien?")
        await expect(above.locator(".timeline")).to_contain_text("¿Y bien?")
        await expect(hers.locator(".here")).to_be_empty()
        await press(above, "h")
        await above.keyboard.type("Ofrécele el reembolso.")
        await press(above, "Control+Enter")
        await expect(hers.locator(".whisper")).to_contain_text("Ofrécele el reembolso.")
        assert await faults(hers) == []
        await press(above, "Escape", "w")
        await expect(above.locator("#mode-reply")).to_be_visible()
        await expect(hers.locator(".gate")).to_contain_text("Grace Hill has this conversation")


async def test_a_transfer_to_a_colleague_by_keyboard(served: Served, staff: dict[str, UserId]) -> None:
    async with unit_of_work(served.parts.sessions) as session:
        await set_agent_state(session, served.parts.now(), staff["pavel"], AgentState.AVAILABLE)
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        await press(page, "t")
        await expect(page.locator("#transfer")).to_contain_text("Павел Орлов")
        assert await faults(page) == []
        await page.locator(f"#transfer input[value='agent:{staff['pavel']}']").focus()
        await press(page, "Space", "Enter")
        await expect(page.locator("#toasts")).to_contain_text("Offered to Павел Орлов")
