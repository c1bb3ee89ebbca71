"""Telegram on captured updates and on a Bot API in memory."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

import httpx
import pytest

from channels.protocol import ChannelRequest
from channels.sender import deliver, split_text
from channels.telegram import SECRET_HEADER, Telegram
from channels.telegram_api import TelegramApi
from channels.telegram_intake import TelegramPuller, WebhookKeeper
from channels.telegram_updates import KINDS
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Choice,
    DeliveryReceipt,
    DeliveryState,
    Edit,
    Identity,
    Inbound,
    Incoming,
    Outbound,
    Reachability,
    RemoteFile,
)
from crm_core.errors import Forbidden, InvalidInput, NotFound, TooLarge, Unavailable
from tests.channels.kit import Case, ReceivingKit, SendingKit, an_outbound, payload

TOKEN, SECRET = "123456789:TEST-synthetic-token-000000000", "s3cr3t_0123456789-abcdef"
ANNA = Address(AddressKind.TELEGRAM, "777")
AT = datetime.fromtimestamp(1795615320, UTC)
LANGUAGES = ("en", "ru", "es")
FAILED = DeliveryState.FAILED


class BotApi(httpx.AsyncBaseTransport):
    """What the bot called, and what is answered; a `cut` breaks the connection."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, object]]] = []
        self.answers: list[Callable[[], httpx.Response]] = []
        self.updates: list[dict[str, object]] = []
        self.files: dict[str, bytes] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        method = request.url.path.rpartition("/")[2]
        if request.url.path.startswith("/file/"):
            return httpx.Response(200, content=self.files[method])
        is_json = request.headers["content-type"] == "application/json"
        self.calls.append((method, json.loads(body) if is_json else {"multipart": body}))
        if self.answers:
            return self.answers.pop(0)()
        if method == "getUpdates":
            return ok(self.take(self.calls[-1][1]))
        if method == "getFile":
            return ok({"file_id": "x", "file_path": "photos/file_1.jpg"})
        return ok({"message_id": 900 + len(self.calls)})

    def take(self, asked: dict[str, object]) -> list[dict[str, object]]:
        self.updates = [update for update in self.updates if int(str(update["update_id"])) >= asked.get("offset", 0)]
        if not self.updates:
            raise httpx.ReadTimeout("nothing more in this test")
        return self.updates

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]


def ok(result: object) -> httpx.Response:
    return httpx.Response(200, json={"ok": True, "result": result})


def no(status: int, description: str = "no", **parameters: object) -> Callable[[], httpx.Response]:
    told = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return lambda: httpx.Response(status, json=told)


def cut(error: Exception) -> Callable[[], httpx.Response]:
    def broken() -> httpx.Response:
        raise error

    return broken


@pytest.fixture
def bot_api() -> BotApi:
    return BotApi()


def channel_on(bot_api: BotApi, secret: str = SECRET) -> Telegram:
    return Telegram(TelegramApi(TOKEN, "http://telegram.test", bot_api), LANGUAGES, secret)


def signed(body: bytes, secret: str = SECRET) -> ChannelRequest:
    headers = {SECRET_HEADER: secret, "content-type": "application/json"}
    return ChannelRequest("POST", "/webhooks/telegram", headers=headers, body=body)


def said(name: str, message_id: str, text: str, **rest: object) -> tuple[str, Inbound]:
    raw = payload("telegram", f"{name}.json")
    made = Inbound(f"777:{message_id}", ANNA, text, sent_at=AT, language="ru", raw=raw)
    return name, replace(made, **rest)


EXPECTED: Sequence[tuple[str, Incoming]] = (
    said("text", "41", "Где мой заказ 100234? 📦"),
    said("start", "40", "/start shop", choice="greeting", identity=Identity(name="Анна Петрова")),
    said("help", "39", "/help@oslo_bot", choice="help"),
    said("photo", "42", "Коробка помята", remote_files=(RemoteFile("AgAD-photo-2", "photo.jpg", "image/jpeg"),)),
    said("document", "43", "", remote_files=(RemoteFile("BQAD-doc", "счёт.pdf", "application/pdf"),)),
    said("voice", "44", "", remote_files=(RemoteFile("AwAD-voice", "voice.ogg", "audio/ogg"),)),
    said("contact_own", "45", "+79161234567", identity=Identity(phone="+79161234567")),
    said("contact_foreign", "46", "+34600111222"),
    said("location", "47", "59.93, 30.25", extra={"location": {"latitude": 59.93, "longitude": 30.25}}),
    said("sticker", "48", "👍"),
    said("button", "0", "Где мой заказ?", external_id="button:4382bfdwdsb323b2d9", choice="order_status", sent_at=None),
    ("edited", Edit("777:41", "Где мой заказ 100235?")),
    ("blocked", Reachability(ANNA, False, "blocked_by_customer")),
    ("unblocked", Reachability(ANNA, True, "unblocked")),
)


