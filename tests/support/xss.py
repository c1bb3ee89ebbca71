"""Vectors that try to run or to fetch something, and a browser page that notes whether they do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from playwright.async_api import Browser, BrowserContext, Page, Route

_HOOKS = "for (const name of ['alert', 'confirm', 'prompt', 'print', 'canary']) window[name] = () => noted(name);"


def vectors() -> list[str]:
    groups = yaml.safe_load(Path(__file__).with_name("xss_vectors.yml").read_text(encoding="utf-8"))
    return [vector for group in groups.values() for vector in group]


@dataclass
class Watched:
    """`ran`: scripts that ran; `asked`: addresses outside that were fetched; `stopped`: what the policy had to stop."""

    context: BrowserContext
    page: Page
    ran: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)


@asynccontextmanager
async def watched(browser: Browser, own: tuple[str, ...], *, with_policy: bool = True) -> AsyncIterator[Watched]:
    """A page that may ask the addresses `own` only. Without the policy, a script that slips in does run."""
    context = await browser.new_context(bypass_csp=not with_policy, viewport={"width": 1440, "height": 900})
    seen = Watched(context, await context.new_page())
    hosts = {urlsplit(address).netloc for address in own}

    async def pass_on(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in ("http", "https") and parts.netloc not in hosts:
            seen.asked.append(route.request.url)
            await route.abort()
        else:
            await route.continue_()

    await context.expose_function("noted", lambda name: seen.ran.append(name))  # noqa: PLW0108 - keeps a mark on it
    await context.add_init_script(_HOOKS)
    await context.route("**/*", pass_on)
    seen.page.on(
        "console", lambda said: seen.stopped.append(said.text) if "Content Security Policy" in said.text else None
    )
    yield seen
    await context.close()
