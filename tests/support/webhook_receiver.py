"""A receiver of webhooks as a process: writes down what it got, answers as its address says.

`python -m tests.support.webhook_receiver PORT FILE`; /ok, /slow, /status/500, /redirect/PORT.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from config.settings import ROOT
from tests.support.stack import free_port

SLOW_S, PATIENCE_S = 0.15, 20.0


@dataclass(frozen=True)
class Got:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Receiver:
    port: int
    file: Path

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def got(self) -> list[Got]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [Got(**json.loads(line)) for line in lines]


def receiving_app(file: Path) -> FastAPI:
    app = FastAPI()

    async def note(request: Request) -> None:
        said = {"path": request.url.path, "headers": dict(request.headers), "body": (await request.body()).decode()}
        with file.open("a") as lines:
            lines.write(json.dumps(said) + "\n")

    @app.get("/ready")
    async def ready() -> None: ...

    @app.post("/redirect/{port}")
    async def redirect(port: int) -> Response:
        return RedirectResponse(f"http://127.0.0.1:{port}/ok", 307)

    @app.post("/{path:path}")
    async def take(request: Request, path: str) -> Response:
        kind, _, detail = path.partition("/")
        if kind == "slow":
            await asyncio.sleep(float(detail or SLOW_S))
        await note(request)
        return Response(status_code=int(detail) if kind == "status" else 204)

    return app


@contextmanager
def receiving(directory: Path) -> Iterator[Receiver]:
    receiver = Receiver(free_port(), directory / "received.jsonl")
    command = [sys.executable, "-m", "tests.support.webhook_receiver", str(receiver.port), str(receiver.file)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(receiver.url("/ready"), timeout=1)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        yield receiver
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    uvicorn.run(receiving_app(Path(sys.argv[2])), port=int(sys.argv[1]), log_level="critical")
