"""The whole path on this machine: HTTP in, stored, understood, ERP asked, reply stored and on the customer's socket.

`serve`, one `worker`, PostgreSQL (fsync on) and the load itself share the machine. `--rasa` serves Rasa's starter bot
in the same run where Python 3.10 with Rasa is found (SWITCHBOARD_RASA: its `rasa` program and project folder).
"""

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.rasa import rasa_per_s
from benchmarks.report import percentile, tell
from benchmarks.visitors import Visitor
from tests.support.stack import Stack

SEED = 7
CLIENTS = 32
RATE_PER_S = 50
# number and e-mail of orders of the sample company: each visitor proves one order first
ORDERS = (
    ("100234", "maria.lopez@example.com"),
    ("100204", "tom.walsh@example.com"),
    ("100205", "darya.kim@example.com"),
)
QUESTIONS = (
    "Where is my order {order}?",
    "where is order {order}",
    "has {order} been shipped yet?",
    "Где мой заказ {order}?",
    "¿Dónde está mi pedido {order}?",
)
UNLIMITED = {"SWITCHBOARD_CHAT__VISITOR_BURST": "100000", "SWITCHBOARD_CHAT__VISITOR_PER_S": "100000",
             "SWITCHBOARD_CHAT__SOURCE_PER_S": "100000", "SWITCHBOARD_CHAT__SOURCE_BURST": "100000"}  # fmt: skip


async def verified_visitor(stack: Stack, number: int) -> Visitor:
    """A visitor on its socket who has proven an order."""
    visitor = Visitor("127.0.0.1", stack.port)
    await visitor.enter()
    listening = asyncio.create_task(visitor.listen())
    visitor.listening = listening  # type: ignore[attr-defined]
    await visitor.ready.wait()
    order, email = ORDERS[number % len(ORDERS)]
    await ask(visitor, f"Where is my order {order}? My e-mail is {email}")
    return visitor


async def ask(visitor: Visitor, text: str, patience_s: float = 20.0) -> float | None:
    """Send and wait for the answer; its delay in seconds, or None when it did not come."""
    client_id = await visitor.send(text)
    try:
        async with asyncio.timeout(patience_s):
            while client_id not in visitor.answered:
                visitor.news.clear()
                await visitor.news.wait()
    except TimeoutError:
        return None
    return visitor.answered[client_id]


def question(number: int, chooser: random.Random) -> str:
    return chooser.choice(QUESTIONS).format(order=ORDERS[number % len(ORDERS)][0])


async def at_rate(visitors: list[Visitor], rate_per_s: float, seconds: float) -> tuple[list[float], int]:
    """Open loop: delays in seconds of what was answered, and the number of messages that were not."""
    chooser = random.Random(SEED)
    started = time.perf_counter()
    tasks = []
    for sent in range(int(rate_per_s * seconds)):
        await asyncio.sleep(max(0.0, started + sent / rate_per_s - time.perf_counter()))
        number = sent % len(visitors)
        tasks.append(asyncio.create_task(visitors[number].send(question(number, chooser))))
    await asyncio.gather(*tasks)
    await asyncio.sleep(2)
    delays = [delay for visitor in visitors for delay in visitor.answered.values()]
    missing = sum(len(visitor.sent_at) - len(visitor.answered) for visitor in visitors)
    return delays, missing


async def closed_loop(visitors: list[Visitor], seconds: float) -> tuple[int, int]:
    """Every visitor asks again as soon as it is answered: (answered, failed)."""
    chooser = random.Random(SEED)
    deadline = time.perf_counter() + seconds
    counts = [0, 0]

    async def client(number: int, visitor: Visitor) -> None:
        while time.perf_counter() < deadline:
            delay = await ask(visitor, question(number, chooser))
            counts[delay is None] += 1

    await asyncio.gather(*itertools.starmap(client, enumerate(visitors)))
    return counts[0], counts[1]


async def load(stack: Stack, seconds: float) -> dict[str, object]:
    visitors = [await verified_visitor(stack, number) for number in range(CLIENTS)]
    for visitor in visitors:
        visitor.answered.clear()
        visitor.sent_at.clear()
    delays, missing = await at_rate(visitors, RATE_PER_S, seconds)
    started = time.perf_counter()
    answered, failed = await closed_loop(visitors, seconds)
    took_s = time.perf_counter() - started
    serve = psutil.Process(stack.processes["serve"].pid)
    sample = next(iter(visitors[0].replies.values()))
    assert ORDERS[0][0] in list(visitors[0].replies.values())[-1], sample
    return {
        "sustained_per_s": round(answered / took_s, 1),
        "p50_ms": round(1000 * percentile(delays, 0.50), 1),
        "p99_ms": round(1000 * percentile(delays, 0.99), 1),
        "rss_mb": round(serve.memory_info().rss / 1e6),
        "unanswered": missing + failed,
        "messages": len(delays) + answered,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rasa", action="store_true", help="serve Rasa's starter bot in the same run")
    options = parser.parse_args()
    seconds = 8.0 if options.quick else 30.0
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as directory:
        stack = Stack(Path(directory) / "var", extra=UNLIMITED)
        stack.prepare()
        try:
            stack.start("serve", "worker")
            figures = asyncio.run(load(stack, seconds))
        finally:
            stack.stop()
    if options.rasa:
        rasa = rasa_per_s(clients=CLIENTS, seconds=seconds)
        figures["rasa_per_s"] = rasa
        figures["ratio_rasa"] = round(float(str(figures["sustained_per_s"])) / rasa, 1) if rasa else None
    tell(figures, n=int(str(figures.pop("messages"))), seed=SEED)


if __name__ == "__main__":
    main()
