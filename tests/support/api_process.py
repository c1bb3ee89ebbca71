"""Starts the served API as a process, and schemathesis against it."""

import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.settings import ROOT
from tests.support.stack import free_port

PATIENCE_S = 30.0


@dataclass(frozen=True)
class ServedApi:
    url: str
    key: str
    conversation_id: int


@contextmanager
def served_api(database_url: str) -> Iterator[ServedApi]:
    port = free_port()
    command = [sys.executable, "-m", "tests.support.served_api", database_url, str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            key, conversation_id = process.stdout.readline().split()
            served = ServedApi(f"http://127.0.0.1:{port}", key, int(conversation_id))
            _wait(served)
            yield served
        finally:
            process.kill()


def _wait(served: ServedApi) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{served.url}/api/v1/openapi.json", timeout=2)
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the API does not answer")


@dataclass(frozen=True)
class Verdict:
    """`is_clean` when no case was answered 5xx; `told` is what schemathesis prints."""

    cases: int
    is_clean: bool
    told: str


PHASES = "examples,coverage,fuzzing"


def send_cases(served: ServedApi, *, examples: int, seed: int, phases: str = PHASES) -> Verdict:
    """Up to `examples` for each operation and phase, valid and broken; the one question is whether any is a 5xx."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {served.key}", "--checks", "not_a_server_error", "--mode", "all",
        "--max-examples", str(examples), "--seed", str(seed), "--phases", phases,
        "--continue-on-failure", "--no-color",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:  # it keeps notes where it runs
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    counted = re.search(r"(\d+) generated", done.stdout)
    return Verdict(int(counted[1]) if counted else 0, done.returncode == 0, done.stdout + done.stderr)
