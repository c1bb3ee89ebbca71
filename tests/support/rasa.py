"""Servers in the place of Rasa: one that answers as told, one that misbehaves on the wire, and the real one."""

import json
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from config.settings import ROOT
from tests.support.stack import free_port

RASA = Path(os.environ.get("SWITCHBOARD_RASA", ROOT / ".venv-rasa" / "bin" / "rasa"))
needs_rasa = pytest.mark.skipif(not RASA.exists(), reason="Rasa is not here: `make rasa`, or SWITCHBOARD_RASA")
TOKEN = "open-sesame"
START_PATIENCE_S = 120.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

DATA = """version: "3.1"
nlu:
- intent: greeting
  examples: |
    - hello
    - hi there
    - good morning
    - hey
    - hello friend
- intent: order_status
  examples: |
    - where is my order [100234](order_number)
    - order [100871](order_number) please
    - track order [100455](order_number)
    - where is order [100999](order_number)
    - from [Oslo]{"entity": "city", "role": "from"} to [LA]{"entity": "city", "role": "to", "value": "Los Angeles"}
    - from [Rome]{"entity": "city", "role": "from"} to [Paris]{"entity": "city", "role": "to", "group": "1"}
- synonym: Los Angeles
  examples: |
    - L.A.
- regex: order_number
  examples: |
    - \\d{6}
- lookup: city
  examples: |
    - Oslo
    - Rome
"""


def ranking(*entries: tuple[str, float]) -> dict[str, object]:
    told = [{"name": name, "confidence": confidence} for name, confidence in entries]
    return {"text": "", "intent": told[0], "entities": [], "intent_ranking": told}


class Answering:
    """Speaks HTTP/1.1 and keeps connections; `reply` may be changed at any time."""

    def __init__(self, reply: object, status: int = 200) -> None:
        self.reply, self.status = reply, status
        self.model = {"model_file": "20261123-first.tar.gz", "model_id": "0b0bc6194b124b70"}
        self.texts: list[str] = []
        self.paths: list[str] = []
        self.connections = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_GET(self) -> None:
                self.tell(outer.model, 200)

            def do_POST(self) -> None:
                outer.paths.append(self.path)
                outer.texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
                self.tell(outer.reply, outer.status)

            def tell(self, content: object, status: int) -> None:
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def answering(reply: object, status: int = 200) -> Iterator[Answering]:
    fake = Answering(reply, status)
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield fake
    finally:
        fake.server.shutdown()
        fake.server.server_close()
        thread.join()


Misbehaviour = Callable[[socket.socket], None]


def hang(_: socket.socket) -> None:
    time.sleep(3)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(_: socket.socket) -> None:
    pass


def speak_no_http(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


def stop_in_the_middle(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'Content-Length: 500\r\n\r\n{"intent"')


def drip_the_head(connection: socket.socket) -> None:
    for letter in HEAD * 3:
        connection.sendall(bytes([letter]))
        time.sleep(0.05)


def drip_the_body(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 60\r\n\r\n")
    for _ in range(60):
        connection.sendall(b" ")
        time.sleep(0.05)


def never_end(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 900000000\r\n\r\n")
    for _ in range(200):
        connection.sendall(b" " * 65_536)


@contextmanager
def misbehaving(act: Misbehaviour) -> Iterator[str]:
    """The URL of a server that reads a request and then does `act`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(65_536)
                act(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def real_rasa(directory: Path, *options: str, port: int | None = None) -> Iterator[str]:
    """The URL of a real server on the newest model of `directory`; `options` go to `rasa run`."""
    port = port or free_port()
    command = [RASA, "run", "--enable-api", "-i", "127.0.0.1", "--port", str(port), "--auth-token", TOKEN, *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=directory, env=quiet_environment(), **quiet)  # type: ignore[call-overload]
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def quiet_environment() -> dict[str, str]:
    return {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}


def _wait(url: str) -> None:
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/status", params={"token": TOKEN}, timeout=2).is_success:
                return
        time.sleep(0.5)
    raise RuntimeError("Rasa did not start in time")
