"""A webhook that we send: signed as Standard Webhooks, to the open internet only unless the settings say otherwise."""

import asyncio
import base64
import hmac
import ssl
import time
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256

import httpcore

from channels.fetch import OPEN_INTERNET, CheckedNetwork, Guard
from crm_core.errors import Forbidden

USER_AGENT = "Switchboard-Webhook"
ANYWHERE = replace(OPEN_INTERNET, schemes=frozenset({"https", "http"}), may_connect=bool)


@dataclass(frozen=True, slots=True)
class Letter:
    """`id` is the same at every try, so that its receiver takes it once."""

    url: str
    id: str
    body: bytes
    secret: bytes


@dataclass(frozen=True, slots=True)
class Reception:
    """An HTTP status, or None with the reason in `code`; what the receiver said beside it is not read."""

    status: int | None
    code: str
    duration_ms: int


def signed_headers(letter: Letter, now_s: float) -> dict[str, str]:
    """https://www.standardwebhooks.com: HMAC-SHA256 over id, time and body, joined by dots."""
    timestamp = str(int(now_s))
    content = b".".join((letter.id.encode(), timestamp.encode(), letter.body))
    signature = base64.b64encode(hmac.digest(letter.secret, content, sha256)).decode()
    return {
        "Content-Type": "application/json", "User-Agent": USER_AGENT, "Accept-Encoding": "identity",
        "webhook-id": letter.id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}",
    }  # fmt: skip


async def post_letter(letter: Letter, guard: Guard, timeout_s: float) -> Reception:
    """Tried once. A redirect is no delivery: it could lead to a neighbour."""
    began = time.monotonic()
    status, code = await _post(letter, guard, timeout_s)
    return Reception(status, code, round((time.monotonic() - began) * 1000))


async def _post(letter: Letter, guard: Guard, timeout_s: float) -> tuple[int | None, str]:
    try:
        guard.check(letter.url)
        async with asyncio.timeout(timeout_s), _pool(guard) as pool:
            headers = list(signed_headers(letter, time.time()).items())
            async with pool.stream("POST", letter.url, headers=headers, content=letter.body) as answer:
                return answer.status, f"http_{answer.status}"
    except Forbidden:
        return None, "address_refused"
    except (TimeoutError, httpcore.TimeoutException):
        return None, "no_answer_in_time"
    except ssl.SSLError:
        return None, "certificate"
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError):
        return None, "unreachable"


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _pool(guard: Guard) -> httpcore.AsyncConnectionPool:
    network = CheckedNetwork(guard)
    return httpcore.AsyncConnectionPool(ssl_context=guard.tls or _tls(), network_backend=network, max_connections=1)
