"""The whole product with Telegram by webhook, Telegram by polling and a channel of somebody else's making."""

import email
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.inboxes.opening import open_inboxes
from bot.inboxes.parts import InboxTools
from bot.telegram_webhooks import set_webhooks
from config.business import read_business
from config.settings import ROOT, Settings
from crm_core.blobs import FolderBlobStore
from crm_core.errors import SetupRequired
from tests.support.bot_api import BotApiEmulator, bot_api_emulator
from tests.support.fax import a_tiff, needs_tesseract
from tests.support.stack import Stack, free_port

pytestmark = pytest.mark.slow

HOOKED, POLLED = "1001:TEST-webhook-token-00000000000000000", "1002:TEST-polling-token-00000000000000000"
HOOK_SECRET, SHOP_SECRET = "hook-secret-0123456789", "shop-secret-0123456789-0123456789-0123"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 500
numbers = itertools.count(2000)


class Gateway:
    """The fax gateway's mail server: keeps what is to be faxed."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.letters.append(email.message_from_bytes(envelope.original_content or b"", policy=default))
        return "250 OK"


CHANNELS = """
inboxes:
  - {{key: web, channel: webchat, name: Web chat}}
  - {{key: hooked, channel: telegram, name: Telegram, mode: webhook, token_env: HOOKED_TOKEN, secret_env: HOOK_SECRET,
     api_base_url: "{api}"}}
  - {{key: polled, channel: telegram, name: Telegram, mode: polling, token_env: POLLED_TOKEN, api_base_url: "{api}"}}
  - {{key: shop, channel: generic, name: Shop, secret_env: SHOP_SECRET, deliver_to: "http://127.0.0.1:{shop}/"}}
  - {{key: fax, channel: fax, name: Fax, via: shop, gateway: fax@gateway.example,
     answer_to: "{{digits}}@out.gateway.example"}}
