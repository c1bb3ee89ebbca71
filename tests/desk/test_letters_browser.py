"""E10 in a real browser: what formatted mail tries to run or to load, it does not."""

import pytest
from playwright.async_api import Browser, Dialog, Route

from channels.email_html import clean_html
from desk.letters import frame_policy
from tests.channels.test_email_attacks import VECTORS
from tests.support.browser import chromium

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(chromium() is None, reason="there is no Chromium"),
]  # fmt: skip
ADDRESS = "http://desk.test/letter"


@pytest.mark.parametrize(("is_cleaned", "has_policy"), [(True, True), (True, False), (False, True)])
async def test_e10_each_wall_alone_stops_every_script(
    browser: Browser,
    is_cleaned: bool,  # noqa: FBT001
    has_policy: bool,  # noqa: FBT001
) -> None:
    """Cleaning and the frame's policy are two walls; neither leans on the other. Without both, scripts do run."""
    ran, asked = await shown(browser, is_cleaned=is_cleaned, has_policy=has_policy)
    assert ran == []
    assert not has_policy or asked == []


async def test_the_check_sees_a_script_that_runs(browser: Browser) -> None:
    ran, _ = await shown(browser, is_cleaned=False, has_policy=False)
    assert ran


async def shown(browser: Browser, *, is_cleaned: bool, has_policy: bool) -> tuple[list[str], list[str]]:
    """Dialogs that opened, and requests that went out."""
    ran, asked = list[str](), list[str]()
    body = "\n".join(clean_html(vector) if is_cleaned else vector for vector in VECTORS)

    async def serve(route: Route) -> None:
        if route.request.url != ADDRESS:
            asked.append(route.request.url)
            await route.abort()
            return
        policy = {"Content-Security-Policy": frame_policy(with_images=False)} if has_policy else {}
        await route.fulfill(body=f"<!doctype html><body>{body}", content_type="text/html", headers=policy)

    async def noted(dialog: Dialog) -> None:
        ran.append(dialog.message)
        await dialog.dismiss()

    page = await browser.new_page()
    page.on("dialog", noted)
    await page.route("**/*", serve)
    await page.goto(ADDRESS, wait_until="commit")
    await page.wait_for_timeout(1_500)
    await page.close()
    return ran, asked
