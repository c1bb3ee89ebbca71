"""Providers that call all at once: messages of every channel that takes webhooks, mixed, and forgeries among them.

The whole product runs: `serve`, `worker`, PostgreSQL with fsync on, Telegram's side played by an emulator. Acknowledged
means stored.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from pathlib import Path

from benchmarks import fault_counts
from benchmarks.lines import Lines, lines
from benchmarks.report import percentile, tell
from channels.signing import signed_headers
from tests.support.bot_api import bot_api_emulator
from tests.support.stack import Stack

SEED, RATE_PER_S, FORGED_SHARE, CUSTOMERS = 23, 100, 0.1, 200
WARM, AT_ONCE, SETTLE_S = 50, 200, 60.0
BOT_TOKEN, BOT_SECRET = "1001:BENCH-token-000000000000000000000", "bench-hook-secret-0123456789"
SHOP_SECRET = "bench-shop-secret-0123456789-0123456789"
TELEGRAM_HEADER = "X-Telegram-Bot-Api-Secret-Token"
QUESTIONS = ("When are you open?", "¿Cuál es el horario?", "Когда вы работаете?", "thanks", "Do you deliver to Paris?")
CHANNELS = """
inboxes:
  - {{key: web, channel: webchat, name: Web chat}}
  - {{key: bot, channel: telegram, name: Telegram, mode: webhook, token_env: BENCH_TOKEN, secret_env: BENCH_HOOK_SECRET,
     api_base_url: "{api}"}}
  - {{key: shop, channel: generic, name: Shop, secret_env: BENCH_SHOP_SECRET}}
"""
SECRETS = {"BENCH_TOKEN": BOT_TOKEN, "BENCH_HOOK_SECRET": BOT_SECRET, "BENCH_SHOP_SECRET": SHOP_SECRET}


def update(number: int, text: str) -> bytes:
    customer = number % CUSTOMERS + 1
    chat, user = {"id": customer, "type": "private"}, {"id": customer, "is_bot": False, "first_name": "Ann"}
    said = {"message_id": number, "date": int(time.time()), "chat": chat, "from": user, "text": text}
    return json.dumps({"update_id": number, "message": said}).encode()


def signed_message(number: int, text: str) -> bytes:
    told = {"type": "message", "id": f"m-{number}", "from": {"id": str(number % CUSTOMERS)}, "text": text}
    return json.dumps(told).encode()


def request_of(number: int, text: str, *, forged: bool) -> tuple[str, bytes, dict[str, str]]:
    """Inbox, body and headers; every second one by Telegram."""
    if number % 2:
        return "bot", update(number, text), {TELEGRAM_HEADER: BOT_SECRET[::-1] if forged else BOT_SECRET}
    body = signed_message(number, text)
    return "shop", body, signed_headers(SHOP_SECRET.encode(), body + b" " * forged, time.time())


class Figures:
    def __init__(self) -> None:
        self.acks_ms: list[float] = []
        self.forged = self.forged_accepted = self.genuine_rejected = self.errors = 0


async def call(calling: Lines, number: int, figures: Figures) -> None:
    chooser = random.Random(SEED + number)
    forged = chooser.random() < FORGED_SHARE
    inbox, body, headers = request_of(number, chooser.choice(QUESTIONS), forged=forged)
    started = time.perf_counter()
    told = {"Content-Type": "application/json", **headers}
    status = await calling.post(f"/webhooks/{inbox}", body, told)
    if forged:
        figures.forged += 1
        figures.forged_accepted += status in (200, 202)
    else:
        figures.acks_ms.append((time.perf_counter() - started) * 1000)
        figures.genuine_rejected += status in (401, 403, 422)
        figures.errors += status not in (200, 401, 403, 422)


async def load(stack: Stack, seconds: float) -> tuple[Figures, float]:
    """RATE_PER_S by the clock, whether or not earlier ones were answered; begun when WARM messages have been."""
    figures, first = Figures(), random.Random(SEED).randrange(10**6)
    async with lines(stack.base_url, AT_ONCE, timeout_s=30) as calling:
        await asyncio.gather(*(call(calling, 10**7 + n, Figures()) for n in range(WARM)))
        await asyncio.to_thread(fault_counts.settle, stack, SETTLE_S)
        started = time.perf_counter()
        tasks = []
        for sent in range(int(RATE_PER_S * seconds)):
            await asyncio.sleep(max(0.0, started + sent / RATE_PER_S - time.perf_counter()))
            tasks.append(asyncio.create_task(call(calling, first + sent, figures)))
        await asyncio.gather(*tasks)
    return figures, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    seconds = 10.0 if parser.parse_args().quick else 30.0
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as name, bot_api_emulator(Path(name)) as emulator:
        stack = Stack(Path(name) / "var", extra={**SECRETS})
        stack.prepare()
        channels = CHANNELS.format(api=emulator.url)
        (stack.directory / "config" / "channels.yml").write_text(channels)
        try:
            stack.start("serve", "worker")
            figures, took_s = asyncio.run(load(stack, seconds))
            stored = stack.query("select count(*) from message where direction = 'in'")[0][0]
        finally:
            stack.stop()
    genuine = len(figures.acks_ms)
    tell(
        {
            "per_s": round((genuine + figures.forged) / took_s, 1),
            "ack_p50_ms": round(percentile(figures.acks_ms, 0.5), 1),
            "ack_p99_ms": round(percentile(figures.acks_ms, 0.99), 1),
            "forged": figures.forged, "forged_accepted": figures.forged_accepted, "genuine": genuine,
            "genuine_rejected": figures.genuine_rejected, "errors": figures.errors, "stored": stored,
        },
        n=genuine + figures.forged, seed=SEED,
    )  # fmt: skip


if __name__ == "__main__":
    main()
