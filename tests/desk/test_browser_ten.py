"""Ten contacts in a row, of every channel, by keyboard alone: as an agent's afternoon goes."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlalchemy import delete, insert, select

from crm_core import models
from crm_core.contracts import Address, AddressKind, ConversationId, InboxId
from crm_core.conversations import Handoff
from crm_core.db import Sessions, unit_of_work
from crm_core.held_replies import release_job
from crm_core.intake import inbox_ids
from crm_core.models_desk import HeldReply
from tests.support.browser import chromium, faults, picture
from tests.support.desk_app import DeskParts
from tests.support.desk_seed import Person, Seeder
from tests.support.served_desk import Served, listening, open_queue, press, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium"),
]
MORE = (("sms", "sms", "SMS"), ("phone", "phone", "Phone"))
CONTACTS = (
    ("Ana Ruiz", AddressKind.WEB, "ana", "web", "es", "¿Puedo cambiar el color de la silla?"),
    ("Bill Hart", AddressKind.MAILTO, "bill@example.com", "mail", "en", "The invoice lacks our VAT number."),
    ("Вера Лис", AddressKind.TELEGRAM, "7001", "tg", "ru", "Когда привезут стол?"),
    ("Carl Dean", AddressKind.TEL, "+34600000101", "sms", "en", "Is the shop open on Sunday?"),
    ("Dora Paz", AddressKind.TEL, "+34600000102", "phone", "es", "Quisiera hablar de mi devolución."),
    ("Егор Ли", AddressKind.FAX, "+74955550199", "fax", "ru", "Прошу выслать счёт."),
    ("Fay Moss", AddressKind.WEB, "fay", "web", "en", "This is the third time I ask!"),
    ("Gus Wren", AddressKind.MAILTO, "gus@example.com", "mail", "en", "My parcel never came."),
    ("Ира Май", AddressKind.TELEGRAM, "7002", "tg", "ru", "Спасибо, а сколько стоит сборка?"),
    ("Jo Park", AddressKind.WEB, "jo", "web", "en", "Do you deliver to islands?"),
)


@pytest.fixture
async def ten(sessions: Sessions, now: datetime, seeded: dict[str, int]) -> dict[str, int]:
    """All in line, the first who waits longest; what was seeded else has been dealt with."""
    async with unit_of_work(sessions) as session:
        for key, channel, name in MORE:
            await session.execute(insert(models.Inbox).values(key=key, channel=channel, name=name))
        seeder = Seeder(session, now, {key: InboxId(found) for key, found in (await inbox_ids(session)).items()}, 500)
        for number, (name, kind, value, inbox, language, text) in enumerate(CONTACTS):
            who = Person(name, Address(kind, value), inbox, language)
            opened = await seeder.says(who, text, 30 - number)
            await seeder.hands_off(opened, Handoff("asked_for_person", "service", "complaint", language), 29 - number)
        await session.execute(delete(models.Job))
    return seeded


@pytest.fixture
async def served(parts: DeskParts, ten: dict[str, int], database_url: str, browser: Browser) -> AsyncIterator[Served]:
    async with listening(database_url, parts.signals.tell), serving(parts, ten, browser) as desk:
        yield desk


async def is_there(locator: Locator) -> bool:
    """Soon, also when the page is loading anew."""
    try:
        await expect(locator).to_have_count(1, timeout=300)
    except AssertionError:
        return False
    return True


async def take(page: Page, name: str) -> None:
    """The queue, down to whom we want, and theirs is ours."""
    await open_queue(page)
    await expect(page.locator(".rows[data-tab=queue] [data-row]").filter(has_text=name)).to_have_count(1)
    theirs = page.locator("[data-row]:focus").filter(has_text=name)
    for _ in range(20):
        await press(page, "j")
        if await is_there(theirs):
            break
    await expect(page.locator(".conv h1")).to_have_text(name)
    await expect(page.locator("#accept")).to_be_visible()
    await press(page, "a")
    await expect(page.locator("#accept")).to_have_count(0)
    await expect(page.locator("#mode-reply")).to_be_visible()


async def answer(page: Page, text: str, *then: str) -> None:
    await press(page, "r")
    await expect(page.locator("#draft")).to_be_focused()
    await page.keyboard.type(text)
    await press(page, *then)


async def resolve(page: Page, *choice: str) -> None:
    await expect(page.locator("#resolve")).to_be_visible()
    await press(page, *choice, "Enter")
    await expect(page.locator("#resolve")).to_be_hidden()


async def send_and_resolve(page: Page, text: str, *choice: str) -> None:
    await answer(page, text, "Control+Shift+Enter")
    await resolve(page, *choice)
    await expect(page.locator(".held-reply")).to_contain_text(text)
    await expect(page.locator("#draft")).not_to_be_focused()


async def the_moment_passes(served: Served) -> None:
    """What was held is said and ended, as the worker does it."""
    async with unit_of_work(served.parts.sessions) as session:
        held = (await session.execute(select(HeldReply.id, HeldReply.conversation_id))).all()
        for held_id, conversation_id in held:
            now = served.parts.now()
            await release_job(session, now, ConversationId(conversation_id), {"held_id": held_id})


async def ended(served: Served, name: str) -> tuple[str, str | None]:
    async with served.parts.sessions() as session:
        statement = (
            select(models.Conversation.state, models.Conversation.disposition)
            .join(models.Contact, models.Contact.id == models.Conversation.contact_id)
            .where(models.Contact.name == name)
        )
        state, disposition = (await session.execute(statement)).one()
    return str(state), disposition


async def chat_with_second_thoughts(page: Page) -> None:
    await take(page, "Ana Ruiz")
    await send_and_resolve(page, "Sí, hasta el envío.")
    await press(page, "z")
    await expect(page.locator("#draft")).to_have_value("Sí, hasta el envío.")
    await press(page, "Control+Shift+Enter")
    await resolve(page)


async def mail_with_a_macro(page: Page) -> None:
    await take(page, "Bill Hart")
    await press(page, "r", "/")
    await expect(page.locator("#macros .choice.first")).to_be_visible()
    await press(page, "Enter", "Control+Shift+Enter")
    await resolve(page, "ArrowDown")


async def telegram_with_a_note(page: Page) -> None:
    await take(page, "Вера Лис")
    await press(page, "n")
    await page.keyboard.type("Ask the warehouse.")
    await press(page, "Control+Enter")
    await expect(page.locator(".timeline")).to_contain_text("Ask the warehouse.")
    await press(page, "Escape")
    await send_and_resolve(page, "Завтра до обеда.")


async def call_put_off(page: Page) -> None:
    await take(page, "Dora Paz")
    await press(page, "s")
    await expect(page.locator("#snooze")).to_be_visible()
    await press(page, "ArrowDown", "Enter")
    await expect(page.locator("#snooze")).to_be_hidden()
    await expect(page.locator(".gate")).to_contain_text("Snoozed until")


async def fax_passed_on(page: Page) -> None:
    await take(page, "Егор Ли")
    await press(page, "t")
    await expect(page.locator("#transfer")).to_be_visible()
    await press(page, "Space", "Enter")
    await expect(page.locator("#transfer")).to_be_hidden()
    await expect(page.locator("#toasts")).to_contain_text("Moved to")


async def chat_escalated(page: Page) -> None:
    await take(page, "Fay Moss")
    await press(page, "u")
    await expect(page.locator("#escalate")).to_be_visible()
    await page.keyboard.type("Asks for the third time.")
    await press(page, "Tab", "Tab", "Enter")
    await expect(page.locator("#escalate")).to_be_hidden()
    await expect(page.locator(".marked")).to_contain_text("escalated")


async def test_ten_contacts_by_keyboard_alone(served: Served) -> None:
    """The mouse is never touched; nothing typed goes astray."""
    async with served.page() as page:
        await served.log_in(page)
        await page.wait_for_load_state()
        await chat_with_second_thoughts(page)
        await mail_with_a_macro(page)
        await telegram_with_a_note(page)
        await take(page, "Carl Dean")
        await send_and_resolve(page, "Yes, from ten to four.")
        await call_put_off(page)
        await fax_passed_on(page)
        await chat_escalated(page)
        await take(page, "Gus Wren")
        await send_and_resolve(page, "A new one leaves today.", "ArrowDown", "ArrowDown")
        await take(page, "Ира Май")
        await send_and_resolve(page, "Сборка бесплатна.")
        await take(page, "Jo Park")
        await send_and_resolve(page, "To all of them, in a week.")
        await the_moment_passes(served)
        await expect(page.locator(".gate")).to_contain_text("closed")
        assert await faults(page) == []
        await picture(page, "ten-contacts")
    states = {name: await ended(served, name) for name, *_ in CONTACTS}
    closed = {name for name, (state, disposition) in states.items() if state == "closed" and disposition}
    assert closed == {"Ana Ruiz", "Bill Hart", "Вера Лис", "Carl Dean", "Gus Wren", "Ира Май", "Jo Park"}
    assert [states[name][0] for name in ("Dora Paz", "Егор Ли", "Fay Moss")] == ["snoozed", "queued", "assigned"]
