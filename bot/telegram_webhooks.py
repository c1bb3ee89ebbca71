"""Telling Telegram where our webhooks are, once, from the command line."""

import httpx

from bot.inboxes.parts import InboxTools
from bot.inboxes.telegram import secret_of, token_of, webhook_of
from bot.secret import server_key
from channels.telegram_api import TelegramApi, TelegramRefusal
from channels.telegram_intake import set_menu, set_webhook
from config.business import read_business
from config.inboxes import TelegramInbox, TelegramMode
from config.settings import Settings
from crm_core.blobs import FolderBlobStore
from crm_core.errors import SetupRequired, Unavailable


async def set_webhooks(settings: Settings, key: str | None) -> list[str]:
    """The addresses told. Raises SetupRequired or Unavailable with a sentence that says what to do."""
    business = read_business(settings.config_dir)
    tools = InboxTools(settings, business, server_key(settings), FolderBlobStore(settings.blobs_dir))
    bots = [inbox for inbox in business.channels.inboxes if isinstance(inbox, TelegramInbox)]
    chosen = [inbox for inbox in bots if inbox.mode is TelegramMode.WEBHOOK and key in (None, inbox.key)]
    if not chosen:
        raise SetupRequired("channels.yml has no such Telegram inbox with `mode: webhook`.")
    try:
        return [await _set_one(inbox, tools) for inbox in chosen]
    except TelegramRefusal as error:
        raise SetupRequired(f"Telegram refuses: {error.status} {error.description}") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"Telegram could not be reached ({type(error).__name__}).") from None


async def _set_one(inbox: TelegramInbox, tools: InboxTools) -> str:
    api, url = TelegramApi(token_of(inbox, tools), str(inbox.api_base_url)), webhook_of(inbox, tools)
    try:
        await set_webhook(api, url, secret_of(inbox, tools))
        await set_menu(api)
    finally:
        await api.close()
    return url
