"""Customers on Telegram while everything of ours is killed: the emulator is the provider, and counts what it got."""

import asyncio
import itertools
import random
import time

from benchmarks import fault_counts
from tests.support.bot_api import BotApiEmulator
from tests.support.stack import Stack

RATE_PER_S, CUSTOMERS, SETTLE_S = 30, 40, 120.0
BOTS = {"hooked": "1001:FAULTS-token-0000000000000000000", "polled": "1002:FAULTS-token-0000000000000000000"}
SECRETS = {
    "FAULTS_HOOKED": BOTS["hooked"], "FAULTS_POLLED": BOTS["polled"], "FAULTS_SECRET": "faults-secret-0123456789",
}  # fmt: skip
CHANNELS = """
inboxes:
  - {{key: web, channel: webchat, name: Web chat}}
  - {{key: hooked, channel: telegram, name: Telegram, mode: webhook, token_env: FAULTS_HOOKED,
     secret_env: FAULTS_SECRET, api_base_url: "{api}"}}
  - {{key: polled, channel: telegram, name: Telegram, mode: polling, token_env: FAULTS_POLLED, api_base_url: "{api}"}}
"""


def configure(stack: Stack, emulator: BotApiEmulator) -> None:
    (stack.directory / "config" / "channels.yml").write_text(CHANNELS.format(api=emulator.url))


async def write_for(emulator: BotApiEmulator, seconds: float, questions: tuple[str, ...], seed: int) -> int:
    """RATE_PER_S updates a second, half to each bot; how many the provider took on."""
    chooser, numbers, started = random.Random(seed), itertools.count(1), time.perf_counter()
    tasks = []
    for sent in range(int(RATE_PER_S * seconds)):
        await asyncio.sleep(max(0.0, started + sent / RATE_PER_S - time.perf_counter()))
        number = next(numbers)
        customer = number % CUSTOMERS + 1
        chat, user = {"id": customer, "type": "private"}, {"id": customer, "is_bot": False, "first_name": "Ann"}
        said = {
            "message_id": number, "date": int(time.time()), "chat": chat, "from": user,
            "text": chooser.choice(questions),
        }  # fmt: skip
        token = BOTS["hooked" if number % 2 else "polled"]
        tasks.append(asyncio.create_task(asyncio.to_thread(emulator.write, token, {"message": said})))
    return len(await asyncio.gather(*tasks))


async def settle(stack: Stack, emulator: BotApiEmulator, written: int) -> None:
    """Until all that was written is here and answered; the provider keeps what we were not there to take."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        await asyncio.to_thread(emulator.deliver, BOTS["hooked"])
        if fault_counts.stored(stack) >= written and fault_counts.open_jobs(stack) == 0:
            return


def figures_of(stack: Stack, emulator: BotApiEmulator, written: int, kills: int) -> dict[str, int]:
    """`duplicates` counts what reached customers more than once; `parked` is what a person must decide."""
    sent, parked = fault_counts.delivered(stack, "sent"), fault_counts.delivered(stack, "in_doubt")
    on_the_wire = sum(method in ("sendMessage", "sendPhoto", "sendDocument") for method in emulator.methods())
    return {
        "acked": written, "lost": written - fault_counts.stored(stack), "unanswered": fault_counts.unanswered(stack),
        "duplicates": fault_counts.copies(stack) + max(0, on_the_wire - sent - parked), "parked": parked,
        "sent": sent, "on_the_wire": on_the_wire, "kills": kills,
    }  # fmt: skip
