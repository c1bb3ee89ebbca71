"""What a bot, an agent or an ERP says, with markup in it, in the widget in Chromium."""

# ruff: noqa: F401, F811 - fixtures of another module
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Route

from channels.webchat_types import ChatEntry, ChatFile, ChatUpdates, EntryAuthor
from config.settings import ROOT
from crm_core.contracts import Card, Choice, Tone
from tests.channels.test_widget import Scene, scene
from tests.support.xss import Watched, vectors, watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ALL = vectors()
NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def entry_of(vector: str) -> ChatEntry:
    card = Card(vector, vector, Tone.WARN, 1, 2, (vector,), vector, vector, vector)
    file = ChatFile("0" * 43, vector, "application/pdf", 8)
    return ChatEntry(
        0, NOW, EntryAuthor.BOT, vector, (Choice(vector, vector),), card, attachments=(file,), agent_name=vector
    )  # fmt: skip


async def shown(scene: Scene, seen: Watched) -> None:
    """The customer writes, and is told all of it at once."""
    scene.page = seen.page
    visitor = await scene.begin("<img src=x onerror=canary()>")
    scene.chat.set_status(visitor, ChatUpdates(agent_name=" ".join(ALL[:20])))
    for vector in ALL:
        scene.chat.say(visitor, entry_of(vector))
    last = scene.widget.locator(".entry").nth(len(ALL))
    await last.wait_for(state="attached", timeout=30_000)
    await seen.page.wait_for_timeout(300)


@pytest.mark.parametrize("with_policy", [True, False])
async def test_nothing_that_is_said_runs_or_fetches_anything(
    scene: Scene,
    browser: Browser,
    with_policy: bool,  # noqa: FBT001
) -> None:
    async with watched(browser, (scene.shop, scene.base), with_policy=with_policy) as seen:
        await shown(scene, seen)
    assert (seen.ran, seen.asked, seen.stopped) == ([], [], [])


async def test_a_widget_that_takes_text_for_markup_is_found_out(scene: Scene, browser: Browser) -> None:
    """The broken variant: words become markup where the widget makes its elements."""
    safe = (ROOT / "channels" / "static" / "dom.js").read_text(encoding="utf-8")
    broken = safe.replace("return parts.filter(", "return parts.map(asMarkup).filter(") + (
        "\nconst asMarkup = (part) => typeof part !== 'string' ? part"
        " : document.createRange().createContextualFragment(part);\n"
    )
    assert broken.startswith(safe[:200])

    async def serve(route: Route) -> None:
        await route.fulfill(body=broken, content_type="text/javascript")

    async with watched(browser, (scene.shop, scene.base), with_policy=False) as seen:
        await seen.context.route("**/dom.js", serve)
        await shown(scene, seen)
    assert seen.ran
    assert seen.asked
