"""Telegram: updates in by webhook or by polling, messages, buttons and files out."""

import hmac
import json
from collections.abc import Awaitable, Callable

import httpx
import structlog

from channels.protocol import STORED, ChannelRequest
from channels.telegram_api import NOT_SENT, TelegramApi, TelegramRefusal
from channels.telegram_updates import SHARE_PHONE, Update, command_of, is_private, language_of, meaning, read_update
from channels.telegram_words import ASK_PHONE, DEFAULT, PRIVATE_ONLY, SHARE_PHONE_BUTTON
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Capabilities,
    Choice,
    DeliveryReceipt,
    DeliveryState,
    Incoming,
    InDoubtPolicy,
    Json,
    JsonObject,
    Outbound,
    RemoteFile,
)

log = structlog.get_logger(__name__)

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
MOST_CHOICE_BYTES = 64  # of a button's callback_data
PHOTOS = frozenset({"image/jpeg", "image/png"})
MOST_PHOTO_BYTES = 10 * 1000 * 1000
Call = Callable[[], Awaitable[Json]]


class Telegram:
    """One bot as a channel. Without a secret nothing is taken in by webhook."""

    name = "telegram"
    capabilities = Capabilities(
        text_limit=4096, counts_utf16=True, choices=10, attachments=True, in_doubt=InDoubtPolicy.PARK
    )
    acknowledgement = STORED

    def __init__(self, api: TelegramApi, languages: tuple[str, ...], secret: str = "") -> None:
        self._api, self._languages, self._secret = api, languages, secret.encode()

    def verify(self, request: ChannelRequest) -> bool:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        return bool(self._secret) and hmac.compare_digest(given, self._secret)

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        update = read_update(request.body)
        found = meaning(update, self._languages, request.body) if update is not None else None
        return [found] if found is not None else []

    async def after(self, request: ChannelRequest) -> None:
        """End a button's wait, and answer what only Telegram knows: groups, the wish to send one's number."""
        update = read_update(request.body)
        if update is not None:
            for method, fields in self._courtesies(update):
                await self._try(method, fields)

    def _courtesies(self, update: Update) -> list[tuple[str, JsonObject]]:
        if update.callback_query is not None:
            return [("answerCallbackQuery", {"callback_query_id": update.callback_query.id})]
        message = update.message
        if message is None:
            return []
        language = language_of(message.sender, self._languages) or DEFAULT
        if is_private(message.chat) and command_of(message) == SHARE_PHONE:
            return [("sendMessage", _phone_question(message.chat.id, language))]
        if not is_private(message.chat) and command_of(message):
            return [("sendMessage", {"chat_id": message.chat.id, "text": PRIVATE_ONLY[language]})]
        return []

    async def show_typing(self, address: Address) -> None:
        await self._try("sendChatAction", {"chat_id": _chat_id(address), "action": "typing"})

    async def _try(self, method: str, fields: JsonObject) -> None:
        try:
            await self._api.call(method, fields)
        except (TelegramRefusal, httpx.HTTPError) as error:
            log.info("telegram.courtesy_failed", method=method, error=type(error).__name__)

    async def fetch_file(self, file: RemoteFile) -> Attachment:
        return Attachment(file.name, file.content_type, await self._api.download(file.ref))

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        """The text, then each file. Once a part has arrived, a failure leaves the whole in doubt."""
        if outbound.recipient.kind is not AddressKind.TELEGRAM:
            return DeliveryReceipt(DeliveryState.FAILED, code="not_on_telegram")
        receipt = DeliveryReceipt(DeliveryState.FAILED, code="empty")
        for sent, call in enumerate(self._calls(outbound)):
            receipt = await _receipt(call)
            if receipt.state is not DeliveryState.SENT:
                partly = DeliveryReceipt(DeliveryState.IN_DOUBT, code=f"partly_{receipt.code}")
                return partly if sent and receipt.retryable else receipt
        return receipt

    def _calls(self, outbound: Outbound) -> list[Call]:
        chat_id = _chat_id(outbound.recipient)
        calls: list[Call] = []
        if outbound.text:
            fields: JsonObject = {
                "chat_id": chat_id, "text": _with_long_choices(outbound), **_buttons(outbound.choices),
            }  # fmt: skip
            calls.append(lambda: self._api.call("sendMessage", fields))
        return [*calls, *(self._file_call(chat_id, file) for file in outbound.attachments)]

    def _file_call(self, chat_id: int, file: Attachment) -> Call:
        is_photo = file.content_type in PHOTOS and len(file.content) <= MOST_PHOTO_BYTES
        method, field = ("sendPhoto", "photo") if is_photo else ("sendDocument", "document")
        return lambda: self._api.upload(method, {"chat_id": str(chat_id)}, field, file)


def _chat_id(address: Address) -> int:
    return int(address.value)


def _fit_buttons(choices: tuple[Choice, ...]) -> bool:
    return all(choice.label and 0 < len(choice.value.encode()) <= MOST_CHOICE_BYTES for choice in choices)


def _buttons(choices: tuple[Choice, ...]) -> JsonObject:
    """One button a row: labels are short sentences."""
    if not choices or not _fit_buttons(choices):
        return {}
    rows: list[Json] = [[{"text": choice.label, "callback_data": choice.value}] for choice in choices]
    return {"reply_markup": {"inline_keyboard": rows}}


def _with_long_choices(outbound: Outbound) -> str:
    """What no button can carry is said in words."""
    if _fit_buttons(outbound.choices):
        return outbound.text
    return "\n".join([outbound.text, "", *(f"– {choice.label}" for choice in outbound.choices)])


def _phone_question(chat_id: int, language: str) -> JsonObject:
    button: JsonObject = {"text": SHARE_PHONE_BUTTON[language], "request_contact": True}
    markup: JsonObject = {"keyboard": [[button]], "resize_keyboard": True, "one_time_keyboard": True}
    return {"chat_id": chat_id, "text": ASK_PHONE[language], "reply_markup": markup}


async def _receipt(call: Call) -> DeliveryReceipt:
    """A “no” is Telegram's word that nothing was sent; a broken connection tells nothing."""
    try:
        result = await call()
    except TelegramRefusal as refusal:
        return _refused(refusal)
    except NOT_SENT:
        return DeliveryReceipt(DeliveryState.FAILED, code="telegram_unreachable", retryable=True)
    except httpx.HTTPError:
        return DeliveryReceipt(DeliveryState.IN_DOUBT, code="telegram_cut_off")
    message_id = result.get("message_id") if isinstance(result, dict) else None
    return DeliveryReceipt(DeliveryState.SENT, external_id=f"sent:{json.dumps(message_id)}")


def _refused(refusal: TelegramRefusal) -> DeliveryReceipt:
    failed = DeliveryState.FAILED
    match refusal.status:
        case 403:
            return DeliveryReceipt(failed, code="telegram_blocked", is_unreachable=True)
        case 400 if "chat not found" in refusal.description.lower():
            return DeliveryReceipt(failed, code="telegram_no_chat", is_unreachable=True)
        case 401 | 404:  # the token: an administrator mends it, the message waits
            return DeliveryReceipt(failed, code="telegram_bad_token", retryable=True)
        case 429:
            return DeliveryReceipt(failed, code="telegram_busy", retryable=True, retry_after_s=refusal.retry_after_s)
        case status if status >= 500:  # noqa: PLR2004
            return DeliveryReceipt(failed, code=f"telegram_{status}", retryable=True)
    return DeliveryReceipt(failed, code=f"telegram_{refusal.status}")
