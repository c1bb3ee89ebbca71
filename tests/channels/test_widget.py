"""The widget in a real browser, on a shop of another origin."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import jwt
import pytest
from fastapi import FastAPI, Response
from playwright.async_api import (
    Browser,
    BrowserContext,
    FilePayload,
    FrameLocator,
    Page,
    Route,
    WebSocketRoute,
    expect,
)

from channels.webchat_routes import webchat_routes
from channels.webchat_types import ChatEntry, ChatLimits, ChatState, ChatUpdates, EntryAuthor, Rate
from config.settings import ROOT
from crm_core.contracts import Card, Choice, Tone
from desk.assets import static_files
from tests.channels.conftest import running_server
from tests.support.browser import faults
from tests.support.chat_fake import SECRET, FakeChat, chat_settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOT = ChatEntry(0, datetime(2026, 11, 23, 14, 2, tzinfo=UTC), EntryAuthor.BOT, "Hello")
CARD = Card("Order 100234", "partly shipped", Tone.WARN, 2, 4, ("2 of 4 are on their way.",), "as of 14:02")
SHOP = (
    '<!doctype html><html lang="en"><title>Shop</title><body><main><h1>Shop</h1></main>'
    '<script src="{base}/chat/widget.js" data-inbox="{inbox}"></script>'
)


@dataclass
class Scene:
    """A shop, the chat server and one visitor's browser."""

    chat: FakeChat
    shop: str
    base: str
    context: BrowserContext
    page: Page

    @property
    def widget(self) -> FrameLocator:
        return self.page.frame_locator("#switchboard-frame")

    async def open(self) -> FrameLocator:
        await self.page.goto(self.shop)
        await self.page.get_by_role("button", name="Open chat").click()
        await expect(self.widget.get_by_role("textbox", name="Message")).to_be_focused()
        return self.widget

    async def say(self, text: str) -> None:
        await self.widget.get_by_role("textbox", name="Message").fill(text)
        await self.page.keyboard.press("Enter")

    async def visitor(self) -> str:
        """Who the widget is, once its first message arrived."""
        await until(lambda: bool(self.chat.received))
        return self.chat.received[-1].sender.value

    async def begin(self, text: str = "hello") -> str:
        await self.open()
        await self.say(text)
        visitor = await self.visitor()
        await expect(self.widget.locator(".entry.customer .mark.sent")).to_have_count(1)
        return visitor


async def until(holds: Callable[[], bool], patience_s: float = 5.0) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


@pytest.fixture
async def scene(browser: Browser, chat: FakeChat) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        shop_app, chat_app = FastAPI(), FastAPI()
        shop = await stack.enter_async_context(running_server(shop_app))
        server = await stack.enter_async_context(running_server(chat_app))
        limits = ChatLimits(visitors=Rate(100, 100), letters=Rate(100, 100))
        settings = chat_settings(server.url, limits=limits)
        inboxes = {key: replace(inbox, origins=(shop.url,)) for key, inbox in settings.inboxes.items()}
        closed = replace(inboxes["other"], key="closed", origins=())
        settings = replace(settings, inboxes={**inboxes, "closed": closed})
        chat_app.include_router(webchat_routes(chat.ports(), settings))
        chat_app.mount("/static", static_files())

        @shop_app.get("/")
        async def page(inbox: str = "web") -> Response:
            return Response(SHOP.format(base=server.url, inbox=inbox), media_type="text/html")

        context = await browser.new_context(viewport={"width": 1100, "height": 820}, locale="en-GB")
        stack.push_async_callback(context.close)
        opened = await context.new_page()
        problems: list[str] = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        yield Scene(chat, shop.url, server.url, context, opened)
        assert problems == []


