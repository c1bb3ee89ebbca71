"""The desk in a real browser: 500 open conversations, 20 events a second, an agent who reads and types.

Page: from asking until list, conversation and reply box can be used. Update: from the commit of a customer's message
until it stands in the open conversation. The list beside it is brought up to date at its own pace, and told apart.
Keystrokes: what is typed while all that goes on, against what stands in the box.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from benchmarks.report import percentile, tell
from config.business import read_business
from config.settings import ROOT, Settings
from crm_core.contracts import Address, AddressKind, ConversationId, Inbound, UserId
from crm_core.conversations import Handoff, accept, hand_off, lock_conversation
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work, utc_now
from crm_core.intake import inbox_ids, receive
from crm_core.staff import NewUser, create_user
from crm_core.states import Role
from tests.support.browser import faults, running_browser
from tests.support.desk_app import DeskErp, DeskParts
from tests.support.factories import add_inbox
from tests.support.postgres import migrated_database, running_postgres
from tests.support.served_desk import Served, listening, serving

SEED = 5
OPEN, EVENTS_PER_S = 500, 20
EVERY = 4  # of the events is a message in the conversation that is open
PASSWORD = "correct horse battery staple"
AGENT = NewUser("elena@bench.example", "Elena Moreno", Role.AGENT, ("service", "claims"), "en", PASSWORD)
TYPED = "The two chairs leave our warehouse tomorrow morning and will be with you on Friday before noon. "

# what appears is noted where it appears: with the clock of the page, which is the clock of this machine
WATCH = """() => {
  window.seen = {};
  const note = (node) => {
    const found = node.textContent.match(/benchmark (\\d+)/);
    if (found) window.seen[found[1]] ??= Date.now();
  };
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(note)))
    .observe(document.querySelector(".timeline"), { childList: true });
}"""


class Company:
    """Customers who write, each in a conversation that is open."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions, self._number = sessions, 0
        self.written_at: dict[int, float] = {}

    async def write(self, who: int) -> ConversationId:
        self._number += 1
        inbound = Inbound(f"b-{self._number}", Address(AddressKind.WEB, f"v{who}"), f"benchmark {self._number}")
        async with unit_of_work(self._sessions) as session:
            inbox_id = (await inbox_ids(session))["web"]
            received = await receive(session, utc_now(), inbox_id, inbound)
        self.written_at[self._number] = 1000 * time.time()
        return received.conversation_id

    async def open(self, agent_id: UserId, who: int) -> ConversationId:
        """Every tenth is the agent's, the others wait."""
        conversation_id = await self.write(who)
        async with unit_of_work(self._sessions) as session:
            conversation = await lock_conversation(session, conversation_id)
            await hand_off(session, utc_now(), conversation, Handoff("asked_for_person", "service", "complaint", "en"))
            if who % 10 == 0:
                await accept(session, utc_now(), conversation_id, agent_id)
        return conversation_id

    async def keep_writing(self, rounds: int) -> list[int]:
        """Messages at an even pace; the numbers of those in the first conversation."""
        watched, began = list[int](), time.monotonic()
        for number in range(rounds):
            await asyncio.sleep(max(0.0, began + number / EVENTS_PER_S - time.monotonic()))
            ours = number % EVERY == 0
            await self.write(0 if ours else 1 + number % (OPEN - 1))
            watched += [self._number] if ours else []
        return watched


@asynccontextmanager
async def desk_of(url: str, sessions: Sessions) -> AsyncIterator[Served]:
    """With signals through PostgreSQL, as in service."""
    erp = DeskErp(())
    parts = DeskParts(sessions, read_business(ROOT / "config"), Settings(), utc_now, erp)
    async with (
        listening(url, parts.signals.tell),
        running_browser() as browser,
        serving(parts, {}, browser) as served,
    ):
        yield served


async def page_ready_ms(page: Page, url: str) -> float:
    started = time.perf_counter()
    await page.goto(url, wait_until="commit")
    await page.wait_for_selector("#composer[data-begun]")
    await page.wait_for_selector(".rows [data-row]")
    await page.wait_for_function("document.readyState === 'complete'")
    return 1000 * (time.perf_counter() - started)


async def type_and_watch(page: Page, company: Company, seconds: int) -> tuple[list[float], int]:
    """Milliseconds of each update, and how many keystrokes were lost or misplaced."""
    await page.evaluate(WATCH)
    await page.focus("#draft")
    writing = asyncio.create_task(company.keep_writing(seconds * EVENTS_PER_S))
    typed = ""
    while not writing.done():
        await page.keyboard.type(TYPED, delay=40)
        typed += TYPED
    numbers = await writing
    await page.wait_for_timeout(1500)
    stands = await page.input_value("#draft")
    seen = await page.evaluate("window.seen")
    missing = [number for number in numbers if str(number) not in seen]
    assert not missing, f"never shown: {missing}"
    wrong = sum(one != other for one, other in zip(typed, stands, strict=False)) + abs(len(typed) - len(stands))
    return [max(0.0, seen[str(number)] - company.written_at[number]) for number in numbers], wrong


async def run(seconds: int, loads: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as directory, running_postgres(Path(directory), fast=False) as server:
        url = migrated_database(server, "desk")
        engine = open_engine(url, pool_size=10)
        sessions = open_sessions(engine)
        async with unit_of_work(sessions) as session:
            await add_inbox(session, "web")
            agent_id = await create_user(session, utc_now(), AGENT)
        company = Company(sessions)
        first, *_ = [await company.open(agent_id, who) for who in range(OPEN)]
        async with desk_of(url, sessions) as served, served.page() as page:
            await log_in(page, served.url)
            address = f"{served.url}/desk/c/{first}"
            ready = [await page_ready_ms(page, address) for _ in range(loads)]
            updates, wrong = await type_and_watch(page, company, seconds)
            found = await faults(page)
        await engine.dispose()
    return {
        "open_conversations": OPEN, "events_per_s": EVENTS_PER_S, "page_ready_ms": round(percentile(ready, 0.5)),
        "update_p50_ms": round(percentile(updates, 0.5)), "update_p95_ms": round(percentile(updates, 0.95)),
        "keystrokes_wrong": wrong, "axe_faults": len(found), "updates": len(updates),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


async def log_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/desk/login")
    await page.fill("#email", AGENT.email)
    await page.fill("#password", PASSWORD)
    await page.click("button[type=submit]")
    await page.wait_for_url("**/desk")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter time")
    given = parser.parse_args()
    seconds, loads = (10, 3) if given.quick else (30, 9)
    figures = asyncio.run(run(seconds, loads))
    tell(figures, n=int(str(figures["updates"])), seed=SEED)


if __name__ == "__main__":
    main()
