"""Signed JSON between us and whoever adds a channel: HMAC-SHA256 over the time, a dot and the body to the byte."""

import hmac
from hashlib import sha256

from channels.protocol import ChannelRequest

TIMESTAMP_HEADER, SIGNATURE_HEADER = "x-switchboard-timestamp", "x-switchboard-signature"
WINDOW_S = 300  # older or newer requests are somebody's copy, or a clock that is wrong
VERSION = "v1"


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    return f"{VERSION}={hmac.digest(secret, timestamp.encode() + b'.' + body, sha256).hex()}"


def signed_headers(secret: bytes, body: bytes, now_s: float) -> dict[str, str]:
    timestamp = str(int(now_s))
    return {
        "Content-Type": "application/json", TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: signature(secret, timestamp, body),
    }  # fmt: skip


def is_signed(secret: bytes, request: ChannelRequest, now_s: float) -> bool:
    """True when who knows `secret` made this request within WINDOW_S of now; without a secret never."""
    timestamp = request.headers.get(TIMESTAMP_HEADER, "")
    is_time = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12  # noqa: PLR2004 - year 33658
    if not secret or not is_time or abs(now_s - int(timestamp)) > WINDOW_S:
        return False
    given = request.headers.get(SIGNATURE_HEADER, "").encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, signature(secret, timestamp, request.body).encode())