async def test_a_question_is_answered_with_a_card_and_choices(scene: Scene) -> None:
    visitor = await scene.begin("where is my order 100234")
    choices = (Choice("Where is the courier?", "courier"), Choice("Money back", "refund"))
    scene.chat.say(visitor, replace(BOT, text="Order 100234: partly shipped.", card=CARD, choices=choices))
    log = scene.widget.get_by_role("log")
    await expect(log).to_contain_text("2 of 4 are on their way.")
    await expect(log).to_contain_text("Order 100234: partly shipped.")
    await expect(log.get_by_role("img", name="Step 2 of 4")).to_be_visible()
    await scene.widget.get_by_role("button", name="Money back").click()
    await until(lambda: scene.chat.texts() == ["where is my order 100234", "Money back"])
    assert scene.chat.received[-1].choice == "refund"
    await expect(scene.widget.get_by_role("button", name="Money back")).to_have_count(0)


async def test_a_cut_of_the_network_loses_and_doubles_nothing(scene: Scene) -> None:
    visitor = await scene.begin("one")
    await scene.context.set_offline(True)
    for text in ("two", "three"):
        await scene.say(text)
    scene.chat.say(visitor, replace(BOT, text="meanwhile"))
    await expect(scene.widget.locator("#subtitle")).to_contain_text("No connection")
    assert scene.chat.texts() == ["one"]
    await scene.context.set_offline(False)
    await until(lambda: scene.chat.texts() == ["one", "two", "three"], 15)
    await expect(scene.widget.locator(".entry.customer .mark.sent")).to_have_count(3)
    await expect(scene.widget.locator(".entry .bubble")).to_have_text(["one", "meanwhile", "two", "three"])


async def test_a_socket_that_dies_after_the_commit_doubles_nothing(scene: Scene) -> None:
    """The message is stored, its acknowledgement never arrives."""
    sockets: list[WebSocketRoute] = []

    def swallow(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)
        if len(sockets) == 1:
            server.on_message(lambda frame: None if "accepted" in frame or "client_id" in frame else socket.send(frame))

    await scene.page.route_web_socket("**/socket", swallow)
    await scene.open()
    await scene.say("once")
    await until(lambda: len(scene.chat.received) == 1)
    await sockets[0].close(code=1012)
    await expect(scene.widget.locator(".entry.customer .mark.sent")).to_have_count(1)
    assert scene.chat.texts() == ["once"]


async def test_without_sockets_the_chat_polls(scene: Scene) -> None:
    await scene.page.route_web_socket("**/socket", lambda socket: socket.close(code=1011))
    await scene.open()
    await scene.say("by poll")
    await until(lambda: scene.chat.texts() == ["by poll"], 15)
    scene.chat.say(await scene.visitor(), replace(BOT, text="heard you"))
    await expect(scene.widget.get_by_role("log")).to_contain_text("heard you")
    await scene.say("again")
    await until(lambda: scene.chat.texts() == ["by poll", "again"])
    await expect(scene.widget.locator(".entry.customer .mark.sent")).to_have_count(2)


async def test_history_comes_back_once_after_a_reload(scene: Scene) -> None:
    visitor = await scene.begin("before")
    scene.chat.say(visitor, replace(BOT, text="noted"))
    await expect(scene.widget.get_by_role("log")).to_contain_text("noted")
    await scene.open()
    await expect(scene.widget.locator(".entry .bubble")).to_have_text(["before", "noted"])
    await scene.say("after")
    await until(lambda: scene.chat.texts() == ["before", "after"])
    assert await scene.visitor() == visitor


async def test_what_arrives_while_closed_is_counted_on_the_launcher(scene: Scene) -> None:
    visitor = await scene.begin()
    await scene.page.keyboard.press("Escape")
    launcher = scene.page.locator("#switchboard-launcher")
    await expect(launcher).to_be_focused()
    for text in ("one", "two"):
        scene.chat.say(visitor, replace(BOT, text=text))
    await expect(launcher).to_have_attribute("aria-label", "Open chat, 2 unread")
    await launcher.click()
    await expect(launcher).to_have_attribute("aria-label", "Close chat")
    await until(lambda: 3 in scene.chat.reads)


