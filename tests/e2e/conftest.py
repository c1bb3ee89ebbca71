"""The whole product, started once as its user starts it, and a real browser in front of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext

from crm_core.staff import NewUser
from crm_core.states import Role
from tests.support.browser import chromium
from tests.support.people import PASSWORD, Agent, Customer
from tests.support.stack import Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    missing = pytest.mark.skip(reason="Chromium is not installed: apt-get install chromium")
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            if chromium() is None:
                item.add_marker(missing)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    extra = {"SWITCHBOARD_CHAT__SOURCE_BURST": "1000", "SWITCHBOARD_CHAT__SOURCE_PER_S": "100"}
    stack = Stack(tmp_path_factory.mktemp("stack") / "var", extra=extra)
    stack.prepare()
    teams = ("service", "claims", "billing")
    stack.add_user(NewUser("elena@oslo.example", "Elena Moreno", Role.AGENT, teams, "en", PASSWORD))
    stack.start("serve", "worker")
    yield stack
    stack.stop()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    await context.close()


@pytest.fixture
async def customer(context: BrowserContext, stack: Stack) -> Customer:
    return Customer(await context.new_page(), stack.base_url)


@pytest.fixture
async def agent(browser: Browser, stack: Stack) -> AsyncIterator[Agent]:
    """A second browser, logged in at the desk."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    agent = Agent(await context.new_page(), stack.base_url)
    await agent.log_in("elena@oslo.example")
    yield agent
    await context.close()
