"""HTTP to an ERP: what goes wrong on the wire, told as errors of the port; bodies and addresses stay out of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from crm_core.contracts import Json
from crm_core.errors import (
    ErpAuth,
    ErpBadRequest,
    ErpContract,
    ErpError,
    ErpForbidden,
    ErpInDoubt,
    ErpRateLimited,
    ErpTimeout,
    ErpUnavailable,
)  # fmt: skip

_TIMEOUT = httpx.Timeout(4.0, connect=1.5)
_MOST_BYTES = 8_000_000
_CONNECTIONS = 8
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)

ServerError = Callable[[int, bytes], ErpError]


def unavailable(status: int, _body: bytes) -> ErpError:
    return ErpUnavailable(f"The ERP answered HTTP {status}.")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an ERP answers, and what lets us in. `transport` takes the place of the network, for recordings."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: tuple[str, str] | httpx.Auth | None = field(default=None, repr=False)
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `missing_is_none`: 404 is an answer, not an error. `writes`: without an answer it may have happened."""

    method: str
    path: str
    params: list[tuple[str, str]] = field(default_factory=list)
    json: Json = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    missing_is_none: bool = False
    writes: bool = False


class ErpHttp:
    """One ERP's connections. Every failure is an ErpError whose text names no address, no key and no content."""

    def __init__(self, address: Address, *, server_error: ServerError = unavailable) -> None:
        self._server_error = server_error
        self._client = httpx.AsyncClient(
            base_url=address.url, headers=dict(address.headers), auth=address.auth, timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=_CONNECTIONS), follow_redirects=False, transport=address.transport,
        )  # fmt: skip

    async def get(self, path: str, *params: tuple[str, str], missing_is_none: bool = False) -> Json:
        return await self.ask(Request("GET", path, list(params), missing_is_none=missing_is_none))

    async def post(self, path: str, content: Json, *, writes: bool = False) -> Json:
        return await self.ask(Request("POST", path, json=content, writes=writes))

    async def ask(self, request: Request) -> Json:
        """The answer's JSON; None for a 404 that is allowed to be one."""
        if not request.writes:
            return await self._asked(request)
        try:
            return await self._asked(request)
        except ErpRateLimited:
            raise
        except (ErpUnavailable, ErpContract) as error:
            if isinstance(error.__cause__, _NEVER_SENT):
                raise
            raise ErpInDoubt(
                "The ERP did not say whether it did what we asked: look there before it is repeated."
            ) from error

    async def _asked(self, request: Request) -> Json:
        status, body = await self._answer(request)
        if status in (httpx.codes.OK, httpx.codes.CREATED):
            return _json(body)
        if status == httpx.codes.NOT_FOUND and request.missing_is_none:
            return None
        raise self._error(status, body)

    async def _answer(self, request: Request) -> tuple[int, bytes]:
        content = (
            httpx.Request(request.method, "http://erp", json=request.json).content if request.json is not None else b""
        )
        headers = {**request.headers, **({"Content-Type": "application/json"} if content else {})}
        sent = self._client.build_request(
            request.method,
            request.path,
            params=httpx.QueryParams(tuple(request.params)) if request.params else None,
            content=content or None,
            headers=headers,
        )
        try:
            answer = await self._client.send(sent, stream=True)
            try:
                return answer.status_code, await _read(answer)
            finally:
                await answer.aclose()
        except httpx.TimeoutException as error:
            raise ErpTimeout("The ERP did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ErpUnavailable(f"The ERP could not be reached ({type(error).__name__}).") from error

    def _error(self, status: int, body: bytes) -> ErpError:
        if status == httpx.codes.UNAUTHORIZED:
            return ErpAuth("The ERP does not accept our key: make a new one, see docs/erp.")
        if status == httpx.codes.FORBIDDEN:
            return ErpForbidden("The ERP's rights do not allow this question: see docs/erp.")
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return ErpRateLimited("The ERP asks us to be slower.")
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return self._server_error(status, body)
        return ErpBadRequest(f"The ERP does not understand our question (HTTP {status}).")

    async def aclose(self) -> None:
        await self._client.aclose()


async def _read(answer: httpx.Response) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ErpContract("The ERP's answer is larger than anything we asked for.")
    return body


def _json(body: bytes) -> Json:
    try:
        found: Json = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ErpContract("The ERP answered something that is no JSON: is there a log-in page in between?") from error
    return found