"""


@dataclass(frozen=True)
class House:
    stack: Stack
    emulator: BotApiEmulator
    shop_port: int
    gateway: Gateway

    def write(self, token: str, customer: int, **content: object) -> None:
        user = {"id": customer, "is_bot": False, "first_name": "Ann", "language_code": "en"}
        chat = {"id": customer, "type": "private"}
        told = {"message_id": next(numbers), "date": int(time.time()), "chat": chat, "from": user, **content}
        self.emulator.write(token, {"message": told})

    def said_by_bot(self, customer: int) -> list[str]:
        rows = self.stack.query(
            "select m.text from message m join conversation c on c.id = m.conversation_id"
            f" join address a on a.id = c.address_id where a.uri = 'telegram:{customer}' and m.author = 'bot'"
            " and m.delivery = 'sent' order by m.id"
        )
        return [str(row[0]) for row in rows]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    secrets = {
        "HOOKED_TOKEN": HOOKED, "POLLED_TOKEN": POLLED, "HOOK_SECRET": HOOK_SECRET, "SHOP_SECRET": SHOP_SECRET,
    }  # fmt: skip
    shop_port = free_port()
    gateway = Gateway()
    smtp = Controller(gateway, hostname="127.0.0.1", port=free_port())
    smtp.start()
    mail = {
        "SWITCHBOARD_SMTP__HOST": "127.0.0.1", "SWITCHBOARD_SMTP__PORT": str(smtp.port),
        "SWITCHBOARD_SMTP__STARTTLS": "false", "SWITCHBOARD_SMTP__SENDER": "shop@oslo.example",
    }  # fmt: skip
    with bot_api_emulator(tmp_path_factory.mktemp("bot-api")) as emulator:
        stack = Stack(tmp_path_factory.mktemp("channels") / "var", extra={**secrets, **mail})
        stack.prepare()
        channels = CHANNELS.format(api=emulator.url, shop=shop_port)
        (stack.directory / "config" / "channels.yml").write_text(channels)
        stack.start("serve", "worker")
        eventually(lambda: hooked(emulator))
        yield House(stack, emulator, shop_port, gateway)
        stack.stop()
    smtp.stop()


def hooked(emulator: BotApiEmulator) -> bool:
    result = emulator.call(HOOKED, "getWebhookInfo")["result"]
    return isinstance(result, dict) and bool(result["url"])


def eventually(holds: Callable[[], object], patience_s: float = 30.0) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize(("token", "customer"), [(HOOKED, 501), (POLLED, 502)], ids=["webhook", "polling"])
def test_a_customer_is_answered(house: House, token: str, customer: int) -> None:
    house.write(token, customer, text="/start")
    eventually(lambda: house.said_by_bot(customer))
    house.write(token, customer, text="When are you open?")
    eventually(lambda: any("00:00–00:00" in said for said in house.said_by_bot(customer)))
    house.write(token, customer, photo=[{"file_id": house.emulator.upload(token, PNG), "file_size": 508}])
    eventually(lambda: any("file has arrived" in said for said in house.said_by_bot(customer)))
    mine = f"(select id from message where external_id like '{customer}:%')"
    eventually(lambda: house.stack.query(f"select size from attachment where message_id in {mine}") == [(len(PNG),)])
    named = "select name from contact c join address a on a.contact_id = c.id"
    assert house.stack.query(f"{named} where uri = 'telegram:{customer}'") == [("Ann",)]


def test_a_pressed_button_is_served_and_stops_waiting(house: House) -> None:
    user = {"id": 503, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    house.emulator.write(
        HOOKED, {"callback_query": {"id": "77", "from": user, "chat_instance": "1", "data": "opening_hours"}}
    )
    eventually(lambda: house.said_by_bot(503))
    eventually(lambda: "answerCallbackQuery" in house.emulator.methods())


def test_a_shared_contact_is_a_verified_address(house: House) -> None:
    house.write(POLLED, 504, contact={"phone_number": "34600111222", "first_name": "Ann", "user_id": 504})
    verified = (
        "select b.uri from address a join address b on b.contact_id = a.contact_id"
        " where a.uri = 'telegram:504' and b.verified_at is not null"
    )
    eventually(lambda: house.stack.query(verified) == [("tel:+34600111222",)])


def test_a_customer_who_blocks_the_bot_is_not_written_to(house: House) -> None:
    house.write(HOOKED, 505, text="/start")
    eventually(lambda: house.said_by_bot(505))
    change = {"chat": {"id": 505, "type": "private"}, "new_chat_member": {"status": "kicked"}}
    told = {"update_id": 990_001, "my_chat_member": change}
    headers = {"X-Telegram-Bot-Api-Secret-Token": HOOK_SECRET}
    answer = httpx.post(f"{house.stack.base_url}/webhooks/hooked", json=told, headers=headers)
    assert answer.status_code == 200
    assert house.stack.query("select unreachable_why from address where uri = 'telegram:505'") == [
        ("blocked_by_customer",)
    ]


def test_the_example_channel_gets_its_answer(house: House) -> None:
    url = f"{house.stack.base_url}/webhooks/shop"
    run = subprocess.run(
        [sys.executable, "examples/generic_channel.py", url, str(house.shop_port)], cwd=ROOT, text=True,
        input="When are you open?\n", capture_output=True, timeout=60, check=False,
        env={**os.environ, "SECRET": SHOP_SECRET, "LINGER_S": "4"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert any(line.startswith("bot: ") and "00:00–00:00" in line for line in lines)
    assert len(lines) == len(set(lines))


def faxed(house: House, directory: Path, call: str, caller: str, tiff: bytes) -> subprocess.CompletedProcess[str]:
    """As HylaFAX calls its script."""
    file, settings = directory / f"fax{call}.tif", directory / "switchboard.env"
    file.write_bytes(tiff)
    settings.write_text(f"SWITCHBOARD_URL={house.stack.base_url}/webhooks/shop\nSECRET={SHOP_SECRET}\n")
    return subprocess.run(
        [sys.executable, "examples/hylafax_faxrcvd.py", str(file), "ttyS0", call, "", caller, "Anna"], cwd=ROOT,
        env={**os.environ, "SWITCHBOARD_ENV": str(settings)}, text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


@needs_tesseract
def test_a_fax_is_read_and_answered_by_fax(house: House, tmp_path: Path) -> None:
    tiff = a_tiff("Hello,\nwhere is my order 100234?")
    assert [faxed(house, tmp_path, "000000042", "+34600111222", tiff).returncode for _ in range(2)] == [0, 0]
    eventually(lambda: house.gateway.letters)
    [(text, marks)] = house.stack.query(
        "select text, content -> 'marks' from message where external_id = 'fax-000000042'"
    )
    assert ("where is my order 100234?" in str(text), marks) == (True, ["recognised"])
    files = (
        "select a.name from attachment a join message m on m.id = a.message_id where m.external_id = 'fax-000000042'"
    )
    assert [row[0] for row in house.stack.query(f"{files} order by a.id")] == ["page-1.png", "fax000000042.tif"]
    letter = house.gateway.letters[0]
    assert (letter["To"], letter["Subject"]) == ("34600111222@out.gateway.example", "Fax to +34600111222")
    assert [part.get_content_type() for part in letter.iter_attachments()] == ["application/pdf"]


@needs_tesseract
def test_a_blank_fax_goes_to_a_person(house: House, tmp_path: Path) -> None:
    assert faxed(house, tmp_path, "000000043", "+34600333444", a_tiff("")).returncode == 0
    state = (
        "select c.state from conversation c join message m on m.conversation_id = c.id"
        " where m.external_id = 'fax-000000043'"
    )
    eventually(lambda: house.stack.query(state) == [("queued",)])


def test_the_example_channel_is_told_when_its_secret_is_wrong(house: House) -> None:
    run = subprocess.run(
        [sys.executable, "examples/generic_channel.py", f"{house.stack.base_url}/webhooks/shop", str(free_port())],
        cwd=ROOT, text=True, input="x\n", capture_output=True, timeout=60, check=False,
        env={**os.environ, "SECRET": "another secret of the right length"},
    )  # fmt: skip
    assert "403" in run.stderr
    assert "signature" in run.stderr


@pytest.mark.parametrize("path", ["polled", "web"])
def test_an_inbox_without_a_secret_takes_nothing_by_webhook(house: House, path: str) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": ""}
    answer = httpx.post(f"{house.stack.base_url}/webhooks/{path}", json={"update_id": 1}, headers=headers)
    assert answer.status_code == 403


async def test_each_inbox_says_how_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in house.stack.extra.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SWITCHBOARD_PORT", str(house.stack.port))
    monkeypatch.setenv("SWITCHBOARD_CONFIG_DIR", str(house.stack.directory / "config"))
    settings = Settings(var_dir=house.stack.directory)
    tools = InboxTools(settings, read_business(settings.config_dir), b"key", FolderBlobStore(settings.blobs_dir))
    opened, closed = open_inboxes(tools)
    probes = {key: await inbox.probe() for key, inbox in opened.items() if inbox.probe is not None}
    for inbox in opened.values():
        if inbox.close is not None:
            await inbox.close()
    assert closed == []
    assert probes["hooked"].remedy is probes["polled"].remedy is None
    assert "by webhook, 0 waiting" in probes["hooked"].state
    assert f"takes messages at {house.stack.base_url}/webhooks/shop" in probes["shop"].state
    assert probes["shop"].remedy == "start your receiver there"
    assert await set_webhooks(settings, "hooked") == [f"{house.stack.base_url}/webhooks/hooked"]
    with pytest.raises(SetupRequired, match="no such Telegram inbox"):
        await set_webhooks(settings, "polled")


def test_logs_hold_neither_tokens_nor_words(house: House) -> None:
    logs = "".join((house.stack.directory / f"{name}.log").read_text() for name in ("serve", "worker"))
    for secret in (HOOKED, POLLED, HOOK_SECRET, SHOP_SECRET, "When are you open", "34600111222", "telegram:50"):
        assert secret not in logs
    refused = {json.dumps(one) for one in house.emulator.requests() if one.get("status", 200) not in (200, 409)}
    assert refused == set()


def test_every_secret_is_named_by_an_environment_variable() -> None:
    assert "token:" not in Path(ROOT / "config" / "channels.yml").read_text()
