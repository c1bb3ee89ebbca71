"""The whole product as its user runs it: own PostgreSQL, `serve` and `worker` as processes that can be killed."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from config.settings import ROOT
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.embedded import EmbeddedPostgres
from crm_core.erp.sample import load_sample
from crm_core.migrate import migrate
from crm_core.staff import NewUser, create_user
from tests.support.nlu import trained_model

READY_PATIENCE_S = 60.0
ALWAYS_OPEN = 'calendars:\n- windows:\n  - days: [0, 1, 2, 3, 4, 5, 6]\n    start: "00:00"\n    end: "00:00"\n'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Stack:
    """`directory` becomes its `var`; `extra` are SWITCHBOARD_* settings on top."""

    directory: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, list[str]] = field(default_factory=dict)  # replaces `python -m bot <name>`, for variants
    port: int = field(default_factory=free_port)
    postgres: EmbeddedPostgres = field(init=False)
    processes: dict[str, subprocess.Popen[bytes]] = field(init=False, default_factory=dict)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return self.postgres.url()

    def prepare(self) -> None:
        """Database with fsync on, tables, sample company, and the model (trained once per checkout)."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.postgres = EmbeddedPostgres(self.directory / "postgres")
        self.postgres.create_database()
        migrate(self.url)
        asyncio.run(self._load_sample())
        self._furnish()

    def share(self, other: "Stack") -> None:
        """Another serving process on the database of `other`, with files and settings of its own."""
        self.postgres = other.postgres
        self._furnish()

    def _furnish(self) -> None:
        trained = trained_model()
        shutil.copytree(trained.parent, self.directory / "models", dirs_exist_ok=True)
        self._always_open()

    def _always_open(self) -> None:
        """The business files as they are, but with people at the desk at any hour."""
        folder = self.directory / "config"
        shutil.copytree(
            ROOT / "config", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__")
        )
        (folder / "hours.yml").write_text(ALWAYS_OPEN)

    async def _load_sample(self) -> None:
        engine = open_engine(self.url, pool_size=1)
        async with unit_of_work(open_sessions(engine)) as session:
            await load_sample(session, utc_now().date())
        await engine.dispose()

    def add_user(self, new: NewUser) -> None:
        async def add() -> None:
            engine = open_engine(self.url, pool_size=1)
            async with unit_of_work(open_sessions(engine)) as session:
                await create_user(session, utc_now(), new)
            await engine.dispose()

        asyncio.run(add())

    def environment(self) -> dict[str, str]:
        own = {
            "SWITCHBOARD_DATABASE_URL": self.url,
            "SWITCHBOARD_VAR_DIR": str(self.directory),
            "SWITCHBOARD_CONFIG_DIR": str(self.directory / "config"),
            "SWITCHBOARD_PORT": str(self.port),
            "SWITCHBOARD_LOG__FORMAT": "json",
            "SWITCHBOARD_LOG__LEVEL": "WARNING",
        }
        return {**os.environ, **own, **self.extra}

    def start(self, *names: str) -> None:
        """Start `serve` and/or `worker`; with `serve`, return once it answers /readyz."""
        for name in names:
            command = self.commands.get(name, [sys.executable, "-m", "bot", name])
            log = (self.directory / f"{name}.log").open("ab")
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(), stdout=log, stderr=log, start_new_session=True
            )
            log.close()
        if "serve" in names:
            self.wait_ready()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_PATIENCE_S
        while time.monotonic() < deadline:
            if self.processes["serve"].poll() is not None:
                raise RuntimeError(f"serve ended at start:\n{(self.directory / 'serve.log').read_text()[-2000:]}")
            try:
                with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"serve is not ready:\n{(self.directory / 'serve.log').read_text()[-2000:]}")

    def end(self) -> None:
        """The processes alone: the database may be another stack's."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def kill(self, name: str) -> None:
        """As kill -9 does."""
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        self.end()
        self.postgres.stop()

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()