async def test_all_is_reached_and_left_by_keyboard(scene: Scene) -> None:
    await scene.open()
    names = []
    for _ in range(16):
        await scene.page.keyboard.press("Tab")
        assert await scene.page.evaluate("document.activeElement.id") == "switchboard", "focus stays in the chat"
        names.append(await scene.widget.locator(":focus").first.evaluate("e => e.ariaLabel || e.textContent"))
    assert {"Message", "Talk to a person", "Call me back", "Attach a file", "Close chat"} <= set(names)
    await scene.page.keyboard.press("Escape")
    await expect(scene.page.locator("#switchboard-launcher")).to_be_focused()


async def test_the_place_in_line_and_the_person_are_shown(scene: Scene) -> None:
    visitor = await scene.begin()
    scene.chat.set_status(visitor, ChatUpdates((), ChatState.QUEUED, 2, 100.0))
    await expect(scene.widget.locator("#queue")).to_have_text("Your place in line: 2 · about 2 minutes")
    scene.chat.set_status(visitor, ChatUpdates((), ChatState.AGENT, agent_name="Elena Moreno"))
    await expect(scene.widget.get_by_role("heading")).to_have_text("Elena Moreno")
    scene.chat.wake(visitor, "agent")
    await expect(scene.widget.locator("#typing")).to_contain_text("Elena Moreno is typing")


async def test_a_person_is_one_press_away_while_the_desk_is_open(scene: Scene) -> None:
    await scene.open()
    await scene.widget.get_by_role("button", name="Talk to a person").click()
    await until(lambda: bool(scene.chat.received))
    assert scene.chat.received[0].choice == "talk_to_person"


async def test_when_nobody_is_there_a_message_can_be_left(scene: Scene) -> None:
    scene.chat.is_open = False
    await scene.open()
    await scene.widget.get_by_role("button", name="Talk to a person").click()
    form = scene.widget.get_by_role("dialog", name="Nobody is at the desk right now")
    await form.get_by_label("Your question").fill("Two chairs are missing")
    await form.get_by_label("E-mail").fill("anna")
    await form.get_by_role("button", name="Leave a message").click()
    await expect(form.get_by_role("alert")).to_have_text("Please check the e-mail address.")
    await form.get_by_label("E-mail").fill("anna@example.com")
    await form.get_by_role("button", name="Leave a message").click()
    await until(lambda: bool(scene.chat.left))
    inbound, contact = scene.chat.left[0]
    assert (inbound.text, contact.email) == ("Two chairs are missing", "anna@example.com")
    await expect(form).to_have_count(0)


async def test_a_call_back_is_asked_for_with_a_number(scene: Scene) -> None:
    await scene.open()
    await scene.widget.get_by_role("button", name="Call me back").click()
    form = scene.widget.get_by_role("dialog", name="Call me back")
    await form.get_by_label("Phone number").fill("+34 612 345 678")
    await form.get_by_role("button", name="Call me back").click()
    await until(lambda: bool(scene.chat.received))
    assert (scene.chat.received[0].text, scene.chat.received[0].choice) == (
        "Please call me back on +34 612 345 678.", "callback",
    )  # fmt: skip


async def test_the_end_asks_for_a_rating_and_a_new_conversation_can_begin(scene: Scene) -> None:
    visitor = await scene.begin()
    scene.chat.say(visitor, replace(BOT, text="Goodbye"))
    scene.chat.set_status(visitor, ChatUpdates((), ChatState.CLOSED, survey_due=True))
    await scene.widget.get_by_role("button", name="4 of 5: Good").click()
    await scene.widget.get_by_label("What should we know?").fill("Quick")
    await scene.widget.get_by_role("button", name="Send rating").click()
    await until(lambda: bool(scene.chat.surveys))
    assert (scene.chat.surveys[0].score, scene.chat.surveys[0].comment) == (4, "Quick")
    await scene.widget.get_by_role("button", name="Start a new conversation").click()
    await expect(scene.widget.locator(".entry")).to_have_count(0)
    await scene.say("something else")
    await until(lambda: scene.chat.texts() == ["hello", "something else"])
    scene.chat.set_status(visitor, ChatUpdates())
    await expect(scene.widget.locator(".entry .bubble")).to_have_text(["something else"])


