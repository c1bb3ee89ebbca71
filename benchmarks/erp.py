"""`get_order` from a live Tryton, and what our policy adds to it: `python -m benchmarks.erp [--quick]`.

Tryton 8.2 runs beside us on SQLite (`bin/make-tryton`). The policy's own cost is measured against a connector that
answers at once, so that the ERP's own spread does not hide it.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks.report import percentile, tell
from config.settings import ErpSettings
from crm_core.erp.policy import Guarded
from crm_core.erp.port import Erp
from tests.support.erp import ScriptedErp, anyones, order
from tests.support.erp_subjects import RIGHT, tryton_subject
from tests.support.tryton_server import running_tryton

_UNCACHED = ErpSettings(order_ttl_s=0.0)
_TOGETHER = 40


async def delays(ask: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """Milliseconds of each of `times` questions, one after the other."""
    found = []
    for _ in range(times):
        asked = time.perf_counter()
        await ask()
        found.append((time.perf_counter() - asked) * 1000)
    return found


def told(name: str, found: list[float]) -> dict[str, object]:
    return {f"{name}_p50_ms": round(percentile(found, 0.5), 3), f"{name}_p97_ms": round(percentile(found, 0.97), 3)}


async def added(times: int) -> dict[str, object]:
    """Our own part alone, from memory and not."""
    bare = ScriptedErp(orders={"1001": order()})
    fresh, kept = Guarded(bare, _UNCACHED), Guarded(bare, ErpSettings())
    await kept.get_order(anyones("1001"))
    uncached = told("added_uncached", await delays(lambda: fresh.get_order(anyones("1001")), times))
    return uncached | told("added_cached", await delays(lambda: kept.get_order(anyones("1001")), times))


async def tryton(times: int) -> dict[str, object]:
    """By REST, which is what the targets speak of, and by JSON-RPC."""
    with running_tryton() as server:
        rest = await through("tryton", tryton_subject(server, "rest").make(RIGHT), times)
        rpc = await through("tryton_rpc", tryton_subject(server, "rpc").make(RIGHT), times)
    return {**rpc, **rest}


async def through(name: str, erp: Erp, times: int) -> dict[str, object]:
    """Bare, and how often the ERP is really asked when forty want the same order."""
    calls: list[str] = []
    await erp.get_order(anyones("WEB-3"))
    figures = told(name, await delays(lambda: erp.get_order(anyones("WEB-3")), times))
    guarded = Guarded(erp, ErpSettings(), on_call=lambda operation, _seconds, _outcome: calls.append(operation))
    await asyncio.gather(*(guarded.get_order(anyones("WEB-3")) for _ in range(_TOGETHER)))
    await guarded.aclose()
    return {**figures, f"calls_for_{_TOGETHER}": len(calls)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer questions")
    times = 100 if parser.parse_args().quick else 500
    figures = asyncio.run(added(times * 10)) | asyncio.run(tryton(times))
    tell(figures, n=times, seed=0)


if __name__ == "__main__":
    main()
