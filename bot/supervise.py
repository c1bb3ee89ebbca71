"""`python -m bot run`: PostgreSQL, one serving process and one worker under one command; Ctrl+C ends them all."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field

import structlog

from bot.process import PARENT
from config.settings import ROOT
from crm_core.embedded import EmbeddedPostgres

log = structlog.get_logger(__name__)

STOP_PATIENCE_S = 15.0
RESTART_FIRST_S, RESTART_MOST_S, STEADY_S = 0.2, 10.0, 30.0
DATABASE_LOOK_S = 1.0


@dataclass
class Child:
    """One of our own processes, started again when it dies while we want it to run."""

    command: str
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def keep_running(self, stopping: asyncio.Event) -> None:
        pause_s = RESTART_FIRST_S
        while not stopping.is_set():
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                self.command,
                cwd=ROOT,
                start_new_session=True,
                env={**os.environ, PARENT: str(os.getpid())},
            )
            started = asyncio.get_running_loop().time()
            code = await self.process.wait()
            if stopping.is_set():
                return
            lived_s = asyncio.get_running_loop().time() - started
            pause_s = RESTART_FIRST_S if lived_s > STEADY_S else min(pause_s * 2, RESTART_MOST_S)
            log.error("process.died", command=self.command, code=code, restart_s=pause_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause_s)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()

    async def stop(self) -> None:
        """Wait for the graceful end; end it hard when it takes over STOP_PATIENCE_S."""
        if self.process is None:
            return
        try:
            await asyncio.wait_for(self.process.wait(), STOP_PATIENCE_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def supervise(commands: list[str], postgres: EmbeddedPostgres | None) -> None:
    """Run until SIGINT or SIGTERM; then the children end first and the database last."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    children = [Child(command) for command in commands]
    keepers = [asyncio.create_task(child.keep_running(stopping)) for child in children]
    if postgres is not None:
        keepers.append(asyncio.create_task(_keep_database(postgres, stopping)))
    await stopping.wait()
    for child in children:
        child.ask_to_stop()
    await asyncio.gather(*(child.stop() for child in children))
    await asyncio.gather(*keepers)
    if postgres is not None:
        await asyncio.to_thread(postgres.stop)


async def _keep_database(postgres: EmbeddedPostgres, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        if not await asyncio.to_thread(postgres.is_running):
            log.error("database.died", restart=True)
            try:
                await asyncio.to_thread(postgres.ensure_running)
            except subprocess.SubprocessError as error:
                log.error("database.not_started", error=type(error).__name__, retry_s=DATABASE_LOOK_S)  # noqa: TRY400
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), DATABASE_LOOK_S)
