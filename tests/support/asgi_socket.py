"""A WebSocket client that speaks ASGI in the test's own event loop."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

PATIENCE_S = 5.0


@dataclass
class AsgiSocket:
    """`code` is what the server closed with."""

    _to_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    _to_client: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    async def tell(self, message: object) -> None:
        await self.send_text(json.dumps(message))

    async def send_text(self, text: str) -> None:
        await self._to_server.put({"type": "websocket.receive", "text": text})

    async def send_bytes(self, content: bytes) -> None:
        await self._to_server.put({"type": "websocket.receive", "bytes": content})

    async def _next(self, patience_s: float) -> Message:
        async with asyncio.timeout(patience_s):
            return await self._to_client.get()

    async def accepted(self) -> bool:
        return (await self._next(PATIENCE_S))["type"] == "websocket.accept"

    async def text(self, patience_s: float = PATIENCE_S) -> str:
        message = await self._next(patience_s)
        assert message["type"] == "websocket.send", message
        text: str = message["text"]
        return text

    async def text_with(self, part: str) -> str:
        """The first frame that holds `part`."""
        while part not in (text := await self.text()):
            pass
        return text

    async def closed(self, patience_s: float = PATIENCE_S) -> tuple[int, str]:
        """Code and reason, after whatever was still sent."""
        while (message := await self._next(patience_s))["type"] != "websocket.close":
            pass
        return message["code"], message.get("reason") or ""

    async def is_quiet(self, for_s: float = 0.4) -> bool:
        with suppress(TimeoutError):
            await self._next(for_s)
            return False
        return True


@asynccontextmanager
async def open_socket(app: ASGIApp, path: str, headers: Mapping[str, str]) -> AsyncIterator[AsgiSocket]:
    """Disconnects at the end of the block and waits for the application to notice."""
    socket = AsgiSocket()
    scope: dict[str, Any] = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "ws",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 5000), "server": ("127.0.0.1", 8080), "subprotocols": [], "root_path": "",
        "http_version": "1.1", "asgi": {"version": "3.0"}, "extensions": {},
    }  # fmt: skip
    await socket._to_server.put({"type": "websocket.connect"})
    running = asyncio.ensure_future(app(scope, socket._to_server.get, socket._to_client.put))
    try:
        yield socket
    finally:
        await socket._to_server.put({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(PATIENCE_S):
            await running
