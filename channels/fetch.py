"""Files at addresses that strangers name: fetched only from the public internet, and only so much of it."""

import asyncio
import base64
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urljoin, urlsplit

import httpcore

from crm_core.errors import Forbidden, InvalidInput, NotFound, SwitchboardError, TooLarge, Unavailable

MOST_REDIRECTS = 3
MOST_ADDRESS_CHARACTERS = 2_000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
OK = 200
# embed an IPv4 address that a router on the way may unpack (RFC 6052, RFC 3056, RFC 4380)
TUNNELS = tuple(ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost."""

    most_bytes: int = 8 * 1024 * 1024
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """`content_type` is what the server called it; nobody has checked that."""

    content: bytes
    content_type: str


def is_public(address: str) -> bool:
    """Whether `address` is a host of the open internet: not ours, not a neighbour's, not a tunnel to one."""
    try:
        found: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.is_site_local or any(found in tunnel for tunnel in TUNNELS):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


async def resolve(host: str, port: int) -> list[str]:
    """Every address of `host`, as the system's resolver reads it: 0x7f.1 and 2130706433 are addresses to it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may be asked. `hosts` names the only ones allowed; the other fields take the network's place in tests."""

    hosts: frozenset[str] = frozenset()
    schemes: frozenset[str] = frozenset({"https"})
    may_connect: Callable[[str], bool] = is_public
    resolve: Resolve = resolve
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def check(self, url: str) -> str:
        """The host of `url`. Raises Forbidden for one that may not be asked, before anything is."""
        try:
            parts = urlsplit(url)
            host, _ = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise Forbidden("The file's address is none.") from None
        plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
        if parts.scheme not in self.schemes or not host or not plain or len(url) > MOST_ADDRESS_CHARACTERS:
            raise Forbidden("The file's address is none that we fetch from.")
        if self.hosts and host not in self.hosts:
            raise Forbidden("The file lies at a host that we do not fetch from.")
        return host


OPEN_INTERNET = Guard()


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Looks a host up once, checks the address and connects to that one: DNS cannot change its mind in between."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self._network = guard, httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,  # noqa: ASYNC109
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        try:
            found = await self._guard.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("The host is unknown.") from error
        if not found or not all(self._guard.may_connect(address) for address in found):
            raise Forbidden("The file lies at an address that we do not fetch from.")
        return await self._network.connect_tcp(found[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        del path, timeout, socket_options
        raise Forbidden("Files are fetched over the network only.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def fetch(
    url: str,
    limits: Limits = Limits(),
    guard: Guard = OPEN_INTERNET,
    *,
    headers: Mapping[str, str] | None = None,
) -> Fetched:
    """The file at `url`; `headers` (a password) go to its own host only, never along a redirect to another.

    Raises Forbidden, NotFound, TooLarge, InvalidInput (not to be tried again) or Unavailable (to be tried again).
    """
    try:
        async with asyncio.timeout(limits.timeout_s), _pool(guard) as pool:
            return await _follow(pool, guard, limits, url, dict(headers or {}))
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise Unavailable("The file's server did not answer in time.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise Unavailable("The file's server could not be reached.") from error
    except (httpcore.UnsupportedProtocol, ValueError) as error:
        raise Forbidden("The file's address is none that we fetch from.") from error


@cache
def _system_tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _pool(guard: Guard) -> httpcore.AsyncConnectionPool:
    tls = guard.tls or _system_tls()
    return httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=CheckedNetwork(guard), max_connections=1)


async def _follow(
    pool: httpcore.AsyncConnectionPool, guard: Guard, limits: Limits, url: str, headers: dict[str, str]
) -> Fetched:
    first = guard.check(url)
    for _ in range(MOST_REDIRECTS + 1):
        own = headers if guard.check(url) == first else {}
        answer = await _ask(pool, url, own, limits)
        if isinstance(answer, Fetched):
            return answer
        url = urljoin(url, answer)
    raise InvalidInput("The file's server sends us in circles.")


async def _ask(pool: httpcore.AsyncConnectionPool, url: str, headers: dict[str, str], limits: Limits) -> Fetched | str:
    """The file, or where it lies instead. Nothing is unpacked: a small body stays small."""
    asked = [("Accept-Encoding", "identity"), ("User-Agent", "Switchboard"), *headers.items()]
    async with pool.stream("GET", url, headers=asked) as response:
        told = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in REDIRECTS and b"location" in told:
            return told[b"location"]
        if response.status != OK:
            raise _refusal(response.status)
        content = bytearray()
        async for part in response.aiter_stream():
            content += part
            if len(content) > limits.most_bytes:
                raise TooLarge("The file is too large to be fetched.")
        return Fetched(bytes(content), told.get(b"content-type", "application/octet-stream"))


def _refusal(status: int) -> SwitchboardError:
    if status in GONE:
        return NotFound("The file is not there any more.")
    if status >= 500 or status == 429:  # noqa: PLR2004
        return Unavailable("The file's server cannot serve it just now.")
    return InvalidInput("The file's server does not give it to us.")


def basic_auth(user: str, password: str) -> dict[str, str]:
    """The header of RFC 7617, for `fetch`."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
