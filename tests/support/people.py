"""A customer at the widget and an agent at the desk, as a browser story speaks of them."""

import re
from contextlib import suppress
from dataclasses import dataclass

from playwright.async_api import FrameLocator, Locator, Page, TimeoutError, expect  # noqa: A004 - their own name

PASSWORD = "grey-otter-sings-7-songs"
ANSWER_MS = 15_000
OPENINGS = 5


@dataclass
class Customer:
    page: Page
    base_url: str

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    @property
    def log(self) -> Locator:
        return self.chat.locator("#log")

    async def open(self, language: str) -> None:
        await self.page.goto(f"{self.base_url}/?lang={language}")
        await self.page.evaluate("window.Switchboard('open')")
        await expect(self.chat.locator("#text")).to_be_visible(timeout=ANSWER_MS)

    async def say(self, text: str) -> None:
        await self.chat.locator("#text").fill(text)
        await self.chat.locator("#send").click()

    async def sees(self, pattern: str) -> None:
        await expect(self.log).to_contain_text(re.compile(pattern, re.IGNORECASE), timeout=ANSWER_MS)

    async def counts(self, text: str, times: int) -> None:
        await expect(self.log.get_by_text(text, exact=True)).to_have_count(times, timeout=ANSWER_MS)


@dataclass
class Agent:
    page: Page
    base_url: str

    async def log_in(self, email: str) -> None:
        await self.page.goto(f"{self.base_url}/desk/login")
        await self.page.locator("input[name=email]").fill(email)
        await self.page.locator("input[name=password]").fill(PASSWORD)
        await self.page.locator("button[type=submit]").first.click()
        await self.page.wait_for_url(re.compile("/desk/?$"))

    async def take_newest(self) -> None:
        """Open the newest conversation of the queue and accept it."""
        await self.page.goto(f"{self.base_url}/desk?tab=queue")
        await self.page.locator("a.row").last.click()
        await self.page.locator("#accept").click()
        await expect(self.page.locator("#accept")).to_be_hidden(timeout=ANSWER_MS)

    async def be(self, state: str) -> None:
        """The first live update after loading closes the menu, so it may have to be opened again."""
        button = self.page.locator(f"#state button:has(.dot.{state})")
        for _ in range(OPENINGS):
            if not await button.is_visible():
                await self.page.locator("#state summary").click()
            with suppress(TimeoutError):
                await button.click(timeout=1_000)
                break
        await expect(self.page.locator(f"#state summary .dot.{state}")).to_be_visible(timeout=ANSWER_MS)

    async def open_offer(self) -> None:
        """It comes into one's own list by itself; the newest is opened."""
        row = self.page.locator("a.row", has_text="offered to you").last
        await expect(row).to_be_visible(timeout=ANSWER_MS)
        await row.click()
        await expect(self.page.locator("#decline")).to_be_visible(timeout=ANSWER_MS)

    async def accept_offer(self) -> None:
        await self.page.keyboard.press("a")
        await expect(self.page.locator("#accept")).to_be_hidden(timeout=ANSWER_MS)
        await expect(self.page.locator("#composer[data-mode=reply]")).to_be_visible(timeout=ANSWER_MS)

    async def reply(self, text: str) -> None:
        await self.page.locator("#draft").fill(text)
        await self.page.locator("#composer button.send").click()
        await self.sees(text)

    async def sees(self, text: str) -> None:
        await expect(self.page.locator("#work").get_by_text(text, exact=True).first).to_be_visible(timeout=ANSWER_MS)

    async def resolve(self) -> None:
        """Close with the first disposition."""
        await self.page.locator("[data-opens=resolve]").first.click()
        await self.page.locator("dialog#resolve button[type=submit]").click()
