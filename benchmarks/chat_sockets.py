"""500 idle and 100 active chat sockets at once: is every message answered, and how fast?"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks.report import percentile, tell
from benchmarks.turn import SEED, UNLIMITED, at_rate, verified_visitor
from benchmarks.visitors import Visitor
from tests.support.stack import Stack

IDLE, ACTIVE, RATE_PER_S = 500, 100, 50


async def idle_visitor(stack: Stack) -> Visitor:
    visitor = Visitor("127.0.0.1", stack.port)
    await visitor.enter()
    visitor.listening = asyncio.create_task(visitor.listen())  # type: ignore[attr-defined]
    await visitor.ready.wait()
    return visitor


async def load(stack: Stack, seconds: float) -> dict[str, object]:
    idle = [await idle_visitor(stack) for _ in range(IDLE)]
    active = [await verified_visitor(stack, number) for number in range(ACTIVE)]
    for visitor in active:
        visitor.answered.clear()
        visitor.sent_at.clear()
    delays, missing = await at_rate(active, RATE_PER_S, seconds)
    return {
        "idle": len(idle),
        "active": len(active),
        "sent": len(delays) + missing,
        "answered": len(delays),
        "p95_ms": round(1000 * percentile(delays, 0.95), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    seconds = 8.0 if parser.parse_args().quick else 30.0
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as directory:
        stack = Stack(Path(directory) / "var", extra=UNLIMITED)
        stack.prepare()
        try:
            stack.start("serve", "worker")
            figures = asyncio.run(load(stack, seconds))
        finally:
            stack.stop()
    tell(figures, n=int(str(figures["sent"])), seed=SEED)


if __name__ == "__main__":
    main()
