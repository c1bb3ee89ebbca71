"""Files that Twilio keeps for us: fetched from its own host with our login, and from nowhere else."""

import mimetypes
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from channels.twilio_rest import TwilioRest
from crm_core.contracts import Attachment
from crm_core.errors import Forbidden, NotFound, TooLarge, Unavailable

MOST_BYTES = 16 * 1024 * 1024
# where the interface redirects to: a signed address that needs no login
STORES = ("twiliocdn.com", "twilio.com")
FOUND, GONE, MOVED = 200, (403, 404, 410), (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class TwilioMedia:
    """`stores` are the domains whose files are taken, over https only, after the interface's own redirect."""

    rest: TwilioRest
    stores: tuple[str, ...] = STORES

    async def fetch(self, url: str, name: str) -> Attachment:
        """Raises Forbidden for a foreign address, NotFound for a file that is gone, TooLarge, Unavailable."""
        if not url.startswith(f"{self.rest.url('')}/"):
            raise Forbidden("The file's address is not the provider's.")
        account = self.rest.account
        try:
            async with self.rest.connect() as client:
                first = await _read(client, url, (account.sid, account.tokens[0]))
                if first.status not in MOVED:
                    return first.attachment(name)
                if not self._is_store(first.location):
                    raise Forbidden("The provider sent us to a foreign address for the file.")
                return (await _read(client, first.location, None)).attachment(name)
        except (httpx.HTTPError, OSError):
            raise Unavailable("The file could not be fetched; it is tried again.") from None

    def _is_store(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "https" and any(host == store or host.endswith(f".{store}") for store in self.stores)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str
    content_type: str
    content: bytes

    def attachment(self, name: str) -> Attachment:
        if self.status in GONE:
            raise NotFound("The provider does not have the file any more.")
        if self.status != FOUND:
            raise Unavailable("The file could not be fetched; it is tried again.")
        ending = mimetypes.guess_extension(self.content_type) or ".bin"
        return Attachment(f"{name}{ending}", self.content_type, self.content)


async def _read(client: httpx.AsyncClient, url: str, login: tuple[str, str] | None) -> _Answer:
    """Never more than MOST_BYTES in memory, whatever the answer's head says."""
    async with client.stream("GET", url, auth=login, follow_redirects=False) as answer:
        content = bytearray()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > MOST_BYTES:
                raise TooLarge("The file is too large to be kept.")
        kind = answer.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
        return _Answer(answer.status_code, answer.headers.get("location", ""), kind, bytes(content))
