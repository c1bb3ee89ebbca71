"""A Telegram bot as an inbox: by webhook or by polling, and what Telegram says of it."""

import re

import httpx

from bot.inboxes.parts import InboxOff, InboxTools, OpenInbox
from channels.protocol import Probe, Puller
from channels.telegram import Telegram
from channels.telegram_api import OFFICIAL, TelegramApi, TelegramRefusal
from channels.telegram_intake import TelegramPuller, WebhookKeeper
from config.inboxes import TelegramInbox, TelegramMode
from crm_core.contracts import Json

TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}")
SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")  # core.telegram.org/bots/api#setwebhook; ours may not be short


def open_telegram(inbox: TelegramInbox, tools: InboxTools) -> OpenInbox:
    """Raises InboxOff when token or secret are missing or cannot be what they should."""
    api = TelegramApi(token_of(inbox, tools), str(inbox.api_base_url))
    languages = tuple(tools.business.company.languages)
    if inbox.mode is TelegramMode.POLLING:
        channel = Telegram(api, languages)
        puller: Puller = TelegramPuller(api, channel)
        url = ""
    else:
        secret, url = secret_of(inbox, tools), webhook_of(inbox, tools)
        channel, puller = Telegram(api, languages, secret), WebhookKeeper(api, url, secret)

    async def probe() -> Probe:
        return await probed(inbox, api, url)

    return OpenInbox(inbox.key, channel, puller, probe=probe, close=api.close)


def token_of(inbox: TelegramInbox, tools: InboxTools) -> str:
    token = tools.secret(inbox.key, inbox.token_env)
    if not TOKEN.fullmatch(token):
        told = "is no bot token; copy the line that BotFather sent, like 123456789:AA…"
        raise InboxOff(f"The inbox “{inbox.key}” is off: {inbox.token_env} {told}")
    return token


def secret_of(inbox: TelegramInbox, tools: InboxTools) -> str:
    secret = tools.secret(inbox.key, inbox.secret_env or "")
    if not SECRET.fullmatch(secret):
        told = "must be 16 to 256 letters, digits, “_” and “-”; make one with `openssl rand -hex 24`"
        raise InboxOff(f"The inbox “{inbox.key}” is off: {inbox.secret_env} {told}.")
    return secret


def webhook_of(inbox: TelegramInbox, tools: InboxTools) -> str:
    """Telegram itself calls https addresses only."""
    url = tools.webhook_url(inbox.key)
    if str(inbox.api_base_url).rstrip("/") == OFFICIAL and not url.startswith("https://"):
        told = "set SWITCHBOARD_PUBLIC_URL to your https address, or choose `mode: polling`, which needs none"
        raise InboxOff(f"The inbox “{inbox.key}” is off: Telegram calls https addresses only; {told}.")
    return url


async def probed(inbox: TelegramInbox, api: TelegramApi, url: str) -> Probe:
    """Who the bot is, and whether its updates find us."""
    try:
        known, hook = await api.call("getMe", {}), await api.call("getWebhookInfo", {})
    except TelegramRefusal as error:
        mend_token = f"Telegram refuses the token: copy it from BotFather into {inbox.token_env}"
        is_token = error.status in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND)
        return Probe(f"telegram: answered {error.status}", mend_token if is_token else "try again later")
    except httpx.HTTPError as error:
        return Probe(f"telegram: no answer ({type(error).__name__})", f"can this machine reach {inbox.api_base_url}?")
    name = f"@{_told(known, 'username') or _told(known, 'id')}"
    waiting = f"{_told(hook, 'pending_update_count') or 0} waiting"
    if _told(hook, "url") != url:
        told = f"telegram: {name} by {inbox.mode.value}; the webhook at Telegram is another, {waiting}"
        return Probe(told, "start a worker, or run `python -m bot channel telegram set-webhook`")
    fault = _told(hook, "last_error_message")
    remedy = f"Telegram could not deliver: {fault}. Is {url} reachable from outside?" if fault and url else None
    return Probe(f"telegram: {name} by {inbox.mode.value}, {waiting}", remedy)


def _told(result: Json, key: str) -> str:
    value = result.get(key) if isinstance(result, dict) else None
    return "" if value is None else str(value)
