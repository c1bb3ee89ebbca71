"""Killed again and again under load: is an acknowledged message ever lost, unanswered or answered twice?

`--kill app` ends serve and worker with SIGKILL every two seconds; `--kill postgres` the database; the default does one
after the other. `--channel telegram` lets customers write there, by webhook and by polling; `sms` by signed webhooks.
`--broken` runs a server that acknowledges before it stores: it must show losses.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from benchmarks import fault_counts, sms_customers, telegram_customers
from benchmarks.email_faults import mail_round
from benchmarks.report import tell
from benchmarks.turn import SEED, UNLIMITED
from benchmarks.visitors import Refused, Visitor
from tests.support.bot_api import BotApiEmulator, bot_api_emulator
from tests.support.stack import Stack

VISITORS, RATE_PER_S, KILL_EVERY_S = 50, 50, 2.0
SETTLE_S = 120.0
QUESTIONS = ("When are you open?", "¿Cuál es el horario?", "Когда вы работаете?", "thanks", "Do you deliver to Paris?")
Written = TypeVar("Written")
BROKEN = {"serve": [sys.executable, "-m", "benchmarks.broken_serve"]}


async def customers(stack: Stack, seconds: float) -> list[Visitor]:
    """RATE_PER_S messages a second; each is repeated with the same id until it is acknowledged."""
    visitors = []
    for _ in range(VISITORS):
        visitor = Visitor("127.0.0.1", stack.port)
        await visitor.enter()
        visitor.listening = asyncio.create_task(visitor.listen())  # type: ignore[attr-defined]
        visitors.append(visitor)
    chooser = random.Random(SEED)
    started = time.perf_counter()
    tasks = []
    for sent in range(int(RATE_PER_S * seconds)):
        await asyncio.sleep(max(0.0, started + sent / RATE_PER_S - time.perf_counter()))
        tasks.append(asyncio.create_task(insist(visitors[sent % VISITORS], chooser.choice(QUESTIONS))))
    await asyncio.gather(*tasks)
    return visitors


async def insist(visitor: Visitor, text: str) -> None:
    """As the widget does: the same id again until the server says 200."""
    client_id = None
    own = Visitor(visitor.host, visitor.port, token=visitor.token)  # a connection of its own, as another tab would have
    client_id = f"{visitor.token[:8]}-{random.getrandbits(64):x}"
    while True:
        try:
            await own.send(text, client_id)
        except (OSError, Refused):
            await asyncio.sleep(0.2)
        else:
            visitor.sent_at[client_id] = own.sent_at[client_id]
            own.http.close()
            return


async def killer(stack: Stack, target: str, done: asyncio.Event) -> int:
    kills = 0
    while not done.is_set():
        await asyncio.sleep(KILL_EVERY_S)
        if done.is_set():
            break
        kills += 1
        if target == "postgres":
            stack.postgres.kill()
            await asyncio.to_thread(stack.postgres.ensure_running)
        else:
            for name in ("serve", "worker"):
                stack.kill(name)
            await asyncio.to_thread(stack.start, "serve", "worker")
    return kills


async def while_killed(stack: Stack, target: str, writing: Awaitable[Written]) -> tuple[Written, int]:
    """What was written and how many kills; a killer that fails ends both, or the writers would insist for ever."""
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        killing = group.create_task(killer(stack, target, done))
        written = await writing
        done.set()
    return written, killing.result()


async def round_of(stack: Stack, target: str, seconds: float) -> dict[str, int]:
    visitors, kills = await while_killed(stack, target, customers(stack, seconds))
    await asyncio.to_thread(fault_counts.settle, stack, SETTLE_S)
    acked = {client_id for visitor in visitors for client_id in visitor.sent_at}
    stored = {_client_id(row[0]) for row in stack.query("select external_id from message where direction = 'in'")}
    copies = stack.query(
        "select count(*) - count(distinct (inbox_id, external_id)) from message where direction = 'in'"
    )
    answered = {_client_id(row[0]) for row in stack.query(
        "select m.external_id from message m join conversation c on c.id = m.conversation_id"
        " where m.direction = 'in' and m.id <= c.answered_through and exists"
        " (select 1 from message r where r.conversation_id = m.conversation_id and r.author = 'bot' and r.id > m.id)"
    )}  # fmt: skip
    twice = stack.query(
        "select coalesce(sum(n - 1), 0) from (select count(*) n from event where kind = 'bot_replied'"
        " group by conversation_id, data->>'through' having count(*) > 1) d"
    )
    return {
        "acked": len(acked),
        "lost": len(acked - stored),
        "unanswered": len((acked & stored) - answered),
        "duplicates": int(str(copies[0][0])) + int(str(twice[0][0])) + sum(v.duplicates for v in visitors),
        "parked": int(str(stack.query("select count(*) from message where delivery = 'in_doubt'")[0][0])),
        "kills": kills,
    }


def _client_id(external_id: object) -> str:
    """What the client called its message: ours is `<visitor>:<client id>`."""
    return str(external_id).rpartition(":")[2]


async def telegram_round(stack: Stack, emulator: BotApiEmulator, target: str, seconds: float) -> dict[str, int]:
    writing = telegram_customers.write_for(emulator, seconds, QUESTIONS, SEED)
    written, kills = await while_killed(stack, target, writing)
    await telegram_customers.settle(stack, emulator, written)
    return telegram_customers.figures_of(stack, emulator, written, kills)


def on_telegram(target: str, seconds: float) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as name, bot_api_emulator(Path(name)) as emulator:
        stack = Stack(Path(name) / "var", extra=telegram_customers.SECRETS)
        stack.prepare()
        telegram_customers.configure(stack, emulator)
        try:
            stack.start("serve", "worker")
            return asyncio.run(telegram_round(stack, emulator, target, seconds))
        finally:
            stack.stop()


async def sms_round(stack: Stack, provider: sms_customers.Provider, target: str, seconds: float) -> dict[str, int]:
    writing = sms_customers.write_for(stack, seconds, QUESTIONS, SEED)
    written, kills = await while_killed(stack, target, writing)
    await asyncio.to_thread(fault_counts.settle, stack, SETTLE_S)
    return sms_customers.figures_of(stack, provider, written, kills)


def by_sms(target: str, seconds: float) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as name, sms_customers.running_provider() as provider:
        stack = Stack(Path(name) / "var", extra=sms_customers.SECRETS)
        stack.prepare()
        sms_customers.configure(stack, provider)
        try:
            stack.start("serve", "worker")
            return asyncio.run(sms_round(stack, provider, target, seconds))
        finally:
            stack.stop()


def on_web_chat(target: str, seconds: float, *, broken: bool) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as directory:
        stack = Stack(Path(directory) / "var", extra=UNLIMITED, commands=BROKEN if broken else {})
        stack.prepare()
        try:
            stack.start("serve", "worker")
            return asyncio.run(round_of(stack, target, seconds))
        finally:
            stack.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kill", choices=["app", "postgres", "both"], default="both")
    parser.add_argument("--channel", choices=["webchat", "telegram", "sms", "email"], default="webchat")
    parser.add_argument("--broken", action="store_true", help="acknowledge before the insert")
    options = parser.parse_args()
    seconds = 12.0 if options.quick else 60.0
    if options.channel == "email":
        figures = mail_round(seconds)
        tell({**figures, "channel": "email", "kill": "app"}, n=figures["acked"], seed=SEED)
        return
    targets = ["app", "postgres"] if options.kill == "both" else [options.kill]
    total: dict[str, int] = {}
    for target in targets:
        if options.channel == "telegram":
            figures = on_telegram(target, seconds)
        elif options.channel == "sms":
            figures = by_sms(target, seconds)
        else:
            figures = on_web_chat(target, seconds, broken=options.broken)
        for key, value in figures.items():
            total[key] = total.get(key, 0) + value
    told = {"channel": options.channel, "broken": options.broken, "kill": options.kill}
    tell({**total, **told}, n=total["acked"], seed=SEED)


if __name__ == "__main__":
    main()