class TestReceiving(ReceivingKit):
    unknown: ClassVar[Sequence[bytes]] = (
        *ReceivingKit.unknown,
        *(payload("telegram", f"{name}.json") for name in ("group", "joined", "phone_wish")),
        b'{"update_id":1,"message":{"message_id":1,"chat":{"id":1,"type":"private"},"text":"\\ud800"}}',
        b'{"update_id":"1","poll":{}}',
    )

    def make(self) -> Telegram:
        return channel_on(BotApi())

    def cases(self) -> Sequence[Case]:
        made = [(signed(payload("telegram", f"{name}.json")), found) for name, found in EXPECTED]
        return [Case(request, [found]) for request, found in made if isinstance(found, Inbound)]

    def sign(self, body: bytes) -> ChannelRequest:
        return signed(body)

    def forgeries(self) -> Sequence[ChannelRequest]:
        body = payload("telegram", "text.json")
        wrong = ("", SECRET[:-1], SECRET + "x", SECRET.upper(), "секрет", "\udcff", f" {SECRET}", "123456789:TEST")
        return [replace(signed(body), headers={}), *(signed(body, given) for given in wrong)]


@pytest.mark.parametrize(("name", "expected"), EXPECTED, ids=[name for name, _ in EXPECTED])
def test_each_kind_of_update_is_understood(bot_api: BotApi, name: str, expected: Incoming) -> None:
    assert channel_on(bot_api).parse(signed(payload("telegram", f"{name}.json"))) == [expected]


def test_without_a_secret_nothing_is_believed(bot_api: BotApi) -> None:
    channel = channel_on(bot_api, secret="")
    assert not channel.verify(signed(b"{}", secret=""))
    assert not channel.verify(ChannelRequest("POST", "/webhooks/telegram", body=b"{}"))


def test_somebody_elses_contact_proves_nothing(bot_api: BotApi) -> None:
    update = json.loads(payload("telegram", "contact_own.json"))
    for user_id in (778, None):
        update["message"]["contact"]["user_id"] = user_id
        [inbound] = channel_on(bot_api).parse(signed(json.dumps(update).encode()))
        assert isinstance(inbound, Inbound)
        assert inbound.identity is None


def test_a_language_the_company_does_not_speak_is_left_to_the_text(bot_api: BotApi) -> None:
    update = json.loads(payload("telegram", "text.json"))
    for code, expected in (("de", None), ("es-MX", "es"), ("", None), ("EN", "en")):
        update["message"]["from"]["language_code"] = code
        [inbound] = channel_on(bot_api).parse(signed(json.dumps(update).encode()))
        assert isinstance(inbound, Inbound)
        assert inbound.language == expected


class TestSending(SendingKit):
    answers: ClassVar[Sequence[tuple[str, DeliveryReceipt]]] = (
        ("blocked", DeliveryReceipt(FAILED, code="telegram_blocked", is_unreachable=True)),
        ("no chat", DeliveryReceipt(FAILED, code="telegram_no_chat", is_unreachable=True)),
        ("busy", DeliveryReceipt(FAILED, code="telegram_busy", retryable=True, retry_after_s=7.0)),
        ("bad token", DeliveryReceipt(FAILED, code="telegram_bad_token", retryable=True)),
        ("too long", DeliveryReceipt(FAILED, code="telegram_400")),
        ("broken", DeliveryReceipt(FAILED, code="telegram_502", retryable=True)),
        ("away", DeliveryReceipt(FAILED, code="telegram_unreachable", retryable=True)),
        ("cut", DeliveryReceipt(DeliveryState.IN_DOUBT, code="telegram_cut_off")),
        ("no answer", DeliveryReceipt(DeliveryState.IN_DOUBT, code="telegram_cut_off")),
    )
    said: ClassVar[dict[str, Callable[[], httpx.Response]]] = {
        "blocked": no(403, "Forbidden: bot was blocked by the user"),
        "no chat": no(400, "Bad Request: chat not found"),
        "busy": no(429, "Too Many Requests: retry after 7", retry_after=7),
        "bad token": no(401, "Unauthorized"),
        "too long": no(400, "Bad Request: message is too long"),
        "broken": lambda: httpx.Response(502, text="<html>Bad Gateway</html>"),
        "away": cut(httpx.ConnectError("refused")),
        "cut": cut(httpx.RemoteProtocolError("closed")),
        "no answer": cut(httpx.ReadTimeout("late")),
    }

    @pytest.fixture(autouse=True)
    def _open(self) -> None:
        self.bot_api = BotApi()

    def make(self) -> Telegram:
        return channel_on(self.bot_api)

    def recipient(self) -> Address:
        return ANNA

    def wire(self) -> object:
        return self.bot_api.calls[-1]

    def expected_wire(self, outbound: Outbound) -> object:
        told = {"chat_id": 777, "text": outbound.text}
        return ("sendMessage", told)

    def answer_with(self, answer: str) -> None:
        self.bot_api.answers.append(self.said[answer])


