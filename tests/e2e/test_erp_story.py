"""“Where is my order” from a live Tryton: told line by line, kept while it is down, said honestly, told again."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.browser import picture
from tests.support.erp_subjects import NO_TRYTON, has_tryton
from tests.support.people import ANSWER_MS, Agent, Customer
from tests.support.stack import Stack
from tests.support.tryton_server import DATABASE, TrytonServer, running_tryton

pytestmark = pytest.mark.skipif(not has_tryton, reason=NO_TRYTON)
STALE_S = 12.0
QUESTION = "Где мой заказ WEB-3?"
ON_THE_WAY, STILL_HERE = r"Уже в пути: 1 × Wi-Fi router; 5 × Cable 3 m", r"Ещё не отправлено: 2 × Wi-Fi router"
AS_OF, DOWN = r"Так было в \d\d:\d\d; сейчас система не отвечает", r"не могу заглянуть в систему заказов"
LINK = "https://track.example/TRACK-PART-1"


@pytest.fixture(scope="module")
def tryton() -> Iterator[TrytonServer]:
    with running_tryton() as server:
        yield server


@pytest.fixture(scope="module")
def shop(stack: Stack, tryton: TrytonServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A serving process that asks Tryton, with a short memory."""
    short = {"ORDER_TTL_S": "0.1", "CUSTOMER_TTL_S": "0.1", "STALE_TTL_S": str(STALE_S), "PAUSE_S": "0.5"}
    extra = {f"SWITCHBOARD_ERP__{name}": value for name, value in short.items()}
    shop = Stack(tmp_path_factory.mktemp("shop") / "var", extra={**stack.extra, **extra, "TRYTON_KEY": tryton.key})
    shop.share(stack)
    erp = f"{{name: shop, kind: tryton, url: '{tryton.url}', database: {DATABASE}, key_env: TRYTON_KEY}}"
    tracking = "tracking: {Postal Service: 'https://track.example/{number}'}"
    Path(shop.directory / "config" / "erp.yml").write_text(f"erps: [{erp}]\n{tracking}\n")
    shop.start("serve")
    yield shop
    shop.end()


@pytest.fixture
async def ada(browser: Browser, shop: Stack) -> AsyncIterator[Customer]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    yield Customer(await context.new_page(), shop.base_url)
    await context.close()


@pytest.fixture
async def elena(browser: Browser, shop: Stack) -> AsyncIterator[Agent]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    agent = Agent(await context.new_page(), shop.base_url)
    await agent.log_in("elena@oslo.example")
    yield agent
    await context.close()


async def ask_and_prove(customer: Customer) -> None:
    await customer.open("ru")
    await customer.say(QUESTION)
    await customer.sees("почт")
    await customer.say("ada@example.com")
    await customer.sees(STILL_HERE)


async def answer_to(customer: Customer, pattern: str) -> None:
    """Ask once more; the newest thing said must match."""
    before = await customer.log.locator(".bubble").count()
    await customer.say(QUESTION)
    newest = customer.log.locator(".bubble").nth(before + 1)
    await expect(newest).to_contain_text(re.compile(pattern), timeout=ANSWER_MS)


async def panel(page: Page, pattern: str) -> None:
    await expect(page.locator("#orders")).to_contain_text(re.compile(pattern), timeout=ANSWER_MS)


async def test_an_order_is_told_while_the_erp_comes_and_goes(
    ada: Customer, elena: Agent, tryton: TrytonServer, browser: Browser
) -> None:
    await ask_and_prove(ada)
    await ada.sees(ON_THE_WAY)
    await expect(ada.log.locator(f"a.card-link[href='{LINK}']")).to_be_visible()
    await picture(ada.page, "erp-partial-ru")

    await show_the_agent(browser, ada.base_url, elena)
    await elena.page.reload()
    await panel(elena.page, "TRACK-PART-1")
    await answer_to(ada, ON_THE_WAY)  # what is kept from here on is told for STALE_S
    tryton.stop()
    await answer_to(ada, rf"{ON_THE_WAY}[\s\S]*{AS_OF}")
    await elena.page.reload()
    await panel(elena.page, r"The ERP does not answer[\s\S]*TRACK-PART-1")

    await asyncio.sleep(STALE_S)
    await answer_to(ada, DOWN)
    await expect(ada.chat.get_by_role("button", name="Позвать человека").last).to_be_visible()
    await elena.page.reload()
    await panel(elena.page, "The ERP does not answer at the moment")

    tryton.start()
    await answer_to(ada, rf"{ON_THE_WAY}(?![\s\S]*{AS_OF})")


async def show_the_agent(browser: Browser, base_url: str, elena: Agent) -> None:
    """Ada writes from another device, too, and there asks for a person: who sees the same, in the ERP's own words."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    phone = Customer(await context.new_page(), base_url)
    await ask_and_prove(phone)
    await phone.say("Хочу поговорить с человеком")
    await expect(phone.chat.locator("#queue")).to_be_visible(timeout=ANSWER_MS)
    await elena.take_newest()
    await panel(elena.page, r"WEB-3[\s\S]*6 of 8[\s\S]*Wi-Fi router[\s\S]*TRACK-PART-1[\s\S]*partially shipped")
    await expect(elena.page.locator(f"#orders a[href='{LINK}']")).to_be_visible()
    await picture(elena.page, "erp-panel")
    await context.close()
