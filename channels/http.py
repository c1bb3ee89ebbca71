"""One door for every webhook: size, signature on the raw body, parse, store for good, and only then the answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, Request, Response
from pydantic_core import from_json

from channels.payload import read_limited
from channels.protocol import STORED, Acknowledgement, Channel, ChannelRequest, Courteous, Exacting
from crm_core.contracts import Incoming
from crm_core.errors import Forbidden, Malformed, NotFound, SwitchboardError, TooLarge, Unavailable

log = structlog.get_logger(__name__)

MOST_BYTES = 1024 * 1024
STORE_TIMEOUT_S = 8.0  # Twilio gives 15 s in all
RETRY_AFTER_S = 2
BODY_TIMEOUT_S = 10.0
TOO_SLOW = Acknowledgement('{"code":"too_slow","message":"The body did not arrive in time; send it again."}')
TAKEN = (200, 202)
IGNORED = Acknowledgement('{"status":"ignored"}')


@dataclass(frozen=True, slots=True)
class WebhookPorts:
    """`receive` returns once the message is stored for good; `count_unknown` is told the channel's name."""

    receive: Callable[[str, Incoming], Awaitable[object]]
    count_unknown: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: Acknowledgement
    headers: Mapping[str, str] = field(default_factory=dict)


async def take_in(channel: Channel, inbox_key: str, request: ChannelRequest, ports: WebhookPorts) -> Answer:
    """200 only when every message of `request` is stored; 202 for what the channel does not know."""
    try:
        if not channel.verify(request):
            raise Forbidden("The signature is missing or wrong.")
        check_json(request)
        if isinstance(channel, Exacting):
            channel.check(request)
        found = channel.parse(request)
        if not found:
            ports.count_unknown(channel.name)
            return _ignored(channel)
        for incoming in found:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                await ports.receive(inbox_key, incoming)
    except SwitchboardError as error:
        return refusal(error)
    except (TimeoutError, OSError) as error:
        log.warning("webhook.store_failed", channel=channel.name, error=type(error).__name__)
        return refusal(Unavailable("The message could not be stored; send it again."))
    return Answer(200, channel.acknowledgement)


def _ignored(channel: Channel) -> Answer:
    """A provider that expects a body of its own gets it: a 202 in JSON would be a fault to it."""
    speaks_json = channel.acknowledgement.media_type == STORED.media_type
    return Answer(202, IGNORED) if speaks_json else Answer(200, channel.acknowledgement)


def refusal(error: SwitchboardError) -> Answer:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if error.retryable else {}
    told = json.dumps({"code": error.code, "message": str(error)}, ensure_ascii=False)
    return Answer(error.status, Acknowledgement(told), headers)


def check_json(request: ChannelRequest) -> None:
    """Raises Malformed for a body that calls itself JSON and is not, or is nested without end (pydantic: 200)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return
    try:
        from_json(request.body)
    except ValueError:
        raise Malformed("The body is not valid JSON.") from None


def webhook_routes(
    channels: Mapping[str, Channel],
    ports: WebhookPorts,
    most_bytes: int = MOST_BYTES,
    body_timeout_s: float = BODY_TIMEOUT_S,
) -> APIRouter:
    """`POST /webhooks/{inbox_key}` for the inboxes of `channels`."""
    router = APIRouter(tags=["webhooks"])
    courtesies = set[asyncio.Task[None]]()

    @router.post("/webhooks/{inbox_key}")
    async def webhook(request: Request, inbox_key: str) -> Response:
        channel = channels.get(inbox_key)
        if channel is None:
            return _response(refusal(NotFound("There is no such inbox.")))
        limit = channel.capabilities.body_limit or most_bytes
        try:
            async with asyncio.timeout(body_timeout_s):
                body = await read_limited(request.stream(), request.headers.get("content-length"), limit)
        except TooLarge as error:
            return _response(refusal(error))
        except TimeoutError:
            return _response(Answer(408, TOO_SLOW))
        asked = channel_request(request, body)
        answer = await take_in(channel, inbox_key, asked, ports)
        if isinstance(channel, Courteous) and answer.status in TAKEN:
            courtesy = asyncio.create_task(channel.after(asked), name=f"courtesy-{inbox_key}")
            courtesies.add(courtesy)
            courtesy.add_done_callback(courtesies.discard)
        return _response(answer)

    return router


def channel_request(request: Request, body: bytes) -> ChannelRequest:
    return ChannelRequest(request.method, request.url.path, request.url.query, dict(request.headers), body)


def _response(answer: Answer) -> Response:
    content = answer.content
    return Response(content.body, answer.status, dict(answer.headers), media_type=content.media_type)
