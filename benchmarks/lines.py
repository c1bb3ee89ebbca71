"""Connections for those who call a server from outside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx


class Lines:
    """Clients of one connection each, lent out: one pool of many takes longer to choose than a call takes."""

    def __init__(self, clients: list[httpx.AsyncClient]) -> None:
        self._free = asyncio.LifoQueue[httpx.AsyncClient]()
        for client in clients:
            self._free.put_nowait(client)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """The status; 0 when there was no answer."""
        client = await self._free.get()
        try:
            return (await client.post(path, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return 0
        finally:
            self._free.put_nowait(client)


@asynccontextmanager
async def lines(base_url: str, number: int, timeout_s: float) -> AsyncIterator[Lines]:
    """`number` calls can be under way at once; who comes later waits, and is measured while waiting."""
    async with AsyncExitStack() as stack:
        clients = [httpx.AsyncClient(base_url=base_url, timeout=timeout_s, verify=False) for _ in range(number)]
        yield Lines([await stack.enter_async_context(client) for client in clients])
