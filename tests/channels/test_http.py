"""The door of all webhooks, before a channel that signs with a header."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from channels.http import WebhookPorts, webhook_routes
from channels.protocol import STORED, ChannelRequest
from crm_core.contracts import Address, AddressKind, Capabilities, DeliveryReceipt, DeliveryState, Inbound, Outbound
from crm_core.errors import InvalidInput, Unavailable


class Postcards:
    """A channel for tests: each line is a message, `?` means nothing to us."""

    name = "postcards"
    capabilities = Capabilities()
    acknowledgement = STORED

    def __init__(self) -> None:
        self.verified: list[ChannelRequest] = []

    def verify(self, request: ChannelRequest) -> bool:
        self.verified.append(request)
        return request.headers.get("x-signature") == "good"

    def parse(self, request: ChannelRequest) -> list[Inbound]:
        lines = request.body.decode(errors="replace").split("\n")
        return [Inbound(line, Address(AddressKind.TEL, "+34600000000"), line) for line in lines if line != "?"]

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        return DeliveryReceipt(DeliveryState.SENT, external_id=str(outbound.message_id))


class Store:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.unknown: list[str] = []
        self.error: Exception | None = None

    async def receive(self, inbox_key: str, inbound: Inbound) -> None:
        if self.error is not None and len(self.texts) == 1:
            raise self.error
        self.texts.append(f"{inbox_key}: {inbound.text}")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def postcards() -> Postcards:
    return Postcards()


@pytest.fixture
async def client(store: Store, postcards: Postcards) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    ports = WebhookPorts(store.receive, store.unknown.append)
    app.include_router(webhook_routes({"cards": postcards}, ports, most_bytes=10_000))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


GOOD = {"X-Signature": "good"}


async def test_all_messages_are_stored_before_200(client: httpx.AsyncClient, store: Store) -> None:
    answer = await client.post("/webhooks/cards", content=b"one\ntwo", headers=GOOD)
    assert (answer.status_code, store.texts) == (200, ["cards: one", "cards: two"])


async def test_the_signature_is_checked_on_the_raw_body(client: httpx.AsyncClient, postcards: Postcards) -> None:
    await client.post("/webhooks/cards?a=1&b=", content=b" a=1&b= \r\n", headers=GOOD)
    [request] = postcards.verified
    assert (request.method, request.path, request.query) == ("POST", "/webhooks/cards", "a=1&b=")
    assert request.body == b" a=1&b= \r\n"
    assert request.headers["x-signature"] == "good"


@pytest.mark.parametrize("headers", [{}, {"X-Signature": ""}, {"X-Signature": "bad"}])
async def test_a_bad_signature_stores_nothing(client: httpx.AsyncClient, store: Store, headers: dict[str, str]) -> None:
    answer = await client.post("/webhooks/cards", content=b"one", headers=headers)
    assert (answer.status_code, store.texts) == (403, [])


async def test_what_the_channel_does_not_know_is_accepted_and_counted(client: httpx.AsyncClient, store: Store) -> None:
    answer = await client.post("/webhooks/cards", content=b"?", headers=GOOD)
    assert (answer.status_code, store.unknown, store.texts) == (202, ["postcards"], [])


@pytest.mark.parametrize("error", [Unavailable("later"), ConnectionResetError("db"), TimeoutError()])
async def test_a_lost_database_makes_the_provider_send_again(
    client: httpx.AsyncClient, store: Store, error: Exception
) -> None:
    store.error = error
    answer = await client.post("/webhooks/cards", content=b"one\ntwo", headers=GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "ConnectionReset" not in answer.text


async def test_what_the_core_refuses_is_422(client: httpx.AsyncClient, store: Store) -> None:
    store.error = InvalidInput("The message is too long.")
    answer = await client.post("/webhooks/cards", content=b"one\ntwo", headers=GOOD)
    assert (answer.status_code, answer.json()["message"]) == (422, "The message is too long.")


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[" * 50_00, b'{"a":"\\ud800"}'])
async def test_json_that_is_none_is_400(client: httpx.AsyncClient, store: Store, body: bytes) -> None:
    headers = {**GOOD, "Content-Type": "application/json; charset=utf-8"}
    answer = await client.post("/webhooks/cards", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"], store.texts) == (400, "malformed", [])


async def test_a_large_body_is_cut_before_anything_looks_at_it(client: httpx.AsyncClient, postcards: Postcards) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    streamed = await client.post("/webhooks/cards", content=endless(), headers=GOOD)
    declared = await client.post("/webhooks/cards", content=b"x", headers={**GOOD, "Content-Length": "99999999999"})
    assert [streamed.status_code, declared.status_code, postcards.verified] == [413, 413, []]


async def test_an_unknown_inbox_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.post("/webhooks/nobody", content=b"x", headers=GOOD)).status_code == 404
