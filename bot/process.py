"""A process of ours among others: its name, its memory, and its end when the one that started it is gone."""

import asyncio
import gc
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

PARENT = "SWITCHBOARD_PARENT"
LOOK_S = 1.0
NICENESS = 3


def process_name(kind: str) -> str:
    """Unique among all processes that share the database."""
    return f"{kind}:{socket.gethostname()}:{os.getpid()}"


def yield_processors() -> None:
    """Where processors are short, an answer may wait for one, an acknowledgement may not.

    Linux shares them out by sessions first (sched_autogroup): a niceness counts only inside one.
    """
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICENESS))


def keep_what_is_loaded() -> None:
    """Models, words and routes stay as long as the process; to look through them for garbage stops it for long."""
    gc.collect()
    gc.freeze()


async def end_with_parent() -> None:
    """Ask ourselves to stop when the supervisor died without telling us; returns at once where there is none."""
    parent = os.environ.get(PARENT)
    while parent is not None:
        if os.getppid() != int(parent):
            os.kill(os.getpid(), signal.SIGTERM)
            return
        await asyncio.sleep(LOOK_S)
