"""What customers and agents do, each story in each language, in a real browser against the whole product."""

import asyncio
import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import faults, picture
from tests.support.people import ANSWER_MS, Agent, Customer
from tests.support.stack import Stack


@dataclass(frozen=True)
class Script:
    """How a story is told in one language; `…_shown` are patterns of what must appear."""

    language: str
    order: str
    email: str
    shipped_shown: str
    wrong_email: str
    ask_proof_shown: str
    refused_shown: str
    person: str
    reply: str


SCRIPTS = [
    Script(
        "en", "Where is my order 100234?", "maria.lopez@example.com", r"2 (of|out of) 4", "nobody@example.com",
        r"e-?mail", r"person|colleague", "I want to talk to a person", "Good afternoon, this is Elena.",
    ),
    Script(
        "ru", "Где мой заказ 100234?", "maria.lopez@example.com", r"2 (стула )?из 4", "nobody@example.com",
        r"почт", r"человек|сотрудник|коллег", "Хочу поговорить с человеком", "Добрый день, это Елена.",
    ),
    Script(
        "es", "¿Dónde está mi pedido 100234?", "maria.lopez@example.com", r"2 de (las |los )?4", "nobody@example.com",
        r"correo", r"persona|compañer", "Quiero hablar con una persona", "Buenas tardes, soy Elena.",
    ),
]  # fmt: skip
in_each_language = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.language)


async def proven_order(customer: Customer, script: Script) -> None:
    await customer.open(script.language)
    await customer.say(script.order)
    await customer.sees(script.ask_proof_shown)
    await customer.say(script.email)
    await customer.sees(script.shipped_shown)


@in_each_language
async def test_order_status_is_answered_after_verification(customer: Customer, script: Script) -> None:
    await proven_order(customer, script)
    await customer.sees("82 ?440 ?117")
    await picture(customer.page, f"chat-order-{script.language}")


@in_each_language
async def test_wrong_number_twice_then_a_person(customer: Customer, script: Script) -> None:
    await customer.open(script.language)
    await customer.say(script.order)
    await customer.sees(script.ask_proof_shown)
    await customer.say(script.wrong_email)
    await customer.say("stranger@example.com")
    await customer.sees(script.refused_shown)
    assert not re.search(script.shipped_shown, await customer.log.inner_text())
    await customer.say(script.person)
    await expect(customer.chat.locator("#queue")).to_be_visible(timeout=ANSWER_MS)
    await picture(customer.page, f"chat-refused-{script.language}")


@in_each_language
async def test_talk_to_a_person_until_the_rating(
    customer: Customer, agent: Agent, script: Script, stack: Stack
) -> None:
    await proven_order(customer, script)
    await customer.say(script.person)
    await expect(customer.chat.locator("#queue")).to_be_visible(timeout=ANSWER_MS)
    await agent.take_newest()
    await expect(agent.page.locator("body")).to_contain_text("100234")
    await agent.reply(script.reply)
    await customer.counts(script.reply, 1)
    await picture(agent.page, f"desk-{script.language}")
    await customer.say("ok")
    await agent.sees("ok")
    await picture(customer.page, f"chat-person-{script.language}")
    await agent.resolve()
    survey = customer.chat.locator("form.survey")
    await survey.locator(".face").last.click(timeout=ANSWER_MS)
    await survey.locator("textarea").fill("Fine")
    await picture(customer.page, f"chat-rating-{script.language}")
    await survey.locator("button[type=submit]").click()
    await expect(survey.get_by_role("status")).to_be_visible(timeout=ANSWER_MS)
    closed = "select disposition, score from conversation join survey on survey.conversation_id = conversation.id"
    assert stack.query(f"{closed} order by conversation.id desc limit 1") == [("resolved", 5)]


async def test_the_bot_is_silent_once_a_person_owns_the_conversation(
    customer: Customer, agent: Agent, stack: Stack
) -> None:
    await customer.open("en")
    await customer.say("I want to talk to a person")
    await expect(customer.chat.locator("#queue")).to_be_visible(timeout=ANSWER_MS)
    await agent.take_newest()
    await agent.reply("How can I help?")
    await customer.counts("How can I help?", 1)
    before = stack.query("select count(*) from message where author = 'bot'")
    await customer.say("Where is my order 100234?")
    await agent.sees("Where is my order 100234?")
    await asyncio.sleep(1.5)
    assert stack.query("select count(*) from message where author = 'bot'") == before


@in_each_language
async def test_a_reload_in_mid_conversation_keeps_everything(customer: Customer, script: Script) -> None:
    await proven_order(customer, script)
    before = await customer.log.inner_text()
    await customer.open(script.language)
    await customer.sees(script.shipped_shown)
    await customer.counts(script.order, 1)
    assert len(await customer.log.inner_text()) == pytest.approx(len(before), rel=0.05)


@in_each_language
async def test_ten_seconds_without_network_lose_and_double_nothing(customer: Customer, script: Script) -> None:
    await proven_order(customer, script)
    await customer.page.context.set_offline(True)
    texts = [f"{script.person} {number}" for number in range(1)] + ["one", "two", "three"]
    for text in texts:
        await customer.say(text)
    await asyncio.sleep(10)
    await customer.page.context.set_offline(False)
    for text in texts:
        await customer.counts(text, 1)
    await expect(customer.chat.locator("#queue")).to_be_visible(timeout=30_000)


async def test_who_is_available_is_offered_the_customer_and_accepts(
    stack: Stack, customer: Customer, agent: Agent
) -> None:
    # the customers of other stories stand in line before this one
    stack.query("update conversation set state = 'closed', closed_at = now() where state <> 'closed' returning id")
    await agent.be("available")
    await customer.open("en")
    await customer.say("I want to talk to a person")
    await expect(customer.chat.locator("#queue")).to_be_visible(timeout=ANSWER_MS)
    await agent.open_offer()
    await picture(agent.page, "desk-offer-en")
    await agent.accept_offer()
    await agent.reply("Hello, this is Elena.")
    await customer.counts("Hello, this is Elena.", 1)
    await agent.be("away")
    await agent.resolve()


@pytest.mark.parametrize("language", ["en", "ru", "es"])
async def test_axe_finds_nothing_on_the_widget(customer: Customer, language: str) -> None:
    script = next(script for script in SCRIPTS if script.language == language)
    await proven_order(customer, script)
    frame = next(frame for frame in customer.page.frames if "/frame" in frame.url)
    assert await faults(frame) == []
    assert await faults(customer.page) == []


async def test_axe_finds_nothing_at_the_desk(customer: Customer, agent: Agent) -> None:
    await customer.open("en")
    await customer.say("I want to talk to a person")
    await agent.take_newest()
    assert await faults(agent.page) == []


async def test_the_desk_on_a_telephone_shows_one_pane(agent: Agent) -> None:
    await agent.page.set_viewport_size({"width": 390, "height": 844})
    await agent.page.goto(f"{agent.base_url}/desk")
    assert await _overflow(agent.page) <= 0
    await picture(agent.page, "desk-narrow")


async def _overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width
