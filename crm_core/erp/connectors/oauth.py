"""OAuth 2.0 with client credentials (RFC 6749, 4.4): a token is fetched when there is none, and when it was refused."""

import time
from collections.abc import Callable, Generator
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
    """Adds a bearer token to each request of one ERP."""

    requires_response_body = True

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._token, self._ends_at = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._token or self._clock() >= self._ends_at:
            yield from self._fetch()
        request.headers["Authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._fetch()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _fetch(self) -> Generator[httpx.Request, httpx.Response, None]:
        """Without one the ERP is asked all the same, and its refusal is told."""
        form = {
            "grant_type": "client_credentials", "client_id": self._client.client_id,
            "client_secret": self._client.secret, "scope": self._client.scope,
        }  # fmt: skip
        answer = yield httpx.Request("POST", self._client.token_url, data=form)
        self._token = ""
        try:
            told = answer.json() if answer.is_success else {}
            self._token = str(told.get("access_token") or "")
            self._ends_at = self._clock() + float(told.get("expires_in") or _USUAL_S) - _SPARE_S
        except (ValueError, TypeError, AttributeError):
            self._token = ""