async def test_choices_become_buttons_and_long_ones_lines(bot_api: BotApi) -> None:
    channel = channel_on(bot_api)
    short = (Choice("Where is my order?", "order_status"), Choice("A person", "talk_to_person"))
    await channel.send(replace(an_outbound(ANNA), choices=short))
    keyboard = bot_api.calls[-1][1]["reply_markup"]
    assert keyboard == {
        "inline_keyboard": [
            [{"text": "Where is my order?", "callback_data": "order_status"}],
            [{"text": "A person", "callback_data": "talk_to_person"}],
        ]
    }
    await channel.send(replace(an_outbound(ANNA, "Which?"), choices=(Choice("This", "ё" * 33),)))
    fields = bot_api.calls[-1][1]
    assert ("reply_markup" in fields, fields["text"]) == (False, "Which?\n\n– This")


async def test_files_follow_the_text(bot_api: BotApi) -> None:
    files = (Attachment("схема.png", "image/png", b"\x89PNG"), Attachment("счёт.pdf", "application/pdf", b"%PDF"))
    receipt = await channel_on(bot_api).send(replace(an_outbound(ANNA), attachments=files))
    assert (receipt.state, bot_api.methods) == (DeliveryState.SENT, ["sendMessage", "sendPhoto", "sendDocument"])
    assert b"%PDF" in bot_api.calls[-1][1]["multipart"]


async def test_a_failure_after_a_part_arrived_is_in_doubt_and_not_repeated(bot_api: BotApi) -> None:
    bot_api.answers = [lambda: ok({"message_id": 1}), no(429, "later", retry_after=3)]
    files = (Attachment("a.pdf", "application/pdf", b"%PDF"),)
    receipt = await channel_on(bot_api).send(replace(an_outbound(ANNA), attachments=files))
    assert receipt == DeliveryReceipt(DeliveryState.IN_DOUBT, code="partly_telegram_busy")


async def test_another_kind_of_address_is_refused(bot_api: BotApi) -> None:
    receipt = await channel_on(bot_api).send(an_outbound(Address(AddressKind.MAILTO, "a@example.com")))
    assert (receipt.code, bot_api.calls) == ("not_on_telegram", [])


