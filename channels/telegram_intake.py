"""How a Telegram bot gets its updates: asked for by polling, or pushed to a webhook that we keep set."""

import asyncio
import json
from typing import Never

import structlog

from channels.protocol import ChannelRequest, Receive
from channels.telegram import Telegram
from channels.telegram_api import TelegramApi
from channels.telegram_updates import KINDS
from channels.telegram_words import DEFAULT, MENU
from crm_core.contracts import Incoming, JsonObject
from crm_core.errors import SwitchboardError

log = structlog.get_logger(__name__)

POLL_S, GRACE_S = 25, 10.0
KEEP_S = 3600.0
MOST_CONNECTIONS = 40


class TelegramPuller:
    """Long polling. Asking for the next update is what acknowledges those before, so it comes after their commit:
    Telegram itself keeps our place, for a day.
    """

    def __init__(self, api: TelegramApi, channel: Telegram) -> None:
        self._api, self._channel = api, channel

    async def run(self, receive: Receive) -> None:
        await self._api.call("deleteWebhook", {})
        await set_menu(self._api)
        following: JsonObject = {}
        while True:
            asked: JsonObject = {"timeout": POLL_S, "allowed_updates": [*KINDS], **following}
            updates = await self._api.call("getUpdates", asked, wait_s=POLL_S + GRACE_S)
            for update in updates if isinstance(updates, list) else ():
                if isinstance(update, dict):
                    await self._take(receive, update)
                    following = {"offset": int(str(update["update_id"])) + 1}

    async def _take(self, receive: Receive, update: JsonObject) -> None:
        request = ChannelRequest("POST", "", body=json.dumps(update).encode())
        for incoming in self._channel.parse(request):
            await _store(receive, incoming, update)
        await self._channel.after(request)


async def _store(receive: Receive, incoming: Incoming, update: JsonObject) -> None:
    """What can never be stored is left out: it must not hold up all that follow."""
    try:
        await receive(incoming)
    except SwitchboardError as error:
        if error.retryable:
            raise
        log.warning("telegram.update_refused", update_id=update["update_id"], code=error.code)


class WebhookKeeper:
    """Sets the webhook at the start and again every hour, in case somebody took it away."""

    def __init__(self, api: TelegramApi, url: str, secret: str) -> None:
        self._api, self._url, self._secret = api, url, secret

    async def run(self, receive: Receive) -> Never:
        del receive  # updates come in by HTTP
        await set_menu(self._api)
        while True:
            await set_webhook(self._api, self._url, self._secret)
            await asyncio.sleep(KEEP_S)


async def set_webhook(api: TelegramApi, url: str, secret: str) -> None:
    wanted: JsonObject = {
        "url": url, "secret_token": secret, "allowed_updates": [*KINDS], "max_connections": MOST_CONNECTIONS,
    }  # fmt: skip
    await api.call("setWebhook", wanted)


async def set_menu(api: TelegramApi) -> None:
    """The commands that Telegram offers beside the text field, in each language."""
    for language, commands in MENU.items():
        listed: JsonObject = {
            "commands": [{"command": name, "description": text} for name, text in commands.items()],
            **({} if language == DEFAULT else {"language_code": language}),
        }
        await api.call("setMyCommands", listed)
