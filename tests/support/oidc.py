"""The certified oidc-provider as a process, and a browser without a screen that logs in at it."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx

from config.settings import ROOT
from tests.support.stack import free_port

PACKAGE = ROOT / ".oidc" / "node_modules" / "oidc-provider"
SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
CLIENT_ID, CLIENT_SECRET = "switchboard", "a-secret-for-tests"
READY_PATIENCE_S = 30


def is_installed() -> bool:
    return PACKAGE.exists() and shutil.which("node") is not None


@contextmanager
def running_provider(directory: Path, redirect_uri: str) -> Iterator[str]:
    """Its address."""
    port = free_port()
    with (directory / "oidc.log").open("wb") as written:
        process = subprocess.Popen(
            ["node", SCRIPT, PACKAGE, str(port), redirect_uri], stdout=written, stderr=written
        )  # fmt: skip
    try:
        _await(f"http://127.0.0.1:{port}/.well-known/openid-configuration", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, timeout=2).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("The sign-in provider does not answer.")


async def log_in_at(address: str, who: str, stop_at: str) -> str:
    """Log in and agree, as a person in a browser; the address at `stop_at` that the provider sends the browser to."""
    async with httpx.AsyncClient(timeout=20) as http:
        answer = await http.get(address)
        for _ in range(12):
            if answer.is_redirect:
                address = urljoin(address, answer.headers["location"])
                if address.startswith(stop_at):
                    return address
                answer = await http.get(address)
                continue
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert prompt is not None, answer.text[:2000]
            fields = {"prompt": prompt[1], "login": who, "password": "any"}
            answer = await http.post(address, data=fields)
    raise AssertionError("the provider does not come to an end")