async def test_a_long_text_is_cut_as_telegram_counts(bot_api: BotApi) -> None:
    text = "😀" * 3000
    await deliver(channel_on(bot_api), an_outbound(ANNA, text))
    parts = [str(fields["text"]) for _, fields in bot_api.calls]
    assert [len(part.encode("utf-16-le")) // 2 for part in parts] == [4096, 1904]
    assert "".join(parts) == text


def test_a_character_of_two_units_is_never_halved() -> None:
    assert split_text("a" + "😀" * 3, 4, in_utf16=True) == ["a😀", "😀😀"]
    assert split_text("abcd", 4, in_utf16=True) == ["abcd"]


async def test_a_pressed_button_stops_waiting(bot_api: BotApi) -> None:
    await channel_on(bot_api).after(signed(payload("telegram", "button.json")))
    assert bot_api.calls == [("answerCallbackQuery", {"callback_query_id": "4382bfdwdsb323b2d9"})]


async def test_a_group_is_told_where_help_is_and_small_talk_in_it_is_left_alone(bot_api: BotApi) -> None:
    channel = channel_on(bot_api)
    await channel.after(signed(payload("telegram", "group.json")))
    [(method, fields)] = bot_api.calls
    assert (method, fields["chat_id"]) == ("sendMessage", -100123)
    assert "личной переписке" in str(fields["text"])
    chatter = json.loads(payload("telegram", "group.json"))
    chatter["message"]["text"] = "hello all"
    await channel.after(signed(json.dumps(chatter).encode()))
    assert len(bot_api.calls) == 1


async def test_the_wish_to_send_ones_number_gets_the_button_for_it(bot_api: BotApi) -> None:
    await channel_on(bot_api).after(signed(payload("telegram", "phone_wish.json")))
    [(_, fields)] = bot_api.calls
    assert fields["reply_markup"]["keyboard"] == [[{"text": "Отправить мой номер", "request_contact": True}]]


@pytest.mark.parametrize("answer", [no(400, "query is too old"), cut(httpx.ConnectError("refused"))])
async def test_a_courtesy_that_fails_is_nobodys_problem(bot_api: BotApi, answer: Callable[[], httpx.Response]) -> None:
    bot_api.answers = [answer]
    await channel_on(bot_api).after(signed(payload("telegram", "button.json")))
    bot_api.answers = [answer]
    await channel_on(bot_api).show_typing(ANNA)
    assert bot_api.methods == ["answerCallbackQuery", "sendChatAction"]


async def test_a_file_is_fetched_by_its_id(bot_api: BotApi) -> None:
    bot_api.files["file_1.jpg"] = b"\xff\xd8\xff"
    file = await channel_on(bot_api).fetch_file(RemoteFile("AgAD-photo-2", "photo.jpg", "image/jpeg"))
    assert file == Attachment("photo.jpg", "image/jpeg", b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (no(400, "Bad Request: file is too big"), TooLarge), (no(400, "Bad Request: wrong file_id"), NotFound),
        (no(401), Forbidden), (no(429), Unavailable), (no(500), Unavailable), (lambda: ok({}), NotFound),
        (cut(httpx.ReadTimeout("late")), Unavailable),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_had_says_whether_to_try_again(
    bot_api: BotApi, answer: Callable[[], httpx.Response], error: type[Exception]
) -> None:
    bot_api.answers = [answer]
    with pytest.raises(error) as raised:
        await channel_on(bot_api).fetch_file(RemoteFile("x", "x"))
    assert TOKEN not in str(raised.value)
    assert raised.value.__suppress_context__ or TOKEN not in repr(raised.value.__cause__)


def updates(*numbers: int) -> list[dict[str, object]]:
    update = json.loads(payload("telegram", "text.json"))
    return [{**update, "update_id": n, "message": {**update["message"], "message_id": n}} for n in numbers]


class Store:
    """Refuses what it is told to, else keeps."""

    def __init__(self, refused: dict[str, Exception] | None = None) -> None:
        self.kept: list[str] = []
        self.refused = refused or {}

    async def receive(self, incoming: Incoming) -> None:
        assert isinstance(incoming, Inbound)
        if incoming.external_id in self.refused:
            raise self.refused.pop(incoming.external_id)
        self.kept.append(incoming.external_id)


async def polled(bot_api: BotApi, store: Store) -> None:
    api = TelegramApi(TOKEN, "http://telegram.test", bot_api)
    await TelegramPuller(api, Telegram(api, LANGUAGES)).run(store.receive)


async def test_polling_acknowledges_only_what_is_stored(bot_api: BotApi) -> None:
    bot_api.updates = updates(11, 12, 13)
    store = Store({"777:12": Unavailable("the database is away")})
    with pytest.raises(Unavailable):
        await polled(bot_api, store)
    assert [fields.get("offset") for method, fields in bot_api.calls if method == "getUpdates"] == [None]
    with pytest.raises(httpx.ReadTimeout):
        await polled(bot_api, store)
    assert store.kept == ["777:11", "777:11", "777:12", "777:13"]
    assert bot_api.updates == []


async def test_an_update_that_can_never_be_stored_holds_up_no_other(bot_api: BotApi) -> None:
    bot_api.updates = updates(11, 12)
    store = Store({"777:11": InvalidInput("too long")})
    with pytest.raises(httpx.ReadTimeout):
        await polled(bot_api, store)
    assert store.kept == ["777:12"]


async def test_polling_takes_the_webhook_away_first(bot_api: BotApi) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await polled(bot_api, Store())
    assert (bot_api.methods[0], bot_api.methods[-1]) == ("deleteWebhook", "getUpdates")
    assert bot_api.calls[-1][1]["allowed_updates"] == [*KINDS]


async def test_the_webhook_is_set_with_its_secret(bot_api: BotApi) -> None:
    bot_api.answers = [*[lambda: ok(True)] * 3, no(500)]
    api = TelegramApi(TOKEN, "http://telegram.test", bot_api)
    with pytest.raises(Exception, match="500"):
        await WebhookKeeper(api, "https://desk.example/webhooks/tg", SECRET).run(Store().receive)
    method, fields = bot_api.calls[-1]
    assert (method, fields["url"], fields["secret_token"]) == (
        "setWebhook", "https://desk.example/webhooks/tg", SECRET,
    )  # fmt: skip
