"""Chat visitors for load: messages over HTTP, answers over the socket, as light on the CPU as Python allows."""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field

import websockets

HTTP_PATIENCE_S = 5.0


class Refused(Exception):
    """The server answered, but not with 200."""


@dataclass
class Connection:
    """One kept-alive HTTP/1.1 connection; opened again when it broke."""

    host: str
    port: int
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def post(self, path: str, body: bytes, token: str | None = None) -> dict[str, object]:
        """The JSON answer of a 200 or 201. Raises Refused or OSError."""
        async with self.lock:
            return await self._post(path, body, token)

    async def _post(self, path: str, body: bytes, token: str | None) -> dict[str, object]:
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        assert self.reader is not None
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
            f"{authorization}Content-Length: {len(body)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(HTTP_PATIENCE_S):
                self.writer.write(head.encode() + body)
                return await self._answer()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise OSError(str(error)) from error

    async def _answer(self) -> dict[str, object]:
        assert self.reader is not None
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await self.reader.readexactly(length)
        status = int(head.split(b" ", 2)[1])
        if status not in (200, 201):
            raise Refused(f"{status} {body[:200]!r}")
        answer: dict[str, object] = json.loads(body)
        return answer

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.writer = None


@dataclass
class Visitor:
    """`answered` maps the client id of each message to the delay of its answer in seconds."""

    host: str
    port: int
    inbox: str = "web"
    token: str = ""
    last_id: int = 0
    sent_at: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    replies: dict[int, str] = field(default_factory=dict)
    duplicates: int = 0

    def __post_init__(self) -> None:
        self.http = Connection(self.host, self.port)
        self.ready = asyncio.Event()
        self.news = asyncio.Event()

    async def enter(self) -> None:
        answer = await self.http.post(f"/chat/{self.inbox}/visitors", b"{}")
        self.token = str(answer["token"])

    async def send(self, text: str, client_id: str | None = None) -> str:
        """Returns the client id once the server acknowledged it."""
        client_id = client_id or str(uuid.uuid4())
        self.sent_at.setdefault(client_id, time.perf_counter())
        body = json.dumps({"id": client_id, "text": text, "language": "en"}).encode()
        await self.http.post(f"/chat/{self.inbox}/messages", body, self.token)
        return client_id

    async def listen(self) -> None:
        """Hold the socket for ever, resuming after the last message seen."""
        while True:
            try:
                url = f"ws://{self.host}:{self.port}/chat/{self.inbox}/socket"
                origin = websockets.Origin(f"http://{self.host}:{self.port}")
                async with websockets.connect(url, origin=origin, compression=None, open_timeout=10) as socket:
                    await socket.send(json.dumps({"type": "hello", "token": self.token, "after": self.last_id}))
                    self.ready.set()
                    async for frame in socket:
                        self._take(json.loads(frame))
            except (OSError, websockets.WebSocketException, TimeoutError):
                await asyncio.sleep(0.2)

    def _take(self, frame: dict[str, object]) -> None:
        now = time.perf_counter()
        entries = frame.get("entries", [])
        assert isinstance(entries, list)
        for entry in entries:
            self.last_id = max(self.last_id, entry["id"])
            if entry["author"] == "customer":
                self.unanswered.append(entry["client_id"])
            elif entry["author"] == "bot":
                self.duplicates += entry["id"] in self.replies
                self.replies[entry["id"]] = entry["text"]
                for client_id in self.unanswered:
                    if client_id in self.sent_at:
                        self.answered.setdefault(client_id, now - self.sent_at[client_id])
                self.unanswered.clear()
                self.news.set()
