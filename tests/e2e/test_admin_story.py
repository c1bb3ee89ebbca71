"""An administrator makes a queue, gives an agent its skill, and the next customer is offered to that agent."""

import asyncio
import re

from playwright.async_api import Browser, Page, expect

from crm_core.staff import NewUser
from crm_core.states import Role
from tests.support.browser import faults, picture
from tests.support.people import ANSWER_MS, PASSWORD, Agent, Customer
from tests.support.stack import Stack

ADA = NewUser("ada@oslo.example", "Ada Admin", Role.ADMIN, (), "en", PASSWORD)
NOOR = NewUser("noor@oslo.example", "Noor Haddad", Role.AGENT, ("appraisers",), "en", PASSWORD)
OTTO = NewUser("otto@oslo.example", "Otto Other", Role.AGENT, ("appraisers",), "en", PASSWORD)


async def make_queue(page: Page, base_url: str) -> None:
    await page.goto(f"{base_url}/desk/admin/queues/new")
    await page.fill("#name_en", "Appraisals")
    for code in ("en", "ru"):
        await page.uncheck(f"[name=language_{code}]")
    await page.check("[name=intent_complaint]")
    assert await page.locator("[name=intent_talk_to_person]").count() == 0
    await page.fill("#more_teams", "appraisers")
    await page.fill("#skills", "appraisal")
    await page.evaluate("scrollTo(0, 0)")
    await picture(page, "admin-queue")
    await page.get_by_text("When others may help").click()
    await page.fill("#relax_skills", "")
    await page.click("button[value=save]")
    await expect(page.locator("[role=status]")).to_contain_text("Saved")
    for place in (4, 3):  # before “Returns and claims”, which takes complaints too
        row = page.locator(".entries li", has_text="Appraisals")
        await expect(page.locator(f".entries li:nth-child({place})")).to_contain_text("Appraisals")
        await row.locator("button[value=up]").click()
    await expect(page.locator(".entries li:nth-child(2)")).to_contain_text("Appraisals")
    assert await faults(page) == []


async def give_skill(page: Page, base_url: str) -> None:
    await page.goto(f"{base_url}/desk/admin/people")
    await page.get_by_role("link", name=re.compile("Noor Haddad")).click()
    await page.select_option("[name=skill_appraisal]", "3")
    await page.select_option("[name=language_es]", "4")
    await page.click("button[value=save]")
    await page.wait_for_url("**/desk/admin/people")


async def logged_in(browser: Browser, stack: Stack, who: NewUser) -> Agent:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    agent = Agent(await context.new_page(), stack.base_url)
    await agent.log_in(who.email)
    return agent


async def test_a_queue_made_at_the_desk_finds_the_agent_with_its_skill(
    browser: Browser, customer: Customer, stack: Stack
) -> None:
    for who in (ADA, NOOR, OTTO):
        await asyncio.to_thread(stack.add_user, who)
    ada, noor, otto = [await logged_in(browser, stack, who) for who in (ADA, NOOR, OTTO)]
    await make_queue(ada.page, stack.base_url)
    await give_skill(ada.page, stack.base_url)
    for agent in (otto, noor):
        await agent.be("available")
    await customer.open("es")
    await customer.say("Quiero presentar una reclamación contra los montadores")
    await customer.sees("qué ha pasado")
    await customer.say("Rayaron la mesa al montarla")
    await noor.open_offer()
    await expect(noor.page.locator("#work")).to_contain_text("es, appraisal", timeout=ANSWER_MS)
    await picture(noor.page, "admin-queue-offer")
    await noor.accept_offer()
    await expect(otto.page.locator("a.row", has_text="offered to you")).to_have_count(0)
    found = "select queue_key, app_user.name from conversation join app_user on app_user.id = agent_id"
    assert stack.query(f"{found} order by conversation.id desc limit 1") == [("appraisals", "Noor Haddad")]
    await noor.resolve()
    await ada.page.goto(f"{stack.base_url}/desk/admin/queues")
    await ada.page.click("button[value=file]")
    await expect(ada.page.locator(".entries")).not_to_contain_text("Appraisals")
    for agent in (ada, noor, otto):
        await agent.page.context.close()