async def test_the_transcript_is_sent_to_an_address(scene: Scene) -> None:
    await scene.begin()
    await scene.widget.get_by_role("button", name="More").click()
    await scene.page.keyboard.press("Enter")
    form = scene.widget.get_by_role("dialog", name="Send the conversation by e-mail")
    await form.get_by_label("E-mail").fill("anna@example.com")
    await scene.page.keyboard.press("Enter")
    await until(lambda: scene.chat.transcripts == ["anna@example.com"])
    await expect(scene.widget.locator("#notice")).to_contain_text("on its way to anna@example.com")


async def test_a_picture_is_attached_and_shown(scene: Scene) -> None:
    await scene.open()
    pixel = (ROOT / "tests" / "channels" / "payloads" / "webchat" / "pixel.png").read_bytes()
    await scene.widget.locator("#file").set_input_files({"name": "чек.png", "mimeType": "image/png", "buffer": pixel})
    await expect(scene.widget.locator(".chosen")).to_have_text("чек.png")
    await scene.widget.get_by_role("button", name="Send").click()
    await until(lambda: bool(scene.chat.received))
    [attachment] = scene.chat.received[0].attachments
    assert (attachment.name, attachment.content) == ("чек.png", pixel)
    image = scene.widget.get_by_role("img", name="чек.png")
    await expect(image).to_have_count(1)
    assert await image.evaluate("e => e.decode().then(() => e.naturalWidth)") == 1


