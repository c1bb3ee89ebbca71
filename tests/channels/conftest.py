"""Web chat's routes on ports in memory: in process for HTTP, behind a real server for sockets and browsers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from channels.webchat_routes import webchat_routes
from channels.webchat_types import ChatSettings
from tests.support.chat_fake import FakeChat, chat_settings


@pytest.fixture
def chat() -> FakeChat:
    return FakeChat()


@pytest.fixture
async def client(chat: FakeChat) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(chat, chat_settings()) as client:
        yield client


@asynccontextmanager
async def open_client(chat: FakeChat, settings: ChatSettings) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(webchat_routes(chat.ports(), settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        yield client


@pytest.fixture
async def bearer(client: httpx.AsyncClient) -> dict[str, str]:
    """Headers of a fresh anonymous visitor of the inbox `web`."""
    answer = await client.post("/chat/web/visitors")
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@dataclass(frozen=True)
class ChatServer:
    port: int
    app: FastAPI

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running_server(app: FastAPI, ws_max_size: int = 65_536) -> AsyncIterator[ChatServer]:
    """`app` behind uvicorn as `serve` runs it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, ws="websockets-sansio", ws_max_size=ws_max_size,
            timeout_graceful_shutdown=1, lifespan="off",
        )  # fmt: skip
        server = uvicorn.Server(config)
        server.capture_signals = _no_signals  # type: ignore[method-assign]
        running = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        yield ChatServer(listening.getsockname()[1], app)
        server.should_exit = True
        await running


def _no_signals() -> "_Nothing":
    return _Nothing()


class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
