"""OAuth 2.0 with client credentials (RFC 6749, 4.4): a token is fetched when there is none, and when it was refused."""

import json
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

import httpx

_SPARE_S = 60.0  # before it ends: a token must not die on its way
_USUAL_S = 3600.0


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at the token's issuer; `secret` is the client's."""

    token_url: str
    client_id: str
    secret: str = field(repr=False)
    scope: str = ""


class ClientCredentials(httpx.Auth):
    """Adds a bearer token to each request of one ERP. Of answers only the issuer's are read here."""

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._token, self._ends_at = "", 0.0

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if not self._token or self._clock() >= self._ends_at:
            self._keep(await _read((yield self._question())))
        request.headers["Authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._keep(await _read((yield self._question())))
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _question(self) -> httpx.Request:
        form = {
            "grant_type": "client_credentials", "client_id": self._client.client_id,
            "client_secret": self._client.secret, "scope": self._client.scope,
        }  # fmt: skip
        return httpx.Request("POST", self._client.token_url, data=form)

    def _keep(self, content: bytes) -> None:
        """Without a token the ERP is asked all the same, and its refusal is told."""
        self._token = ""
        try:
            told = json.loads(content)
            self._token = str(told.get("access_token") or "")
            self._ends_at = self._clock() + float(told.get("expires_in") or _USUAL_S) - _SPARE_S
        except (ValueError, TypeError, AttributeError, RecursionError):
            self._token = ""


async def _read(answer: httpx.Response) -> bytes:
    """Nothing of a refusal."""
    content = await answer.aread()
    return content if answer.is_success else b""
