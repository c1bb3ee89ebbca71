"""Makes offers as soon as they can be made: keeps the index of routing in step with the tables, woken by signals.

One process leads, by an advisory lock that ends with its connection; the others stand by. Should two ever lead at
once, the claims of `crm_core.queue` still give each conversation to one agent.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.queue import offer
from crm_core.routing import Router
from crm_core.routing_rules import Rules, read_rules
from crm_core.routing_values import Assignment
from crm_core.routing_view import read_agents, read_available, read_waiting
from crm_core.signals import Signal, Topic

log = structlog.get_logger(__name__)

LEADER_KEY = 7_316_003
LOOK_S = 30.0  # without any signal: a look at everything, in case one was lost
STAND_BY_S = 1.0
REFUSED_PAUSE_S = 0.02  # somebody has the row in hand: let them finish
BATCH = 16  # offers of one transaction
MOST_SINGLE = 500  # with more changes at once everything is read anew


class Dispatcher:
    """`on_signal` collects what changed; `step` brings the index up to date and makes what offers it finds."""

    def __init__(self, sessions: Sessions, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions, self._now = sessions, now
        self._wake = asyncio.Event()
        self._conversations: set[int] = set()
        self._agents: set[int] = set()
        self._is_stale = True
        self._rules = Rules()
        self._router = Router({})

    async def on_signal(self, signal: Signal) -> None:
        if signal.topic is Topic.LINE:
            self._conversations.add(signal.id)
            if signal.detail:
                self._agents.add(int(signal.detail))
        elif signal.topic is Topic.AGENT:
            self._agents.add(signal.id)
        elif signal.topic in (Topic.RULES, Topic.RESYNC):
            self._is_stale = True
        else:
            return
        self._wake.set()

    async def run(self, database_url: str) -> None:
        """For ever: stand by until nobody else leads, then lead."""
        while True:
            try:
                guard = await psycopg.AsyncConnection.connect(database_url, autocommit=True, connect_timeout=10)
                async with guard:
                    await self._stand_by(guard)
                    await self._lead(guard)
            except (psycopg.Error, SQLAlchemyError, OSError) as error:
                log.warning("dispatcher.disconnected", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - outermost: offers must go on
                log.error("dispatcher.failed", error=type(error).__name__)  # noqa: TRY400 - never text of people
            await asyncio.sleep(STAND_BY_S)

    async def _stand_by(self, guard: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        while not await _leads(guard):  # noqa: ASYNC110 - nobody tells us that a lock is free
            await asyncio.sleep(STAND_BY_S)
        log.info("dispatcher.leads")

    async def _lead(self, guard: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        self._is_stale = True
        while True:
            await self.step()
            await self._pause()
            await guard.execute("select 1")  # with the connection the lock is lost

    async def _pause(self) -> None:
        """Until something changes, or time alone allows another offer."""
        look_at, now = self._router.next_look_at(), self._now().timestamp()
        wait_s = LOOK_S if look_at is None else min(max(look_at - now, 0.0), LOOK_S)
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            self._is_stale = self._is_stale or wait_s == LOOK_S

    async def step(self) -> int:
        """One round; how many offers were made."""
        self._wake.clear()
        if self._is_stale or len(self._conversations) + len(self._agents) > MOST_SINGLE:
            await self._read_everything()
        else:
            await self._read_changes()
        return await self._make_offers(self._router.next_assignments(self._now().timestamp()))

    async def _read_everything(self) -> None:
        self._is_stale, self._conversations, self._agents = False, set(), set()
        async with unit_of_work(self._sessions) as session:
            self._rules = await read_rules(session)
            agents = await read_available(session, self._rules)
            waiting = await read_waiting(session, self._now(), self._rules)
        self._router = Router(self._rules.rings())
        for agent in agents:
            self._router.agent_changed(agent)
        for each in waiting:
            self._router.add_waiting(each)

    async def _read_changes(self) -> None:
        conversations, self._conversations = self._conversations, set()
        agents, self._agents = self._agents, set()
        if not conversations and not agents:
            return
        async with unit_of_work(self._sessions) as session:
            found = await read_waiting(session, self._now(), self._rules, sorted(conversations))
            changed = await read_agents(session, self._rules, sorted(agents))
        waiting = {each.id: each for each in found}
        for conversation_id in conversations:
            if conversation_id in waiting:
                self._router.add_waiting(waiting[conversation_id])
            else:
                self._router.remove_waiting(conversation_id)
        for agent in changed:
            self._router.agent_changed(agent)

    async def _make_offers(self, assignments: list[Assignment]) -> int:
        made = 0
        for start in range(0, len(assignments), BATCH):
            batch = assignments[start : start + BATCH]
            async with unit_of_work(self._sessions) as session:
                refused = await offer(session, self._now(), self._rules, batch)
            made += len(batch) - len(refused)
            if refused:
                self._look_again_at(refused)
                await asyncio.sleep(REFUSED_PAUSE_S)
        return made

    def _look_again_at(self, refused: list[Assignment]) -> None:
        """What the index believed of them was wrong, or somebody was busy with the row."""
        for each in refused:
            self._conversations.add(each.waiting.id)
            self._agents.add(each.agent_id)
        self._wake.set()


async def _leads(guard: psycopg.AsyncConnection[tuple[object, ...]]) -> bool:
    cursor = await guard.execute("select pg_try_advisory_lock(%s)", (LEADER_KEY,))
    row = await cursor.fetchone()
    return row is not None and row[0] is True
