"""A process of ours among others: its name, and its end when the one that started it is gone."""

import asyncio
import os
import signal
import socket

PARENT = "SWITCHBOARD_PARENT"
LOOK_S = 1.0


def process_name(kind: str) -> str:
    """Unique among all processes that share the database."""
    return f"{kind}:{socket.gethostname()}:{os.getpid()}"


async def end_with_parent() -> None:
    """Ask ourselves to stop when the supervisor died without telling us; returns at once where there is none."""
    parent = os.environ.get(PARENT)
    while parent is not None:
        if os.getppid() != int(parent):
            os.kill(os.getpid(), signal.SIGTERM)
            return
        await asyncio.sleep(LOOK_S)
