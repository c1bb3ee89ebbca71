"""Calls of Twilio's REST interface: forms in, JSON out; every failure is a value that says what may be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from ssl import SSLContext, create_default_context

import httpx

from channels.twilio_signature import TwilioAccount
from crm_core.contracts import Json, JsonObject

TIMEOUT = httpx.Timeout(8.0, connect=3.0)
MOST_BYTES = 2_000_000
TOO_MANY, SERVER_FAULT, REFUSED, REDIRECTED = 429, 500, 400, 300

FORM_TYPE = "application/x-www-form-urlencoded"
NOT_CONNECTED_S = 5.0

Fields = Sequence[tuple[str, str]]
Connect = Callable[[], httpx.AsyncClient]


@cache
def _tls() -> SSLContext:
    return create_default_context()


def connect() -> httpx.AsyncClient:
    """A client for one call: it belongs to no event loop and survives a provider that closes idle connections."""
    return httpx.AsyncClient(timeout=TIMEOUT, verify=_tls(), follow_redirects=False, trust_env=False)


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """`status` 0: nobody answered, and where `was_sent` is False nobody was asked. `code` is the provider's own."""

    status: int
    content: JsonObject = field(default_factory=dict)
    code: int | None = None
    retry_after_s: float | None = None
    was_sent: bool = True

    @property
    def is_ok(self) -> bool:
        return bool(self.status) and self.status < REDIRECTED

    @property
    def is_uncertain(self) -> bool:
        """Whether the call was carried out is not known."""
        return self.was_sent and (self.status == 0 or self.status >= SERVER_FAULT)

    def text(self, name: str) -> str:
        value = self.content.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class TwilioRest:
    """One account's calls. `path` is what stands behind the account: `Messages.json`, `Calls/CA….json`."""

    account: TwilioAccount
    connect: Connect = connect

    def url(self, path: str) -> str:
        return f"{self.account.api_base_url.rstrip('/')}/2010-04-01/Accounts/{self.account.sid}{path}"

    async def get(self, path: str, query: Fields = ()) -> RestAnswer:
        return await self._call("GET", path, params=httpx.QueryParams(list(query)) if query else None)

    async def post(self, path: str, fields: Fields) -> RestAnswer:
        form = str(httpx.QueryParams(list(fields))).encode()
        return await self._call("POST", path, content=form, headers={"Content-Type": FORM_TYPE})

    async def _call(self, method: str, path: str, **request: object) -> RestAnswer:
        login = (self.account.sid, self.account.tokens[0])
        try:
            async with self.connect() as client:
                answer = await client.request(method, self.url(path), auth=login, **request)  # type: ignore[arg-type]
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return RestAnswer(0, retry_after_s=NOT_CONNECTED_S, was_sent=False)
        except (httpx.HTTPError, OSError):
            return RestAnswer(0)
        return _read(answer)


def _read(answer: httpx.Response) -> RestAnswer:
    content = _object(answer)
    code = content.get("code")
    after = answer.headers.get("retry-after", "")
    return RestAnswer(
        answer.status_code, content, code if isinstance(code, int) else None,
        float(after) if after.isdecimal() else None,
    )  # fmt: skip


def _object(answer: httpx.Response) -> JsonObject:
    if len(answer.content) > MOST_BYTES:
        return {}
    try:
        content: Json = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
