"""A real Tryton 8.2 on SQLite, in a process and an environment of its own, with the golden scenario in it."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from config.settings import ROOT
from tests.support.alone import alone
from tests.support.stack import free_port

BIN = ROOT / ".venv-tryton" / "bin"
SEED = Path(__file__).parent / "tryton" / "seed.py"
DATABASE = "swb"
_ADMIN = "admin-of-the-test-only"
_MODULES = ("sale", "sale_complaint", "stock_package_shipping", "account_invoice_stock")
_PATIENCE_S = 60.0


@dataclass(slots=True)
class TrytonServer:
    """Can be stopped and started again; what is in it stays."""

    folder: Path
    port: int
    key: str = ""
    login: tuple[str, str] = ("", "")
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [BIN / "trytond", "-c", self.folder / "trytond.conf", "-d", DATABASE]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE_S
        question = {"id": 1, "method": "common.server.version", "params": []}
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if httpx.post(f"{self.url}/rpc/", json=question, timeout=2).is_success:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"Tryton did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


@contextmanager
def running_tryton() -> Iterator[TrytonServer]:
    """On a copy of the filled database, which is made once for these requirements and this seed: in half a minute."""
    kept = BIN.parent / f"filled-{_fingerprint()}"
    with alone(kept):
        if not (kept / "seed.json").exists():
            _fill(kept)
    folder = Path(tempfile.mkdtemp(prefix="tryton-"))
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        server = _configured(folder)
        made = json.loads((folder / "seed.json").read_text(encoding="utf-8"))
        server.key, server.login = made["key"], (made["login"], made["password"])
        server.start()
        yield server
    finally:
        with suppress(UnboundLocalError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _fingerprint() -> str:
    parts = (SEED.read_bytes(), (ROOT / "requirements" / "tryton.txt").read_bytes())
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def _fill(kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    server = _configured(kept)
    _make_database(server)
    server.start()
    try:
        made = kept / "seed.making"
        _run(BIN / "python", "-W", "ignore", SEED, f"{server.url}/{DATABASE}/rpc/", _ADMIN, made)
    finally:
        server.stop()
    made.rename(kept / "seed.json")


def _configured(folder: Path) -> TrytonServer:
    server = TrytonServer(folder, free_port())
    (folder / "trytond.conf").write_text(
        f"[database]\nuri = sqlite://\npath = {folder / 'db'}\n[web]\nlisten = 127.0.0.1:{server.port}\n"
        "[session]\ntimeout = 3600\n"
    )
    return server


def _make_database(server: TrytonServer) -> None:
    folder = server.folder
    (folder / "db").mkdir()
    (folder / "db" / f"{DATABASE}.sqlite").touch()
    (folder / "password").write_text(_ADMIN)
    command = [BIN / "trytond-admin", "-c", folder / "trytond.conf", "-d", DATABASE, "--email", "admin@example.com"]
    _run(*command, "--activate-dependencies", "-u", *_MODULES, TRYTONPASSFILE=str(folder / "password"))


def _run(*command: object, **environment: str) -> None:
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-3000:]}")
