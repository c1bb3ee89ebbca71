"""The generic channel: what a signed request means, and what a reply looks like on the wire."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

import httpx
import pytest

from channels.fetch import Guard
from channels.generic import GenericChannel
from channels.protocol import ChannelRequest
from channels.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, WINDOW_S, is_signed, signature, signed_headers
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Card,
    Choice,
    DeliveryReceipt,
    DeliveryState,
    DeliveryUpdate,
    Edit,
    Identity,
    Inbound,
    Incoming,
    MessageId,
    Outbound,
    Reachability,
    RemoteFile,
)
from crm_core.errors import Forbidden, InvalidInput
from tests.channels.kit import Case, ReceivingKit, SendingKit, an_outbound, payload

SECRET, NOW_S = b"0123456789abcdef0123456789abcdef", 1_795_615_320.0
LENA = Address(AddressKind.WEB, "shop/customer-7")
FAILED = DeliveryState.FAILED
IDLE = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))


def a_channel(
    client: httpx.AsyncClient | None = None, deliver_to: str | None = "https://shop.example/in"
) -> GenericChannel:
    channel = GenericChannel("shop", SECRET, deliver_to, client or IDLE)
    channel.clock = lambda: NOW_S
    return channel


def signed(body: bytes, at: float = NOW_S, secret: bytes = SECRET) -> ChannelRequest:
    headers = {name.lower(): value for name, value in signed_headers(secret, body, at).items()}
    return ChannelRequest("POST", "/webhooks/shop", headers=headers, body=body)


def parsed(told: dict[str, object]) -> list[Incoming]:
    return a_channel().parse(signed(json.dumps(told).encode()))


class TestReceiving(ReceivingKit):
    unknown: ClassVar[Sequence[bytes]] = (
        *ReceivingKit.unknown, b'{"type":"message","id":"","from":{"id":"x"},"text":"x"}',
        b'{"type":"message","id":"1","from":{"id":"x","address":"tel:+34600111222"},"text":"x"}',
        b'{"type":"message","id":"1","from":{"id":"x"},"text":"\\u0000"}',
        b'{"type":"message","id":"1","from":{"id":"x"},"text":"\\ud800"}',
        b'{"type":"message","id":"1","from":{"id":"x"},"attachments":[{"name":"x","content":"!!!"}]}',
        b'{"type":"message","id":"1","from":{"id":"x"},"attachments":[{"url":"file:///etc/passwd"}]}',
    )  # fmt: skip

    def make(self) -> GenericChannel:
        return a_channel()

    def cases(self) -> Sequence[Case]:
        text, full = payload("generic", "text.json"), payload("generic", "full.json")
        return [
            Case(
                signed(text),
                [
                    Inbound(
                        "m-1", LENA, "Где мой заказ 100234?", language="ru", identity=Identity(name="Лена"), raw=text
                    )
                ],
            ),
            Case(
                signed(full),
                [
                    Inbound(
                        "m-2", Address(AddressKind.TEL, "+34600111222"), "Mi pedido", "t1", "Pedido",
                        datetime(2026, 11, 23, 14, 2, tzinfo=UTC), "es", "order_status",
                        Identity("C-1", "luis@example.com", "+34600111222"),
                        (Attachment("foto.png", "image/png", b"\x89PNG\r\n\x1a\n"),),
                        (RemoteFile("https://files.example/c.pdf", "c.pdf", "application/pdf"),), full,
                    )
                ],
            ),
        ]  # fmt: skip

    def sign(self, body: bytes) -> ChannelRequest:
        return signed(body)

    def forgeries(self) -> Sequence[ChannelRequest]:
        body = payload("generic", "text.json")
        good = signed(body)
        now, mac = good.headers[TIMESTAMP_HEADER], good.headers[SIGNATURE_HEADER]
        changed = [
            {}, {TIMESTAMP_HEADER: now}, {SIGNATURE_HEADER: mac}, {SIGNATURE_HEADER: mac[:-1], TIMESTAMP_HEADER: now},
            {SIGNATURE_HEADER: mac.upper(), TIMESTAMP_HEADER: now}, {SIGNATURE_HEADER: mac[3:], TIMESTAMP_HEADER: now},
            {SIGNATURE_HEADER: "v1=", TIMESTAMP_HEADER: now}, {SIGNATURE_HEADER: "подпись", TIMESTAMP_HEADER: now},
            {SIGNATURE_HEADER: "\udcff", TIMESTAMP_HEADER: now}, {SIGNATURE_HEADER: mac, TIMESTAMP_HEADER: f"{now}0"},
            {SIGNATURE_HEADER: mac, TIMESTAMP_HEADER: f" {now}"}, {SIGNATURE_HEADER: mac, TIMESTAMP_HEADER: "²"},
            {SIGNATURE_HEADER: mac, TIMESTAMP_HEADER: "-1"}, {SIGNATURE_HEADER: mac, TIMESTAMP_HEADER: "9" * 400},
        ]  # fmt: skip
        old = [signed(body, NOW_S - WINDOW_S - 1), signed(body, NOW_S + WINDOW_S + 2), signed(body, secret=b"x" * 32)]
        return [*(replace(good, headers=headers) for headers in changed), *old, replace(good, body=body + b" ")]


def test_without_a_secret_nothing_is_believed() -> None:
    """A signature made with an empty key is still a signature: it must not open the door."""
    body = payload("generic", "text.json")
    assert not is_signed(b"", signed(body, secret=b""), NOW_S)


def test_the_time_is_part_of_what_is_signed() -> None:
    assert signature(SECRET, "1", b"1.x") != signature(SECRET, "1.1", b"x")[:-1]
    assert signature(SECRET, "1", b"x") != signature(SECRET, "2", b"x")


def test_reports_are_understood() -> None:
    assert parsed({"type": "delivery", "message_id": 12, "state": "read"}) == [
        DeliveryUpdate(DeliveryState.READ, message_id=MessageId(12))
    ]
    assert parsed({"type": "edit", "id": "m-1", "text": "100235"}) == [Edit("m-1", "100235")]
    assert parsed({"type": "reachability", "of": {"id": "customer-7"}, "reachable": False, "reason": "left"}) == [
        Reachability(LENA, False, "left")
    ]


@pytest.mark.parametrize(
    "uri", ["web:anna", "telegram:777", "tel:123", "tel:+0", "mailto:a@b@c", "x:y", "", "tel:+3460011122\n"]
)
def test_nobody_speaks_for_another_channels_customers(uri: str) -> None:
    assert parsed({"type": "message", "id": "1", "from": {"address": uri}, "text": "x"}) == []


def test_an_id_is_the_inboxs_own() -> None:
    [inbound] = parsed({"type": "message", "id": "1", "from": {"id": "../web/anna"}, "text": "x"})
    assert isinstance(inbound, Inbound)
    assert inbound.sender.value == "shop/../web/anna"


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"type": "message", "id": "1", "from": {}, "text": "x"}, "give `address` or `id`"),
        ({"type": "message", "id": "1", "from": {"id": "x"}}, "give `text`"),
        ({"type": "message", "from": {"id": "x"}, "text": "x"}, "message.id"),
        ({"type": "telepathy"}, "telepathy"),
        ({}, "type"),
    ],
)
def test_whoever_writes_a_client_is_told_what_is_wrong(told: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        a_channel().check(signed(json.dumps(told).encode()))


class Shop(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: httpx.Response | Exception = httpx.Response(204)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await request.aread()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class TestSending(SendingKit):
    said: ClassVar[dict[str, tuple[httpx.Response | Exception, DeliveryReceipt]]] = {
        "taken": (httpx.Response(204), DeliveryReceipt(DeliveryState.SENT, external_id="sent:77")),
        "named": (httpx.Response(200, json={"id": "abc"}), DeliveryReceipt(DeliveryState.SENT, external_id="sent:abc")),
        "no json": (httpx.Response(200, text="[" * 5000), DeliveryReceipt(DeliveryState.SENT, external_id="sent:77")),
        "gone": (httpx.Response(410), DeliveryReceipt(FAILED, code="http_410", is_unreachable=True)),
        "busy": (
            httpx.Response(429, headers={"Retry-After": "9"}),
            DeliveryReceipt(FAILED, code="http_429", retryable=True, retry_after_s=9),
        ),
        "broken": (httpx.Response(500), DeliveryReceipt(FAILED, code="http_500", retryable=True)),
        "refused": (httpx.Response(422), DeliveryReceipt(FAILED, code="http_422")),
        "moved": (
            httpx.Response(302, headers={"Location": "https://e.example"}),
            DeliveryReceipt(FAILED, code="http_302"),
        ),
        "late": (httpx.ReadTimeout("late"), DeliveryReceipt(FAILED, code="http_timeout", retryable=True)),
        "away": (httpx.ConnectError("no"), DeliveryReceipt(FAILED, code="http_unreachable", retryable=True)),
    }
    answers = tuple((name, receipt) for name, (_, receipt) in said.items())

    @pytest.fixture(autouse=True)
    def _open(self) -> None:
        self.shop = Shop()

    def make(self) -> GenericChannel:
        return a_channel(httpx.AsyncClient(transport=self.shop))

    def recipient(self) -> Address:
        return LENA

    def wire(self) -> object:
        request = self.shop.requests[-1]
        asked = ChannelRequest("POST", "/in", headers=dict(request.headers), body=request.content)
        assert is_signed(SECRET, asked, NOW_S)
        return str(request.url), json.loads(request.content)

    def expected_wire(self, outbound: Outbound) -> object:
        told = {
            "type": "message", "id": 77, "conversation_id": 5, "to": {"id": "customer-7"}, "text": outbound.text,
            "subject": "Your order", "language": "en", "by": "bot", "choices": [], "card": None, "attachments": [],
            "in_reply_to": None,
        }  # fmt: skip
        return "https://shop.example/in", told

    def answer_with(self, answer: str) -> None:
        self.shop.answer = self.said[answer][0]


async def test_everything_a_message_may_carry_is_on_the_wire() -> None:
    shop = Shop()
    full = replace(
        an_outbound(Address(AddressKind.TEL, "+34600111222")), choices=(Choice("A person", "talk_to_person"),),
        card=Card("Order 100234", lines=("On its way",)), by_person=True,
        attachments=(Attachment("a.pdf", "application/pdf", b"%PDF"),), in_reply_to="m-1",
    )  # fmt: skip
    await a_channel(httpx.AsyncClient(transport=shop)).send(full)
    told = json.loads(shop.requests[0].content)
    assert (told["to"], told["by"], told["in_reply_to"]) == ({"address": "tel:+34600111222"}, "person", "m-1")
    assert told["attachments"] == [{"name": "a.pdf", "content_type": "application/pdf", "content": "JVBERg=="}]
    assert (told["card"]["title"], told["card"]["lines"]) == ("Order 100234", ["On its way"])
    assert told["choices"] == [{"label": "A person", "value": "talk_to_person"}]


async def test_without_an_address_for_replies_a_send_says_so() -> None:
    receipt = await a_channel(deliver_to=None).send(an_outbound(LENA))
    assert receipt == DeliveryReceipt(FAILED, code="no_delivery_address")


async def test_a_file_at_a_private_address_is_not_fetched() -> None:
    async def private(host: str, port: int) -> list[str]:
        return ["10.0.0.5"]

    channel = GenericChannel("shop", SECRET, None, guard=Guard(resolve=private))
    with pytest.raises(Forbidden):
        await channel.fetch_file(RemoteFile("https://files.example/c.pdf", "c.pdf"))
