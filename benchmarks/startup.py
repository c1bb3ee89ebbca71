"""From `python -m bot run --demo` to the first answered message: first run (nothing there yet) and second run."""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import ROOT, tell
from benchmarks.turn import SEED, ask
from benchmarks.visitors import Refused, Visitor
from tests.support.stack import free_port


async def first_answer(port: int) -> None:
    """Return when a visitor was answered."""
    while True:
        visitor = Visitor("127.0.0.1", port)
        try:
            await visitor.enter()
            listening = asyncio.create_task(visitor.listen())
            answered = await ask(visitor, "Where is my order 100234? My e-mail is maria.lopez@example.com")
            listening.cancel()
        except (OSError, Refused):
            await asyncio.sleep(0.05)
            continue
        if answered is not None:
            return


def started(directory: Path) -> float:
    """Seconds to the first answered message; everything is stopped again."""
    port = free_port()
    own = {"SWITCHBOARD_VAR_DIR": str(directory), "SWITCHBOARD_PORT": str(port)}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "--demo"], cwd=ROOT, env={**os.environ, **own},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        asyncio.run(asyncio.wait_for(first_answer(port), 180))
        return time.monotonic() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as directory:
        var = Path(directory) / "var"
        figures = {"first_run_s": round(started(var), 1), "second_run_s": round(started(var), 1)}
    tell({**figures}, n=2, seed=SEED)


if __name__ == "__main__":
    main()
