"""How to log in to a mail server: by password, or by a token fetched anew in time (RFC 6749 section 6)."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

TOKEN_TIMEOUT_S = 10.0
RENEW_BEFORE_S = 120.0
DEFAULT_LIFE_S = 3_000.0

TokenSource = Callable[[], Awaitable[str]]


class TokenRefused(OSError):
    """The provider gives no token: the refresh token was withdrawn or the client is not known."""


@dataclass(frozen=True, slots=True)
class Login:
    """One server. With `token` it is XOAUTH2, with `password` LOGIN or PLAIN, with neither no log-in at all."""

    host: str
    port: int
    security: str = "tls"
    username: str | None = None
    password: str | None = None
    token: TokenSource | None = None
    tls: ssl.SSLContext | None = None
    timeout_s: float = 10.0

    @property
    def context(self) -> ssl.SSLContext:
        return self.tls or ssl.create_default_context()


def trust_of(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, or one of your own."""
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    url: str
    client_id: str
    refresh_token: str
    client_secret: str | None = None
    scope: str | None = None

    def form(self) -> dict[str, str]:
        given = {
            "grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": self.refresh_token,
            "client_secret": self.client_secret, "scope": self.scope,
        }  # fmt: skip
        return {name: value for name, value in given.items() if value}


class RefreshedToken:
    """A source that asks at most once per life of a token, however many ask it."""

    def __init__(self, request: TokenRequest, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._request, self._transport = request, transport
        self._token, self._until = "", 0.0
        self._lock = asyncio.Lock()

    async def __call__(self) -> str:
        """Raises TokenRefused, or OSError when the provider does not answer."""
        async with self._lock:
            if time.monotonic() > self._until - RENEW_BEFORE_S:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=TOKEN_TIMEOUT_S) as client:
                answer = await client.post(self._request.url, data=self._request.form())
        except httpx.HTTPError as error:
            raise OSError(f"the token server does not answer ({type(error).__name__})") from error
        told = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
        token = told.get("access_token") if isinstance(told, dict) else None
        if answer.status_code != httpx.codes.OK or not isinstance(token, str):
            raise TokenRefused(f"the token server says {answer.status_code}")
        life_s = told.get("expires_in")
        self._token = token
        self._until = time.monotonic() + (float(life_s) if isinstance(life_s, int | float) else DEFAULT_LIFE_S)


def fixed_token(token: str) -> TokenSource:
    async def source() -> str:
        return token

    return source
