"""Reads mail in processes of their own, a few of them, each killed when one mail takes too long."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import structlog

from channels.email_letter import Letter, from_json
from channels.email_worker import FRAME

log = structlog.get_logger(__name__)

ROOT = Path(__file__).resolve().parent.parent
TIME_LIMIT_S, START_LIMIT_S = 1.8, 15.0
MOST_BYTES = 30_000_000
WORKERS = 2
COMMAND = (sys.executable, "-m", "channels.email_worker")


class MailReader:
    """`command` is what reads one mail after another (variants in tests)."""

    def __init__(
        self, workers: int = WORKERS, time_limit_s: float = TIME_LIMIT_S, command: tuple[str, ...] = COMMAND
    ) -> None:
        self._free = asyncio.Semaphore(workers)
        self._idle: list[Process] = []
        self._time_limit_s, self._command = time_limit_s, command

    async def read(self, raw: bytes) -> Letter | None:
        """None for a mail that is too large, takes too long or cannot be read: its original is kept then."""
        if len(raw) > MOST_BYTES:
            return None
        async with self._free:
            process = await self._process()
            try:
                answer = await asyncio.wait_for(_ask(process, raw), self._time_limit_s)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                log.warning("mail.unreadable", error=type(error).__name__, size=len(raw))
                await _end(process)
                return None
            except BaseException:
                await _end(process)
                raise
            self._idle.append(process)
        return from_json(answer) if answer else None

    async def aclose(self) -> None:
        while self._idle:
            await _end(self._idle.pop())

    async def _process(self) -> Process:
        """One that has shown that it is awake: the time limit is for the mail, not for the start."""
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, cwd=ROOT)
        try:
            await asyncio.wait_for(_ask(process, b""), START_LIMIT_S)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            await _end(process)
            raise
        return process


async def _ask(process: Process, raw: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(FRAME.pack(len(raw)) + raw)
    await process.stdin.drain()
    (size,) = FRAME.unpack(await process.stdout.readexactly(FRAME.size))
    return await process.stdout.readexactly(size)


async def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
