"""Every channel that takes webhooks, as an attacker and as its provider would see it. A new channel adds a Subject."""

import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import httpx

from channels.generic import GenericChannel
from channels.protocol import Channel
from channels.signing import signed_headers
from channels.telegram import Telegram
from channels.telegram_api import TelegramApi

Headers = dict[str, str]
JSON = "application/json"


@dataclass(frozen=True)
class Subject:
    """One inbox. `message(id, text)` is a genuine body; `sign` and `forge` give the headers of a provider and of an
    attacker who knows everything but the secret; `reports` are bodies that change something without being a message.
    """

    key: str
    channel: Channel
    message: Callable[[str, str], bytes]
    sign: Callable[[bytes], Headers]
    forge: Callable[[bytes], Sequence[Headers]]
    content_type: str = JSON
    reports: Sequence[bytes] = ()

    @property
    def kind(self) -> str:
        return self.channel.name


NOWHERE = httpx.MockTransport(lambda _: httpx.Response(200, json={"ok": True, "result": True}))
SECRETS = {
    "bot_a": "secret-of-bot-a-0123456789", "bot_b": "secret-of-bot-b-0123456789",
    "shop_a": "secret-of-shop-a-0123456789-0123456789", "shop_b": "secret-of-shop-b-0123456789-0123456789",
}  # fmt: skip


def telegram(key: str) -> Subject:
    secret, header = SECRETS[key], "X-Telegram-Bot-Api-Secret-Token"

    def message(number: str, text: str) -> bytes:
        chat, user = {"id": 777, "type": "private"}, {"id": 777, "is_bot": False, "first_name": "Ann"}
        said = {"message_id": int(number), "date": 1_795_615_320, "chat": chat, "from": user, "text": text}
        return json.dumps({"update_id": 5_000 + int(number), "message": said}, ensure_ascii=False).encode()

    wrong = (
        "", secret[:-1], secret[1:], secret + "x", "x" + secret, secret.upper(), secret.swapcase(), secret * 2,
        f'"{secret}"', f"{secret},{secret}", "null", "undefined", "0", "true", "секрет", secret.replace("0", "o"),
        "x" * 256, sha256(secret.encode()).hexdigest(), f"Bearer {secret}", f"{secret}%00", "*", SECRETS["shop_a"],
    )  # fmt: skip
    elsewhere = ("X-Telegram-Bot-Api-Secret", "Authorization", "X-Secret-Token", "Cookie")
    member = {"chat": {"id": 777, "type": "private"}, "new_chat_member": {"status": "kicked"}}
    return Subject(
        key, Telegram(TelegramApi("1:x", "http://telegram.test", NOWHERE), ("en", "ru", "es"), secret), message,
        lambda _: {header: secret},
        lambda _: [{}, *({header: given.encode()} for given in wrong), *({name: secret} for name in elsewhere)],
        reports=[json.dumps({"update_id": 1, "my_chat_member": member}).encode()],
    )  # fmt: skip


def generic(key: str) -> Subject:
    secret = SECRETS[key].encode()
    stamp, mac = "X-Switchboard-Timestamp", "X-Switchboard-Signature"

    def message(number: str, text: str) -> bytes:
        told = {"type": "message", "id": f"m-{number}", "from": {"id": "ann"}, "text": text}
        return json.dumps(told, ensure_ascii=False).encode()

    def sign(body: bytes) -> Headers:
        return signed_headers(secret, body, time.time())

    def forge(body: bytes) -> Sequence[Headers]:
        now = time.time()
        good = signed_headers(secret, body, now)
        named = {stamp: good[stamp.lower()], mac: good[mac.lower()]}
        bare = hmac.new(secret, body, sha256).hexdigest()
        without_dot = hmac.new(secret, named[stamp].encode() + body, sha256).hexdigest()
        given = (
            "", "v1=", "v1", named[mac][3:], named[mac][:-1], named[mac] + "0", named[mac].upper(), named[mac] * 2,
            f"v0={named[mac][3:]}", f"v1={bare}", f"v1={without_dot}", f"{named[mac]},v1=0", "v1=" + "0" * 64, "null",
        )  # fmt: skip
        times = ("", "0", "-1", "1e9", "nan", f"{named[stamp]}.0", f"{int(now) - 301}", f"{int(now) + 303}", "9" * 40)
        keys = (b"", b"\x00", b"secret", SECRETS["bot_a"].encode(), secret[:-1], secret + b"\n", secret.upper())
        return [
            {}, {mac: named[mac]}, {stamp: named[stamp]}, *({stamp: named[stamp], mac: one} for one in given),
            *({stamp: one, mac: named[mac]} for one in times), *(signed_headers(one, body, now) for one in keys),
            signed_headers(secret, body + b" ", now), signed_headers(secret, body, now - 600),
            signed_headers(secret, body, now + 600),
        ]  # fmt: skip

    delivered = {"type": "delivery", "message_id": 1, "state": "failed"}
    gone = {"type": "reachability", "of": {"id": "ann"}, "reachable": False}
    idle = httpx.AsyncClient(transport=NOWHERE)
    return Subject(
        key, GenericChannel(key, secret, None, idle), message, sign, forge,
        reports=[json.dumps(told).encode() for told in (delivered, gone)],
    )  # fmt: skip


def subjects() -> list[Subject]:
    """Two inboxes of each channel, so that one can be taken for the other."""
    return [telegram("bot_a"), telegram("bot_b"), generic("shop_a"), generic("shop_b")]
