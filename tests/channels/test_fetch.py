"""Foreign addresses: what is not the open internet is never asked, whichever way it is written."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from channels.fetch import Fetched, Guard, Limits, basic_auth, fetch, is_public
from crm_core.errors import Forbidden, InvalidInput, NotFound, SwitchboardError, TooLarge, Unavailable


@dataclass
class Canary:
    """A server on this machine that notes every request; `answer` is what it says."""

    port: int = 0
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: image/png\r\n\r\nyes"
    heard: list[bytes] = field(default_factory=list)
    drip: bool = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        while self.drip and not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)
        writer.close()


@asynccontextmanager
async def listening(canary: Canary) -> AsyncIterator[Canary]:
    server = await asyncio.start_server(canary.talk, "127.0.0.1", 0)
    canary.port = server.sockets[0].getsockname()[1]
    async with server:
        yield canary


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    async with listening(Canary()) as canary:
        yield canary


PLAIN = Guard(schemes=frozenset({"http", "https"}))
HERE = replace(PLAIN, may_connect=lambda _: True)

LOCAL = [
    "127.0.0.1", "127.1", "127.0.0.2", "localhost", "LOCALHOST.", "0.0.0.0", "0", "2130706433", "0x7f000001", "0x7f.1",
    "0177.0.0.1", "017700000001", "127.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::ffff:0:127.0.0.1]",
    "user@127.0.0.1", "user:pass@127.0.0.1", "①②⑦.⓪.⓪.①",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "198.18.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "192.0.0.1", "::1", "::", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
    "2001:0:a00:1::", "fec0::1", "::7f00:1", "", "nonsense", "127.1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("host", LOCAL)
async def test_this_machine_is_not_asked_however_it_is_written(canary: Canary, host: str) -> None:
    with pytest.raises(SwitchboardError):
        await fetch(f"http://{host}:{canary.port}/secret", Limits(timeout_s=5), PLAIN)
    assert canary.heard == []


async def test_the_canary_sings_when_the_guard_is_off(canary: Canary) -> None:
    """The broken variant: without the check every one of these reaches our own machine."""
    for host in ("127.0.0.1", "2130706433", "0x7f.1", "localhost"):
        assert await fetch(f"http://{host}:{canary.port}/", Limits(), HERE) == Fetched(b"yes", "image/png")
    assert len(canary.heard) == 4


def test_private_addresses_are_known() -> None:
    assert [address for address in PRIVATE if is_public(address)] == []
    assert [address for address in PUBLIC if not is_public(address)] == []


BAD = [
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://example.com/x", "http://example.com/x", "https://",
    "//example.com", "https:///x", "https://exa mple.com/", "https://example.com:99999/", "https://[::1/", "data:,x",
    "https://example.com\\@127.0.0.1/", "https://example.com/\r\nHost: evil", "https://a\x00b/", "javascript:1", "",
    f"https://example.com/{'x' * 3000}",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD)
async def test_what_is_no_https_address_is_refused_before_anyone_is_asked(url: str) -> None:
    asked: list[str] = []

    async def note(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with pytest.raises(Forbidden):
        await fetch(url, Limits(), Guard(resolve=note))
    assert asked == []


def resolver(*answers: str) -> tuple[list[int], Callable[[str, int], Awaitable[list[str]]]]:
    """A name server under an attacker's control: another answer every time."""
    times: list[int] = []

    async def answer(host: str, port: int) -> list[str]:
        times.append(1)
        return [answers[min(len(times), len(answers)) - 1]]

    return times, answer


async def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_asked(canary: Canary) -> None:
    times, rebinding = resolver("1.1.1.1", "127.0.0.1")
    guard = replace(PLAIN, resolve=rebinding)
    with pytest.raises((Unavailable, Forbidden)):
        await fetch(f"http://rebind.example:{canary.port}/", Limits(timeout_s=0.3), guard)
    assert (len(times), canary.heard) == (1, [])


async def test_one_private_address_among_public_ones_is_enough_to_refuse(canary: Canary) -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "127.0.0.1"]

    with pytest.raises(Forbidden):
        await fetch(f"http://mixed.example:{canary.port}/", Limits(), replace(PLAIN, resolve=mixed))


async def test_a_redirect_is_checked_as_the_first_address_was(canary: Canary) -> None:
    for target in (f"http://10.0.0.1:{canary.port}/", "file:///etc/passwd", f"http://[::1]:{canary.port}/"):
        canary.answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
        canary.heard.clear()
        guard = replace(PLAIN, may_connect=lambda address: address == "127.0.0.1")
        with pytest.raises(Forbidden):
            await fetch(f"http://127.0.0.1:{canary.port}/", Limits(), guard)
        assert len(canary.heard) == 1


async def test_endless_redirects_end(canary: Canary) -> None:
    canary.answer = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(InvalidInput):
        await fetch(f"http://127.0.0.1:{canary.port}/", Limits(), HERE)
    assert len(canary.heard) == 4


async def test_a_password_stays_with_its_host(canary: Canary) -> None:
    async with listening(Canary()) as other:
        found = f"HTTP/1.1 302 Found\r\nLocation: http://localhost:{other.port}/\r\nContent-Length: 0\r\n\r\n"
        canary.answer = found.encode()
        await fetch(f"http://127.0.0.1:{canary.port}/", Limits(), HERE, headers=basic_auth("AC1", "secret"))
        assert b"Authorization: Basic" in canary.heard[0]
        assert b"Authorization" not in other.heard[0]


async def test_only_named_hosts_are_asked_where_hosts_are_named(canary: Canary) -> None:
    guard = replace(HERE, hosts=frozenset({"api.twilio.com"}))
    for host in ("127.0.0.1", "api.twilio.com.evil.example", "evil.example"):
        with pytest.raises(Forbidden):
            await fetch(f"http://{host}:{canary.port}/", Limits(), guard)
    assert canary.heard == []


@pytest.mark.parametrize("head", [b"Content-Length: 2000\r\n", b"Transfer-Encoding: chunked\r\n"])
async def test_a_large_file_is_cut_off(canary: Canary, head: bytes) -> None:
    body = b"7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n" if b"chunked" in head else b"x" * 2000
    canary.answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body
    with pytest.raises(TooLarge):
        await fetch(f"http://127.0.0.1:{canary.port}/", Limits(most_bytes=1000), HERE)


async def test_a_server_that_drips_is_left(canary: Canary) -> None:
    canary.answer, canary.drip = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", True
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await fetch(f"http://127.0.0.1:{canary.port}/", Limits(timeout_s=0.3), HERE)
    assert time.monotonic() - started < 2
    canary.drip = False


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (410, NotFound), (403, InvalidInput), (500, Unavailable), (429, Unavailable)]
)
async def test_each_answer_says_whether_to_try_again(canary: Canary, status: int, error: type[Exception]) -> None:
    canary.answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(error):
        await fetch(f"http://127.0.0.1:{canary.port}/", Limits(), HERE)


async def test_a_server_that_speaks_no_http_is_tried_again_later(canary: Canary) -> None:
    canary.answer = b"SSH-2.0-OpenSSH\r\n\r\n"
    with pytest.raises(Unavailable):
        await fetch(f"http://127.0.0.1:{canary.port}/", Limits(), HERE)
