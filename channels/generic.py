"""The generic channel: signed JSON in and out, so that anybody can add a channel without touching our code."""

import json
import time
from collections.abc import Callable

import httpx

from channels.fetch import OPEN_INTERNET, Guard, Limits, fetch
from channels.generic_messages import fault_of, incoming_of, outgoing_json
from channels.protocol import STORED, ChannelRequest
from channels.signing import is_signed, signed_headers
from crm_core.contracts import (
    Attachment,
    Capabilities,
    DeliveryReceipt,
    DeliveryState,
    Incoming,
    InDoubtPolicy,
    Outbound,
    RemoteFile,
)
from crm_core.errors import InvalidInput

MOST_BODY_BYTES = 12 * 1024 * 1024  # files of 8 MB and their base64
MOST_ANSWER_BYTES, MOST_WAIT_S = 64 * 1024, 3600.0
TIMEOUT_S, CONNECT_TIMEOUT_S = 15.0, 5.0
MOST_ID = 200


class GenericChannel:
    """One inbox: `secret` signs both ways, `deliver_to` is where replies are posted; it is the operator's own."""

    name = "generic"
    capabilities = Capabilities(
        choices=10, cards=True, attachments=True, in_doubt=InDoubtPolicy.REPEAT, body_limit=MOST_BODY_BYTES
    )
    acknowledgement = STORED

    def __init__(
        self, inbox_key: str, secret: bytes, deliver_to: str | None, client: httpx.AsyncClient | None = None,
        guard: Guard = OPEN_INTERNET,
    ) -> None:  # fmt: skip
        self._inbox_key, self._secret, self._deliver_to, self._guard = inbox_key, secret, deliver_to, guard
        self._client = client or httpx.AsyncClient(
            timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S), follow_redirects=False
        )
        self.clock: Callable[[], float] = time.time

    def verify(self, request: ChannelRequest) -> bool:
        return is_signed(self._secret, request, self.clock())

    def check(self, request: ChannelRequest) -> None:
        """Raises InvalidInput: whoever writes a client is told what is wrong, where others would be left out."""
        fault = fault_of(request.body)
        if fault is not None:
            raise InvalidInput(f"The body has not the agreed form: {fault}. See docs/channels/generic.md.")

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        found = incoming_of(self._inbox_key, request.body)
        return [found] if found is not None else []

    async def fetch_file(self, file: RemoteFile) -> Attachment:
        """From the open internet only."""
        fetched = await fetch(file.ref, Limits(), self._guard)
        return Attachment(file.name, file.content_type, fetched.content)

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        """A repeat carries the same `id`: whoever receives it takes it once."""
        if self._deliver_to is None:
            return DeliveryReceipt(DeliveryState.FAILED, code="no_delivery_address")
        body = outgoing_json(self._inbox_key, outbound)
        headers = {"Accept-Encoding": "identity", **signed_headers(self._secret, body, self.clock())}
        try:
            async with self._client.stream("POST", self._deliver_to, content=body, headers=headers) as answer:
                return await _receipt(answer, outbound)
        except httpx.TimeoutException:
            return DeliveryReceipt(DeliveryState.FAILED, code="http_timeout", retryable=True)
        except (httpx.HTTPError, httpx.InvalidURL):
            return DeliveryReceipt(DeliveryState.FAILED, code="http_unreachable", retryable=True)

    async def close(self) -> None:
        await self._client.aclose()


async def _receipt(answer: httpx.Response, outbound: Outbound) -> DeliveryReceipt:
    """2xx: taken, with the receiver's id if it tells one. 410: this customer is gone. 408, 425, 429, 5xx: later."""
    failed, status = DeliveryState.FAILED, answer.status_code
    if answer.is_success:
        return DeliveryReceipt(DeliveryState.SENT, external_id=await _told_id(answer) or f"sent:{outbound.message_id}")
    code = f"http_{status}"
    if status == httpx.codes.GONE:
        return DeliveryReceipt(failed, code=code, is_unreachable=True)
    if status in (408, 425, 429) or answer.is_server_error:
        return DeliveryReceipt(failed, code=code, retryable=True, retry_after_s=_wait_s(answer))
    return DeliveryReceipt(failed, code=code)


async def _told_id(answer: httpx.Response) -> str | None:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > MOST_ANSWER_BYTES:
            return None
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    found = told.get("id") if isinstance(told, dict) else None
    is_id = isinstance(found, str) and found.isprintable() and 0 < len(found) <= MOST_ID
    return f"sent:{found}" if is_id else None


def _wait_s(answer: httpx.Response) -> float | None:
    """Retry-After in seconds (RFC 9110 section 10.2.3); its other form, a date, is left to the back-off."""
    told = answer.headers.get("retry-after", "")
    return min(float(told), MOST_WAIT_S) if told.isascii() and told.isdecimal() and len(told) < 9 else None  # noqa: PLR2004
