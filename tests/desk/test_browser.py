"""The desk in a real browser: what only scripts do, and what axe says of every page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import unquote

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.learnt import keep_learnt
from crm_core.signals import Signal, Topic
from crm_core.staff import log_out_everywhere
from crm_core.states import Role
from insight.mining.nightly import learn
from insight.mining.worth import Known
from tests.desk.test_entry import setup_link
from tests.support import known_truths as truth
from tests.support.browser import chromium, faults, picture
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Clock
from tests.support.served_desk import Served, serving
from tests.support.simulated_day import simulated_day, write_events

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]

WIDE = 1440


@pytest.fixture
async def served(parts: DeskParts, seeded: dict[str, int], browser: Browser) -> AsyncIterator[Served]:
    async with serving(parts, seeded, browser) as desk:
        yield desk


async def test_a_draft_and_its_caret_survive_what_arrives(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        await page.fill("#draft", "Le escribo ahora")
        await page.evaluate("document.getElementById('draft').setSelectionRange(3, 3)")
        await served.maria_writes("¿Sigue ahí?")
        await expect(page.locator(".timeline")).to_contain_text("¿Sigue ahí?")
        assert await page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]") == ["draft", 3]
        await page.reload()
        await expect(page.locator("#draft")).to_have_value("Le escribo ahora")


async def test_a_note_that_was_begun_never_turns_into_a_reply(served: Served) -> None:
    """What arrives between the key and the first letter must not send to the customer what is meant for colleagues."""
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        await page.keyboard.press("n")
        await expect(page.locator("#mode-note")).to_have_attribute("aria-selected", "true")
        await served.maria_writes("¿Sigue ahí?")
        await expect(page.locator(".timeline")).to_contain_text("¿Sigue ahí?")
        await page.keyboard.type("Ask the warehouse.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".timeline .m.note").last).to_contain_text("Ask the warehouse.")
        await expect(page.locator(".held")).to_be_empty()


async def test_a_reply_appears_once_and_the_box_is_empty(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        await page.fill("#draft", "Llegan mañana a las diez.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".held").get_by_text("Llegan mañana a las diez.")).to_have_count(1)
        await expect(page.locator("#draft")).to_have_value("")
        await served.parts.signals.tell(Signal(Topic.CONVERSATION, served.seeded["maria"]))
        await page.wait_for_timeout(400)
        await served.undo_is_over("maria")
        await expect(page.locator(".timeline").get_by_text("Llegan mañana a las diez.")).to_have_count(1)
        await expect(page.locator(".held")).to_be_empty()
        await page.wait_for_timeout(400)
        await expect(page.locator(".timeline").get_by_text("Llegan mañana a las diez.")).to_have_count(1)


async def test_a_whole_conversation_by_keyboard(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await page.keyboard.press("2")
        await expect(page.locator("#tab-queue")).to_have_attribute("aria-current", "true")
        await page.keyboard.press("j")
        await expect(page.locator(".conv h1")).to_have_text("Антон Соколов")
        await page.keyboard.press("a")
        await expect(page.locator("#mode-reply")).to_be_visible()
        await page.keyboard.press("r")
        await page.keyboard.type("Перезвоню через пять минут.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#flow")).to_contain_text("Перезвоню через пять минут.")
        await page.keyboard.press("Escape")
        await page.keyboard.press("e")
        await expect(page.locator("#resolve")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.locator("#resolve")).to_be_hidden()
        await expect(page.locator(".gate")).to_contain_text("closed")


async def test_back_returns_to_the_conversation_before(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await page.click(".row:has-text('María')")
        await expect(page.locator(".conv h1")).to_have_text("María López")
        await page.click(".row:has-text('Tom')")
        await expect(page.locator(".conv h1")).to_have_text("Tom Walsh")
        await page.go_back()
        await expect(page.locator(".conv h1")).to_have_text("María López")
        await page.go_back()
        await expect(page.locator(".conv")).to_contain_text("No conversation is open")


async def test_logging_out_elsewhere_leaves_no_page_open(served: Served, staff: dict[str, UserId]) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await served.open(page, "maria")
        async with unit_of_work(served.parts.sessions) as session:
            await log_out_everywhere(session, staff["elena"])
        await served.parts.signals.tell(Signal(Topic.AGENT, staff["elena"], "sessions"))
        wanted = f"/desk/login?next=/desk/c/{served.seeded['maria']}"
        await page.wait_for_url(lambda url: unquote(url).endswith(wanted))


async def test_what_waits_is_counted_in_the_title(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page)
        await expect(page).to_have_title("(3) Inbox · Oslo & Co.")
        await page.click(".row:has-text('María')")
        await expect(page).to_have_title("(3) María López · Oslo & Co.")


async def test_on_a_telephone_panes_are_pages(served: Served) -> None:
    async with served.page(390, 844) as page:
        await served.log_in(page)
        await expect(page.locator("#work")).to_be_hidden()
        await page.click(".row:has-text('María')")
        await expect(page.locator("#list")).to_be_hidden()
        await expect(page.locator(".timeline .entry").last).to_be_in_viewport()
        await page.click(".to-side")
        await expect(page.locator("#side")).to_contain_text("100234")
        await page.click(".side-head button")
        await page.click(".back")
        await expect(page.locator("#list")).to_be_visible()


Show = Callable[[Served, Page], Awaitable[None]]


async def _dialog(served: Served, page: Page, key: str) -> None:
    await served.open(page, "maria")
    await page.keyboard.press(key)
    await expect(page.locator("dialog[open]")).to_be_visible()


async def _correct(served: Served, page: Page) -> None:
    await served.open(page, "maria")
    await page.click(".understood >> nth=0")
    await expect(page.locator("#correct")).to_be_visible()


async def _visit(served: Served, page: Page, path: str) -> None:
    await page.goto(served.url + path)


PAGES: dict[str, Show] = {
    "inbox": lambda served, page: _visit(served, page, "/desk?tab=all"),
    "empty": lambda served, page: _visit(served, page, "/desk?tab=closed"),
    "mine": lambda served, page: served.open(page, "maria"),
    "queued": lambda served, page: served.open(page, "anton"),
    "closed": lambda served, page: served.open(page, "maria_before"),
    "resolve": lambda served, page: _dialog(served, page, "e"),
    "transfer": lambda served, page: _dialog(served, page, "t"),
    "snooze": lambda served, page: _dialog(served, page, "s"),
    "escalate": lambda served, page: _dialog(served, page, "u"),
    "command": lambda served, page: _dialog(served, page, "Control+k"),
    "shortcuts": lambda served, page: _dialog(served, page, "?"),
    "sessions": lambda served, page: _visit(served, page, "/desk/sessions"),
    "correct": _correct,
}


ADMIN_PAGES = (
    "admin/start", "admin/start/company", "admin/start/people", "admin/company", "admin/people", "admin/queues",
    "admin/queues/returns", "admin/hours/main", "admin/sla/standard", "admin/macros", "admin/dispositions/new",
    "admin/consents/recording", "admin/retention", "admin/channels", "admin/erp", "admin/flows", "audit", "quality",
    "trouble",
)  # fmt: skip


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_axe_finds_no_fault_in_settings_and_oversight(
    served: Served, staff: dict[str, UserId], scheme: str, width: int
) -> None:
    async with unit_of_work(served.parts.sessions) as session:
        grace = models.User.id == staff["grace"]
        await session.execute(update(models.User).where(grace).values(role=Role.ADMIN.value, language="ru"))
    async with served.page(width, 900, scheme) as page:
        await served.log_in(page, "grace")
        found = {}
        for name in ADMIN_PAGES:
            await _visit(served, page, f"/desk/{name}")
            found[name] = await faults(page)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_axe_finds_no_fault(served: Served, scheme: str, width: int) -> None:
    async with served.page(width, 900, scheme) as page:
        await served.log_in(page)
        found = {}
        for name, show in PAGES.items():
            await show(served, page)
            found[name] = await faults(page)
        assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_the_bot_understood_is_corrected_and_reviewed(served: Served, scheme: str) -> None:
    async with served.page(1440, 900, scheme) as page:
        await served.log_in(page, "grace")
        await _correct(served, page)
        await expect(page.locator("#correct select")).to_have_value("delivery_partial")
        await page.select_option("#correct select", "complaint")
        await page.click("#correct button[type=submit]")
        await expect(page.locator("#correct")).to_be_hidden()
        await served.parts.signals.tell(Signal(Topic.CONVERSATION, served.seeded["maria"]))
        await expect(page.locator(".understood s").first).to_be_visible()
        await page.goto(f"{served.url}/desk/review")
        assert await faults(page) == []
        await page.click("button[value=accept]")
        await expect(page.locator(".empty")).to_be_visible()
        assert await faults(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault_at_the_entrance(served: Served, clock: Clock, scheme: str) -> None:
    setup = await setup_link(served.parts.sessions, clock)
    async with served.page(1000, 800, scheme) as page:
        found = {}
        for path in ("/desk/login", setup, "/desk/setup/used", "/desk/login?lang=ru"):
            await page.goto(served.url + path)
            found[path] = await faults(page)
        await page.goto(f"{served.url}/desk/login")
        await page.fill("#email", "nobody@oslo.example")
        await page.fill("#password", "wrong")
        await page.click("button[type=submit]")
        await expect(page.locator("#problem")).to_be_visible()
        found["refused"] = await faults(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1440)])
async def test_reports_draw_their_charts_and_filter_themselves(served: Served, scheme: str, width: int) -> None:
    await write_events(served.parts.sessions, simulated_day(23, first_id=1_000_000).told)
    async with served.page(width, 900, scheme) as page:
        await served.log_in(page, "lev")
        await page.goto(f"{served.url}/desk/reports?period=today")
        await expect(page.locator(".chart canvas")).to_have_count(2)
        await page.locator("#definitions summary").click()
        assert await faults(page) == []
        await page.select_option("select[name=channel]", "phone")
        await page.wait_for_url("**channel=phone**")
        await page.goto(f"{served.url}/desk/wallboard")
        await expect(page.locator(".chart canvas")).to_have_count(2)
        assert await faults(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_wallboard_keeps_up_and_says_when_it_cannot(served: Served) -> None:
    async with served.page() as page:
        await served.log_in(page, "lev")
        await page.goto(f"{served.url}/desk/wallboard")
        await page.evaluate("document.querySelector('#board .kpi-value b').textContent = 'old'")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("#board .kpi-value b").first).not_to_have_text("old")
        await page.route("**/desk/wallboard", lambda route: route.abort())
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("[data-stale]")).to_be_visible()


@pytest.mark.parametrize("width", [WIDE, 390])
async def test_the_pages_of_selling_are_accessible_and_fit(served: Served, width: int) -> None:
    async with unit_of_work(served.parts.sessions) as session:
        await keep_learnt(session, learn(Known(truth.shop(2), truth.UNTIL, "EUR")))
    async with served.page(width=width) as page:
        await served.log_in(page, "grace")
        await served.open(page, "maria")
        await page.locator(".lead button").evaluate("button => button.click()")
        await page.wait_for_url("**/desk/leads*")
        await page.locator(".stage details summary").first.click()
        assert await faults(page) == []
        await page.goto(f"{served.url}/desk/campaigns/new")
        await page.fill("[name=name]", "Oak")
        await page.locator("[name^=inbox_]").first.check()
        for code in ("en", "ru", "es"):
            await page.locator(f"[name=text_a_{code}]").evaluate("(field) => { field.value = 'Oak' }")
        await page.click("button[value=save]")
        await expect(page.locator(".ahead .reached")).to_be_visible()
        assert await faults(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for path in ("/desk/campaigns", "/desk/sales", "/desk/customers"):
            await page.goto(f"{served.url}{path}")
            assert await faults(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if width == WIDE:
            await picture(page, "customers-es")