def a_file(name: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": name.encode()}


async def test_what_is_sent_while_files_are_uploaded_goes_with_them(scene: Scene) -> None:
    await scene.open()
    released = asyncio.Event()

    async def hold(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await scene.context.route("**/attachments*", hold)
    await scene.widget.locator("#file").set_input_files([a_file("a.txt"), a_file("b.txt")])
    await scene.say("both are here")
    await expect(scene.widget.locator(".chosen.uploading")).to_have_count(1)
    assert scene.chat.received == []
    released.set()
    await until(lambda: bool(scene.chat.received))
    [message] = scene.chat.received
    assert (message.text, [file.name for file in message.attachments]) == ("both are here", ["a.txt", "b.txt"])
    await expect(scene.widget.locator(".chosen")).to_have_count(0)


async def test_a_file_that_cannot_be_uploaded_holds_the_message_back(scene: Scene) -> None:
    await scene.open()
    refused = asyncio.Event()

    async def refuse(route: Route) -> None:
        await refused.wait()
        await route.fulfill(status=503)

    await scene.context.route("**/attachments*", refuse)
    await scene.widget.locator("#file").set_input_files(a_file("a.txt"))
    await scene.say("see the file")
    refused.set()
    await expect(scene.widget.locator("#notice")).to_contain_text("a.txt could not be uploaded")
    await expect(scene.widget.get_by_role("textbox", name="Message")).to_have_value("see the file")
    assert scene.chat.received == []


async def test_the_language_can_be_switched_and_goes_with_the_next_message(scene: Scene) -> None:
    await scene.open()
    await scene.widget.get_by_role("button", name="Русский").click()
    await expect(scene.widget.get_by_role("heading")).to_have_text("Помощник Oslo & Co.")
    await scene.widget.get_by_role("textbox", name="Сообщение").fill("где заказ")
    await scene.page.keyboard.press("Enter")
    await until(lambda: bool(scene.chat.received))
    assert scene.chat.received[0].language == "ru"


async def test_another_person_never_sees_the_history_before(scene: Scene) -> None:
    await scene.begin("an anonymous secret")
    content = {"sub": "C-7", "aud": "web", "exp": int(time.time()) + 600, "name": "Anna"}
    await scene.page.evaluate(f"Switchboard('identify', {json.dumps(jwt.encode(content, SECRET, 'HS256'))})")
    await expect(scene.widget.locator(".entry")).to_have_count(0)
    await scene.say("Anna's secret")
    await until(lambda: len(scene.chat.received) == 2)
    anonymous, anna = scene.chat.received
    assert anonymous.sender != anna.sender
    assert anna.identity is not None
    assert anna.identity.customer_ref == "C-7"
    await scene.page.evaluate("Switchboard('logout')")
    await expect(scene.widget.locator(".entry")).to_have_count(0)
    await scene.say("a third person")
    await until(lambda: len(scene.chat.received) == 3)
    assert scene.chat.received[2].sender not in (anonymous.sender, anna.sender)
    assert scene.chat.received[2].identity is None


async def test_a_refused_message_can_be_tried_again(scene: Scene) -> None:
    await scene.begin("first")
    await scene.widget.locator("#file").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
    await expect(scene.widget.locator(".chosen:not(.uploading)")).to_have_count(1)
    stored = dict(scene.chat.files)
    scene.chat.files.clear()
    await scene.say("with a file")
    retry = scene.widget.get_by_role("button", name="Try again")
    await expect(scene.widget.locator(".entry.failed")).to_contain_text("Not sent")
    scene.chat.files.update(stored)
    await retry.click()
    await until(lambda: scene.chat.texts() == ["first", "with a file"])
    await expect(scene.widget.locator(".entry.failed")).to_have_count(0)


async def test_markup_is_shown_as_text(scene: Scene) -> None:
    visitor = await scene.begin()
    dialogs: list[str] = []
    scene.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script> javascript:alert(3) https://ok.example/a?b=1."
    card = replace(CARD, title=evil, lines=(evil,), link="javascript:alert(4)", link_label="x")
    scene.chat.say(visitor, replace(BOT, text=evil, choices=(Choice(evil, "x"),)))
    scene.chat.say(visitor, replace(BOT, text="x", card=card))
    scene.chat.say(visitor, replace(BOT, author=EntryAuthor.AGENT, agent_name=evil))
    await expect(scene.widget.locator(".entry")).to_have_count(4)
    assert await scene.widget.locator(".log img, .log script").count() == 0
    links = await scene.widget.locator(".log a").evaluate_all("all => all.map(a => a.href)")
    assert links == ["https://ok.example/a?b=1"] * 2, "one in the text, one in the card"
    assert dialogs == []


async def test_a_site_that_is_not_listed_gets_no_chat(scene: Scene) -> None:
    await scene.page.goto(f"{scene.shop}/?inbox=closed")
    await scene.page.get_by_role("button", name="Open chat").click()
    await scene.page.wait_for_timeout(500)
    assert await scene.widget.locator("#text").count() == 0


async def test_messages_of_a_strange_window_are_not_obeyed(scene: Scene) -> None:
    await scene.open()
    await scene.page.evaluate("window.postMessage({switchboard: 'close'}, '*')")
    await scene.page.evaluate(
        "document.body.append(Object.assign(document.createElement('iframe'),"
        " {srcdoc: `<script>parent.postMessage({switchboard: 'close'}, '*')</script>`}))"
    )
    await scene.page.wait_for_timeout(300)
    await expect(scene.page.locator("#switchboard-launcher")).to_have_attribute("aria-expanded", "true")


async def test_on_a_telephone_the_chat_fills_the_screen(scene: Scene) -> None:
    await scene.page.set_viewport_size({"width": 390, "height": 844})
    await scene.begin()
    box = await scene.page.locator("#switchboard-frame").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert await scene.widget.locator("body").evaluate("e => e.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault(scene: Scene, scheme: str) -> None:
    await scene.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    visitor = await scene.begin()
    scene.chat.say(visitor, replace(BOT, text="x", card=CARD, choices=(Choice("Yes", "yes"),)))
    scene.chat.set_status(visitor, ChatUpdates((), ChatState.QUEUED, 2, 100.0))
    await expect(scene.widget.locator("#queue")).to_be_visible()
    frame = next(frame for frame in scene.page.frames if "/frame" in frame.url)
    assert await faults(scene.page) == []
    assert await faults(frame) == []
    scene.chat.set_status(visitor, ChatUpdates((), ChatState.CLOSED, survey_due=True))
    await scene.widget.get_by_role("button", name="5 of 5: Very good").click()
    await scene.widget.get_by_role("button", name="More").click()
    assert await faults(frame) == []
    await scene.page.keyboard.press("Enter")
    await expect(scene.widget.get_by_role("dialog", name="Send the conversation")).to_be_visible()
    assert await faults(frame) == []
