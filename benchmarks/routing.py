"""From queued to offered on PostgreSQL (fsync on) with many agents and a long line; the cost of one assignment; races.

Half of the offers measured follow a contact that comes while somebody is free, half an agent who becomes free while
the long line waits: each from the commit that caused it until the signal of the offer arrives. `--broken` claims
without locking, which must show conversations offered twice.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import crm_core.queue
from benchmarks.report import percentile, tell
from benchmarks.routing_cost import cost_ratio
from benchmarks.routing_floor import fill, next_customer, rules
from crm_core import models
from crm_core.contracts import ConversationId, UserId
from crm_core.conversations import Handoff, accept, close, hand_off, lock_conversation
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work, utc_now
from crm_core.dispatcher import Dispatcher
from crm_core.events import SYSTEM, Actor
from crm_core.routing_rules import Rules, sync_rules
from crm_core.routing_values import Candidate
from crm_core.routing_view import read_agents
from crm_core.signals import Signal, SignalListener, Topic
from crm_core.states import ConversationState
from tests.support.postgres import migrated_database, running_postgres

SEED = 11
WORKERS = 32
PATIENCE_S = 20.0


@dataclass
class Watch:
    """When each conversation or agent was told to have got an offer, by the clock of this process."""

    offered: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    async def on_signal(self, signal: Signal) -> None:
        if signal.topic is Topic.LINE:
            for key in (f"c{signal.id}", f"a{signal.detail}"):
                waiting = self.offered.get(key)
                if waiting is not None and not waiting.done():
                    waiting.set_result(time.perf_counter())

    def expect(self, key: str) -> asyncio.Future[float]:
        self.offered[key] = asyncio.get_running_loop().create_future()
        return self.offered[key]


async def a_contact_comes(sessions: Sessions, watch: Watch) -> float | None:
    """Somebody is queued where agents are free; milliseconds until they are offered."""
    conversation_id = await next_customer(sessions)
    async with unit_of_work(sessions) as session:
        conversation = await lock_conversation(session, conversation_id)
        await hand_off(session, utc_now(), conversation, Handoff("asked_for_person", "quiet", None, "en"))
        await session.flush()
    offered_at = await _state_changes(sessions, watch, conversation_id)
    async with unit_of_work(sessions) as session:  # their agent is free for the next
        row = await session.get_one(models.Conversation, conversation_id)
        if row.state == ConversationState.OFFERED and row.agent_id is not None:
            await accept(session, utc_now(), conversation_id, UserId(row.agent_id))
            row = await lock_conversation(session, conversation_id)
            await close(session, utc_now(), row, "resolved", Actor.agent(row.agent_id or 0))
    return offered_at


async def _state_changes(sessions: Sessions, watch: Watch, conversation_id: ConversationId) -> float | None:
    """The first signal is that of the queueing itself, so the table is asked whether it was the offer's."""
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE_S:
        signalled = watch.expect(f"c{conversation_id}")
        async with sessions() as session:
            state = await session.scalar(
                select(models.Conversation.state).where(models.Conversation.id == conversation_id)
            )
        if state == ConversationState.OFFERED:
            return 1000 * (time.perf_counter() - started)
        with suppress(TimeoutError):
            await asyncio.wait_for(signalled, 0.5)
    return None


async def an_agent_is_freed(sessions: Sessions, agent_id: int) -> float | None:
    """They end their only conversation; milliseconds until the long line's first is offered to them."""
    async with unit_of_work(sessions) as session:
        held = select(models.Conversation).where(
            models.Conversation.agent_id == agent_id, models.Conversation.state.in_(["assigned", "offered"])
        )
        row = (await session.scalars(held.with_for_update())).first()
        if row is None:
            return None
        if row.state == ConversationState.OFFERED:
            await accept(session, utc_now(), ConversationId(row.id), UserId(agent_id))
        await close(session, utc_now(), row, "resolved", Actor.agent(agent_id))
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE_S:
        async with sessions() as session:
            found = await session.scalar(
                select(models.Conversation.id).where(
                    models.Conversation.agent_id == agent_id, models.Conversation.state == ConversationState.OFFERED
                )
            )
        if found is not None:
            return 1000 * (time.perf_counter() - started)
        await asyncio.sleep(0.002)
    return None


