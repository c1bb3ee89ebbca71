"""Rasa's starter bot, served and asked in the same run: the other side of the comparison.

Needs a Python 3.10 environment with rasa==3.6.21 (about 90 s and 2 GB to install): SWITCHBOARD_RASA names its `rasa`
program. The project is made by `rasa init` and trained once in a folder of the benchmark's own.
"""

import asyncio
import json
import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.visitors import Connection, Refused
from tests.support.stack import free_port

START_PATIENCE_S = 180.0
TEXTS = ("hello", "I am sad", "are you a bot?", "goodbye", "I feel great")


def rasa_per_s(*, clients: int, seconds: float) -> float | None:
    """Messages answered a second over its REST channel by `clients` at once; None where there is no Rasa."""
    program = os.environ.get("SWITCHBOARD_RASA")
    if not program or not Path(program).exists():
        print("Rasa is not here: set SWITCHBOARD_RASA to the `rasa` program of a Python 3.10 environment.")
        return None
    with tempfile.TemporaryDirectory(prefix="rasa-") as directory:
        quiet = {"cwd": directory, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([program, "init", "--no-prompt", "--init-dir", directory], check=True, **quiet)  # type: ignore[call-overload]
        port = free_port()
        server = subprocess.Popen([program, "run", "--port", str(port), "-i", "127.0.0.1"], **quiet)  # type: ignore[call-overload]
        try:
            _wait(port)
            return asyncio.run(_load(port, clients, seconds))
        finally:
            server.terminate()
            server.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise RuntimeError("Rasa did not start in time")


async def _load(port: int, clients: int, seconds: float) -> float:
    deadline = time.perf_counter() + seconds
    answered = 0

    async def client(number: int) -> None:
        nonlocal answered
        connection = Connection("127.0.0.1", port)
        while time.perf_counter() < deadline:
            body = json.dumps({"sender": f"c{number}", "message": TEXTS[answered % len(TEXTS)]}).encode()
            try:
                await connection.post("/webhooks/rest/webhook", body)
            except (OSError, Refused):
                continue
            answered += 1

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    return round(answered / (time.perf_counter() - started), 1)
