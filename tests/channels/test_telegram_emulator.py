"""Telegram against lo-bot-api-emulator: every call we make is one that a Bot API takes."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from channels.sender import deliver
from channels.telegram import Telegram
from channels.telegram_api import TelegramApi
from channels.telegram_intake import TelegramPuller, set_menu, set_webhook
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Choice,
    DeliveryState,
    Inbound,
    Incoming,
    RemoteFile,
)
from crm_core.errors import NotFound
from tests.channels.kit import an_outbound
from tests.support.bot_api import BotApiEmulator, bot_api_emulator

pytestmark = pytest.mark.slow

ANNA = Address(AddressKind.TELEGRAM, "777")
USER = {"id": 777, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
CHAT = {"id": 777, "type": "private", "first_name": "Анна"}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 500
numbers = itertools.count(1000)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotApiEmulator]:
    with bot_api_emulator(tmp_path_factory.mktemp("bot-api")) as emulator:
        yield emulator


@pytest.fixture
def token() -> str:
    return f"{next(numbers)}:TEST-synthetic-token-0000000000000"


@pytest.fixture
async def api(emulator: BotApiEmulator, token: str) -> AsyncIterator[TelegramApi]:
    api = TelegramApi(token, emulator.url)
    yield api
    await api.close()


def a_message(**content: object) -> dict[str, object]:
    return {"message": {"message_id": next(numbers), "date": int(time.time()), "chat": CHAT, "from": USER, **content}}


async def test_text_buttons_and_files_are_taken(api: TelegramApi) -> None:
    full = replace(
        an_outbound(ANNA, "Чем помочь?"), choices=(Choice("Где мой заказ?", "order_status"), Choice("Человек", "x")),
        attachments=(Attachment("a.png", "image/png", PNG), Attachment("счёт.pdf", "application/pdf", b"%PDF-1.4")),
    )  # fmt: skip
    assert (await Telegram(api, ("en",)).send(full)).state is DeliveryState.SENT


async def test_a_long_text_with_emoji_is_taken_in_parts(api: TelegramApi) -> None:
    assert (await deliver(Telegram(api, ("en",)), an_outbound(ANNA, "😀" * 5000))).state is DeliveryState.SENT
    uncut = await Telegram(api, ("en",)).send(an_outbound(ANNA, "😀" * 2049))
    assert uncut.code == "telegram_400", "the emulator holds the limit"


async def test_menu_typing_and_pressed_buttons_are_taken(emulator: BotApiEmulator, api: TelegramApi) -> None:
    channel = Telegram(api, ("en", "ru"))
    await set_menu(api)
    await channel.show_typing(ANNA)
    refused = [
        request for request in emulator.requests() if request.get("method") in ("setMyCommands", "sendChatAction")
    ]
    assert {request["status"] for request in refused} == {200}


async def test_a_photo_is_fetched(emulator: BotApiEmulator, api: TelegramApi, token: str) -> None:
    channel = Telegram(api, ("en",))
    file = await channel.fetch_file(RemoteFile(emulator.upload(token, PNG), "photo.jpg", "image/jpeg"))
    assert file.content == PNG
    with pytest.raises(NotFound):
        await channel.fetch_file(RemoteFile("gone", "photo.jpg"))


async def test_polling_goes_on_where_it_stopped(emulator: BotApiEmulator, api: TelegramApi, token: str) -> None:
    stored: list[str] = []

    async def receive(incoming: Incoming) -> None:
        assert isinstance(incoming, Inbound)
        stored.append(incoming.text)
        if incoming.text == "two":
            raise asyncio.CancelledError  # killed after the commit, before the acknowledgement

    await set_webhook(api, "http://127.0.0.1:9/webhooks/x", "s" * 20)  # as an earlier installation left it
    for text in ("one", "two", "three"):
        emulator.write(token, a_message(text=text))
    puller = TelegramPuller(api, Telegram(api, ("en",)))
    with pytest.raises(asyncio.CancelledError):
        await puller.run(receive)
    task = asyncio.create_task(puller.run(_keeping(stored)))
    while stored[-1] != "three":  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert stored == ["one", "two", "one", "two", "three"]


def _keeping(stored: list[str]):  # noqa: ANN202
    async def receive(incoming: Incoming) -> None:
        assert isinstance(incoming, Inbound)
        stored.append(incoming.text)

    return receive
