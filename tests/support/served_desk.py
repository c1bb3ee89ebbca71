"""The desk on a port, and a real browser to look at it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from playwright.async_api import Browser, Page, expect
from pydantic import HttpUrl

from config.settings import Settings
from crm_core.db import unit_of_work
from crm_core.intake import inbox_ids
from crm_core.signals import Handler, Signal, SignalListener, Topic
from tests.support.desk_app import DeskParts
from tests.support.desk_client import PASSWORD, STAFF
from tests.support.desk_seed import MARIA, Seeder, release_all
from tests.support.stack import free_port


@dataclass
class Served:
    """The desk on a port, with a browser to look at it."""

    parts: DeskParts
    browser: Browser
    url: str
    seeded: dict[str, int]

    @asynccontextmanager
    async def page(self, width: int = 1440, height: int = 900, scheme: str = "light") -> AsyncIterator[Page]:
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        page = await context.new_page()
        page.set_default_timeout(15_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
        yield page
        await context.close()
        assert troubles == []

    async def log_in(self, page: Page, name: str = "elena") -> None:
        await page.goto(f"{self.url}/desk/login")
        await page.fill("#email", STAFF[name].email)
        await page.fill("#password", PASSWORD)
        await page.click("button[type=submit]")
        await page.wait_for_url("**/desk")

    async def open(self, page: Page, name: str) -> None:
        await page.goto(f"{self.url}/desk/c/{self.seeded[name]}")
        await expect(page.locator("#orders .skeleton")).to_have_count(0)

    async def maria_writes(self, text: str) -> None:
        async with unit_of_work(self.parts.sessions) as session:
            seeder = Seeder(session, self.parts.now(), await inbox_ids(session), 900 + len(text))
            await seeder.says(MARIA, text, 0)
        await self.parts.signals.tell(Signal(Topic.CONVERSATION, self.seeded["maria"]))

    async def undo_is_over(self, name: str) -> None:
        await release_all(self.parts.sessions, self.seeded[name], self.parts.now())
        await self.parts.signals.tell(Signal(Topic.CONVERSATION, self.seeded[name]))


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def open_queue(page: Page) -> None:
    await press(page, "2")
    await expect(page.locator("#tab-queue[aria-current=true]")).to_have_count(1)
    await expect(page.locator(".rows[data-tab=queue]")).to_have_count(1)


@asynccontextmanager
async def listening(url: str, *told: Handler) -> AsyncIterator[None]:
    """Signals travel through PostgreSQL, as in service."""
    listener = SignalListener(url)
    for hear in told:
        listener.subscribe(hear)
    running = asyncio.create_task(listener.run())
    await listener.listening.wait()
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def serving(parts: DeskParts, seeded: dict[str, int], browser: Browser) -> AsyncIterator[Served]:
    expect.set_options(timeout=15_000)
    port = free_port()
    parts.settings = Settings(public_url=HttpUrl(f"http://127.0.0.1:{port}"))
    config = uvicorn.Config(parts.app(), port=port, log_level="critical", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    yield Served(parts, browser, f"http://127.0.0.1:{port}", seeded)
    server.should_exit = True
    await running
