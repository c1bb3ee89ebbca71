"""A Telegram Bot API that nobody here wrote: lo-bot-api-emulator, as a process."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.stack import free_port

PATIENCE_S = 20.0


@dataclass(frozen=True)
class BotApiEmulator:
    port: int
    journal: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write(self, token: str, update: dict[str, object]) -> int:
        """A customer's update for the bot with `token`; its id."""
        return int(self._fixture("updates", {"token": token, "update": update})["update_id"])

    def deliver(self, token: str) -> None:
        """Try again what the webhook did not take."""
        self._fixture("deliver", {"token": token})

    def _fixture(self, what: str, told: dict[str, object]) -> dict[str, int]:
        answer = httpx.post(f"{self.url}/__fixture/{what}", json=told, timeout=30)
        answer.raise_for_status()
        result: dict[str, int] = answer.json()["result"]
        return result

    def call(self, token: str, method: str, **fields: object) -> dict[str, object]:
        """As the bot itself would."""
        told: dict[str, object] = httpx.post(f"{self.url}/bot{token}/{method}", json=fields, timeout=30).json()
        return told

    def upload(self, token: str, content: bytes) -> str:
        """A photo that Telegram keeps; its file id."""
        files = {"photo": ("x.png", content, "image/png")}
        told = httpx.post(f"{self.url}/bot{token}/sendPhoto", data={"chat_id": "777"}, files=files, timeout=30).json()
        return str(told["result"]["photo"][-1]["file_id"])

    def requests(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def methods(self) -> list[str]:
        return [str(request.get("method")) for request in self.requests() if request.get("status") == 200]


@contextmanager
def bot_api_emulator(directory: Path) -> Iterator[BotApiEmulator]:
    port, journal = free_port(), directory / "journal.jsonl"
    command = [
        str(Path(sys.executable).with_name("lo-bot-api-emulator")), "--port", str(port), "--enable-control",
        "--allow-insecure-loopback-webhooks", "--journal", str(journal),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    emulator = BotApiEmulator(port, journal)
    try:
        _wait(emulator)
        yield emulator
    finally:
        process.terminate()
        process.wait(10)


def _wait(emulator: BotApiEmulator) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            httpx.get(emulator.url)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the Bot API emulator did not start")
