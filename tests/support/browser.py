"""A real browser for the stories: Debian's Chromium driven by Playwright, and axe for accessibility."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Browser, Frame, Page, async_playwright

from config.settings import ROOT

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SCREENSHOTS = ROOT / "docs" / "screenshots"


def chromium() -> str | None:
    """The program, or None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        await browser.close()


async def faults(page: Page | Frame) -> list[str]:
    """What axe finds wrong, as `rule: selector` lines, once nothing moves: half faded in, text has no contrast."""
    await page.evaluate(
        "Promise.all(document.getAnimations().filter(a => a.effect.getComputedTiming().iterations !== Infinity)"
        ".map(a => a.finished.catch(() => null)))"
    )
    await page.evaluate(AXE.read_text())
    result = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{found['id']}: {node['target']}" for found in result["violations"] for node in found["nodes"]]


async def picture(page: Page, name: str) -> None:
    """A screenshot for the documentation, taken only when SWITCHBOARD_SCREENSHOTS is set: pictures stay stable."""
    if os.environ.get("SWITCHBOARD_SCREENSHOTS"):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.wait_for_timeout(400)
        await page.screenshot(path=SCREENSHOTS / f"{name}.png")
