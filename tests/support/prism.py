"""Twilio's interface as Twilio itself describes it, served by Prism: a request it would not accept gets 422."""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.settings import ROOT
from tests.support.stack import free_port

PRISM = ROOT / ".prism" / "node_modules" / ".bin" / "prism"
DESCRIPTION = ROOT / ".prism" / "twilio_api_v2010.json"
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
USED = (
    "/2010-04-01/Accounts/{Sid}.json", f"{ACCOUNT}/Messages.json", f"{ACCOUNT}/IncomingPhoneNumbers.json",
    f"{ACCOUNT}/Calls.json", f"{ACCOUNT}/Calls/{{Sid}}.json", f"{ACCOUNT}/Calls/{{CallSid}}/Recordings.json",
    f"{ACCOUNT}/Calls/{{CallSid}}/Recordings/{{Sid}}.json",
    f"{ACCOUNT}/Conferences/{{ConferenceSid}}/Participants.json",
)  # fmt: skip
_REFERENCE = re.compile(r'"\$ref": "#/components/(\w+)/([^"]+)"')
READY_PATIENCE_S = 90


def is_installed() -> bool:
    return PRISM.exists() and DESCRIPTION.exists() and shutil.which("node") is not None


@contextmanager
def running_prism(directory: Path) -> Iterator[str]:
    """Its address. The description is cut down to what we use first: whole, it takes minutes to read."""
    described = directory / "twilio.json"
    described.write_text(json.dumps(_trimmed(json.loads(DESCRIPTION.read_text(encoding="utf-8")))))
    port = free_port()
    with (directory / "prism.log").open("wb") as log:
        process = subprocess.Popen(
            [PRISM, "mock", "-p", str(port), "-h", "127.0.0.1", described], stdout=log, stderr=log
        )
    try:
        _await(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("Prism does not answer.")


def _trimmed(described: dict[str, Any]) -> dict[str, Any]:
    """Only the paths in use, and the parts they refer to."""
    described["paths"] = {path: described["paths"][path] for path in USED}
    described.pop("webhooks", None)
    parts, kept = described["components"], set[tuple[str, str]]()
    wanted = set(_REFERENCE.findall(json.dumps(described["paths"])))
    while wanted:
        kind, name = wanted.pop()
        kept.add((kind, name))
        wanted |= set(_REFERENCE.findall(json.dumps(parts[kind][name]))) - kept
    described["components"] = {
        kind: {name: part for name, part in named.items() if kind == "securitySchemes" or (kind, name) in kept}
        for kind, named in parts.items()
        if kind != "parameterGroups"
    }
    _repeat_lists(described["paths"])
    return described


def _repeat_lists(paths: dict[str, Any]) -> None:
    """Twilio takes a list as one field many times and does not say so; without it Prism refuses every list."""
    for operations in paths.values():
        for operation in operations.values():
            bodies = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            for body in bodies.values():
                fields = body.get("schema", {}).get("properties", {})
                lists = [name for name, field in fields.items() if field.get("type") == "array"]
                body["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
