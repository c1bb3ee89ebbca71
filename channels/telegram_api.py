"""Telegram's Bot API over HTTP: one call, one answer; what goes wrong is told without the token in the address."""

from collections.abc import Mapping

import httpx

from crm_core.contracts import Attachment, Json, JsonObject
from crm_core.errors import Forbidden, NotFound, SwitchboardError, TooLarge, Unavailable

OFFICIAL = "https://api.telegram.org"
CALL_TIMEOUT_S, CONNECT_TIMEOUT_S = 15.0, 5.0
MOST_FILE_BYTES = 20 * 1000 * 1000  # what a bot may fetch (core.telegram.org/bots/api#getfile)
# Nothing reached Telegram: the same call may be made again without doing anything twice.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TelegramRefusal(Exception):
    """Telegram's own “no”: its code as of HTTP, its words, and when it wants to be asked again."""

    def __init__(self, status: int, description: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"Telegram answered {status}.")
        self.status, self.description, self.retry_after_s = status, description, retry_after_s


class TelegramApi:
    """One bot; `transport` takes the place of the network, for tests.

    Raises TelegramRefusal for a “no” and httpx.HTTPError for what happens on the way.
    """

    def __init__(self, token: str, base_url: str = OFFICIAL, transport: httpx.AsyncBaseTransport | None = None) -> None:
        base_url = base_url.rstrip("/")
        self._methods, self._files = f"{base_url}/bot{token}", f"{base_url}/file/bot{token}"
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
            transport=transport,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, method: str, fields: JsonObject, *, wait_s: float = CALL_TIMEOUT_S) -> Json:
        timeout = httpx.Timeout(wait_s, connect=CONNECT_TIMEOUT_S)
        return _result(await self._client.post(f"{self._methods}/{method}", json=fields, timeout=timeout))

    async def upload(self, method: str, fields: Mapping[str, str], field: str, file: Attachment) -> Json:
        files = {field: (file.name, file.content, file.content_type)}
        return _result(await self._client.post(f"{self._methods}/{method}", data=dict(fields), files=files))

    async def download(self, file_id: str) -> bytes:
        """Raises SwitchboardError; a retryable one may be tried again."""
        try:
            found = await self.call("getFile", {"file_id": file_id})
            path = found.get("file_path") if isinstance(found, dict) else None
            if not isinstance(path, str):
                raise NotFound("Telegram does not have this file any more.")
            return await self._read(f"{self._files}/{path}")
        except TelegramRefusal as error:
            raise _file_error(error) from None
        except httpx.HTTPError as error:
            raise Unavailable(f"Telegram could not be reached ({type(error).__name__}).") from None

    async def _read(self, url: str) -> bytes:
        async with self._client.stream("GET", url) as answer:
            if answer.status_code != httpx.codes.OK:
                raise TelegramRefusal(answer.status_code, "")
            content = bytearray()
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > MOST_FILE_BYTES:
                    raise TooLarge("The file is too large to be fetched.")
        return bytes(content)


def _result(answer: httpx.Response) -> Json:
    """What the answer brings (core.telegram.org/bots/api#making-requests)."""
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise TelegramRefusal(answer.status_code if answer.is_error else httpx.codes.BAD_GATEWAY, "")
    if told.get("ok") is True:
        result: Json = told.get("result")
        return result
    parameters = told.get("parameters")
    wait_s = parameters.get("retry_after") if isinstance(parameters, dict) else None
    raise TelegramRefusal(
        int(told.get("error_code") or answer.status_code), str(told.get("description") or ""),
        float(wait_s) if isinstance(wait_s, int | float) else None,
    )  # fmt: skip


def _file_error(error: TelegramRefusal) -> SwitchboardError:
    if error.status == httpx.codes.TOO_MANY_REQUESTS or error.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unavailable("Telegram cannot serve the file just now.")
    if "too big" in error.description.lower():
        return TooLarge("The file is larger than what a bot may fetch.")
    if error.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return Forbidden("Telegram does not accept our token.")
    return NotFound("Telegram does not have this file any more.")