async def measure_offers(url: str, sessions: Sessions, trials: int, busy_agents: list[int]) -> list[float]:
    """Every trial counts; one that was not offered within the patience counts as that long."""
    watch, listener, dispatcher = Watch(), SignalListener(url), Dispatcher(sessions)
    listener.subscribe(watch.on_signal)
    listener.subscribe(dispatcher.on_signal)
    chores = [asyncio.create_task(listener.run()), asyncio.create_task(dispatcher.run(url))]
    await listener.listening.wait()
    await asyncio.sleep(3)
    choose, taken = random.Random(SEED), []
    for number in range(trials):
        if number % 2:
            took = await an_agent_is_freed(sessions, choose.choice(busy_agents))
        else:
            took = await a_contact_comes(sessions, watch)
        taken.append(PATIENCE_S * 1000 if took is None else took)
    for chore in chores:
        chore.cancel()
    await asyncio.gather(*chores, return_exceptions=True)
    return taken


async def race(sessions: Sessions) -> int:
    """32 workers route the same line at once; how many conversations were offered twice."""
    dispatchers = [Dispatcher(sessions, lambda: utc_now() + timedelta(seconds=1)) for _ in range(WORKERS)]
    await asyncio.gather(*(dispatcher.step() for dispatcher in dispatchers), return_exceptions=True)
    async with sessions() as session:
        rows = await session.execute(
            text("select conversation_id, kind from event where kind in ('offered', 'declined') order by id")
        )
        return doubles([(row.conversation_id, row.kind) for row in rows])


def doubles(events: list[tuple[int, str]]) -> int:
    """Conversations that were offered while an offer stood."""
    standing: Counter[int] = Counter()
    twice = set()
    for conversation_id, kind in events:
        standing[conversation_id] += 1 if kind == "offered" else -1
        if standing[conversation_id] > 1:
            twice.add(conversation_id)
    return len(twice)


async def believe(session: AsyncSession, ids: list[int]) -> dict[int, models.Conversation]:
    """The broken claim: what was read without a lock is taken for true."""
    rows = await session.scalars(select(models.Conversation).where(models.Conversation.id.in_(ids)))
    found = {row.id: row for row in rows if row.state == ConversationState.QUEUED}
    await asyncio.sleep(0.05)
    return found


async def believe_agents(
    session: AsyncSession,
    rules: Rules,
    ids: Collection[int],
    *,
    lock: bool = False,  # noqa: ARG001
) -> list[Candidate]:
    """As above: what was read is taken for true, whatever lock was asked for."""
    return await read_agents(session, rules, ids, lock=False)


def claim_without_locks() -> None:
    crm_core.queue._still_waiting = believe  # type: ignore[assignment]  # noqa: SLF001 - the point of it
    crm_core.queue.read_agents = believe_agents  # type: ignore[attr-defined]


async def run(agents: int, waiting: int, trials: int, *, broken: bool) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as directory, running_postgres(Path(directory), fast=False) as server:
        url = migrated_database(server, "routing")
        engine = open_engine(url, pool_size=WORKERS)
        sessions = open_sessions(engine)
        async with unit_of_work(sessions) as session:
            await sync_rules(session, rules())
            busy = await fill(session, agents, waiting)
        taken = await measure_offers(url, sessions, trials, busy)
        async with unit_of_work(sessions) as session:  # everybody is free: the whole line moves at once
            held = select(models.Conversation).where(models.Conversation.state.in_(["assigned", "offered"]))
            for row in (await session.scalars(held)).all()[:200]:
                if row.state == ConversationState.OFFERED:
                    row.agent_id, row.state = None, ConversationState.QUEUED.value
                else:
                    await close(session, utc_now(), row, "resolved", SYSTEM)
            await session.execute(text("delete from event where kind in ('offered', 'declined')"))
        if broken:
            claim_without_locks()
        double = await race(sessions)
        await engine.dispose()
    return {
        "agents": agents, "waiting": waiting, "offer_p50_ms": round(percentile(taken, 0.5), 1),
        "offer_p99_ms": round(percentile(taken, 0.99), 1), "cost_ratio_10x": cost_ratio(SEED),
        "double_assignments": double,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer trials")
    parser.add_argument("--broken", action="store_true", help="claim without locking")
    given = parser.parse_args()
    trials = 60 if given.quick else 400
    figures = asyncio.run(run(1_000, 10_000, trials, broken=given.broken))
    tell(figures, n=trials, seed=SEED)


if __name__ == "__main__":
    main()
