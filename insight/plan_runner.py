"""Starts a what-if beside the event loop, hands on how far it is, and ends it when it takes too long."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field

from crm_core.errors import SwitchboardError
from crm_core.planning import Compared, DayOutcome, Progress, Situation

LIMIT_S = 60.0
AT_ONCE = 1  # it takes a whole processor core


class SimulationFailed(SwitchboardError):
    """It took too long, or its process died."""

    code = "simulation_failed"
    status = 503


@dataclass(slots=True)
class PlanRunner:
    """At most `AT_ONCE` at a time in this process; who comes later waits, and nothing goes on for who has left."""

    limit_s: float = LIMIT_S
    _free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def simulate(self, base: Situation, then: Situation) -> AsyncIterator[Progress | Compared]:
        """Raises SimulationFailed."""
        try:
            async with self._free, _process() as process, asyncio.timeout(self.limit_s):
                async for told in _talk(process, base, then):
                    yield told
        except (TimeoutError, OSError, ValueError) as error:
            raise SimulationFailed("The simulation took too long.") from error


@asynccontextmanager
async def _process() -> AsyncIterator[asyncio.subprocess.Process]:
    """Ends with the block, whatever happens in it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "insight.plan_run", stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _talk(
    process: asyncio.subprocess.Process, base: Situation, then: Situation
) -> AsyncIterator[Progress | Compared]:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(json.dumps({"base": asdict(base), "then": asdict(then)}).encode())
    process.stdin.close()
    found: Compared | None = None
    async for line in process.stdout:
        told = json.loads(line)
        if "done" in told:
            yield Progress(told["done"], told["of"])
        else:
            found = Compared(DayOutcome(**told["base"]), DayOutcome(**told["then"]))
    if found is None:
        raise ValueError("The simulation ended without a result.")
    yield found
