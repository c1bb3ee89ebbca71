"""A server in an ERP's place that does whatever goes wrong on the wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from crm_core.erp.port import Erp
from tests.support.erp_subjects import Access, Subject

SECRET = "the-secret-of-the-key"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def asking(subject: Subject, answer: Answer) -> AsyncIterator[Erp]:
    """The connector, talking to a server that answers so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            # whoever issues tokens is well; the ERP is not
            await (_TOKEN if b"/token " in head else answer)(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    erp = subject.make(Access(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", f"{SECRET}:{SECRET}"))
    try:
        yield erp
    finally:
        await erp.aclose()
        server.close()


def answering(status: int, body: bytes = b"oops", kind: str = "text/plain") -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (
            f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


_TOKEN = answering(200, b'{"access_token": "t", "expires_in": 3600}', "application/json")


async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 600\r\n\r\n")
    for _ in range(600):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900000000\r\n\r\n")
    for _ in range(400):
        writer.write(b" " * 65_536)
        await writer.drain()
