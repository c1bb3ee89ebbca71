"""The rules of routing as they hold now, in every process at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from config.routing_files import Calendar, Policy, Queue
from crm_core.contracts import JsonObject
from crm_core.hours import BusinessHours, hours_of
from crm_core.models_routing import RoutingRule
from crm_core.routing_values import Load, Need, Ring
from crm_core.signals import Signal, Topic, publish
from crm_core.sla import ClockKind, Standing, Target, target_of
from crm_core.states import RuleKind

ALWAYS_OPEN = Calendar.model_validate(
    {"time_zone": "UTC", "windows": [{"days": [*range(7)], "start": "00:00", "end": "00:00"}]}
)
FULL_VALUE = 1_000.0  # an order, or coming orders, of so much money count as the most valuable
RISK_OF_UPSET, RISK_OF_RETURN = 0.5, 0.25  # somebody displeased; each earlier contact of the last thirty days
RISK_OF_SILENCE = 0.25  # a customer who bought often has not of late


@dataclass(frozen=True, slots=True)
class Rules:
    """Queues, calendars and policies by key, in the order of their files. Without any, agents take work by hand."""

    queues: Mapping[str, Queue] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)

    def hours(self, queue_key: str | None) -> BusinessHours:
        queue = self.queues.get(queue_key or "")
        named = queue.hours if queue is not None and queue.hours is not None else next(iter(self.calendars), "")
        return hours_of(self.calendars.get(named, ALWAYS_OPEN))

    def policy(self, queue_key: str | None) -> Policy | None:
        queue = self.queues.get(queue_key or "")
        if queue is None:
            return None
        return self.policies.get(queue.sla or next(iter(self.policies), ""))

    def target(self, queue_key: str | None, kind: ClockKind, load: Load) -> Target | None:
        """What is promised there; None for nothing."""
        policy = self.policy(queue_key)
        return None if policy is None else target_of(policy, kind, load, self.hours(queue_key))

    def rings(self) -> dict[str, tuple[Ring, ...]]:
        return {key: rings_of(queue) for key, queue in self.queues.items()}

    def need(self, queue_key: str, load: Load, intent: str | None, language: str | None, *, urgent: bool) -> Need:
        """What serving takes there."""
        queue = self.queues.get(queue_key)
        if queue is None:
            return Need(queue_key, load, urgent=urgent)
        skills = {*queue.skills, *([queue.intent_skills[intent]] if intent in queue.intent_skills else [])}
        return Need(queue_key, load, language if language in queue.languages else None, frozenset(skills), urgent)

    def teams(self, queue_key: str) -> frozenset[str]:
        """All who may ever serve there, overflow included."""
        rings = rings_of(self.queues[queue_key]) if queue_key in self.queues else ()
        return frozenset(team for ring in rings for team in ring.teams)


def rings_of(queue: Queue) -> tuple[Ring, ...]:
    """The strictest first; each relaxation keeps those that are open already."""
    helpers = queue.overflow.slack_s if queue.overflow.teams else None
    steps = {queue.relax_skills_at_slack_s, queue.relax_language_at_slack_s, helpers} - {None}
    slacks = (inf, *sorted((step for step in steps if step is not None), reverse=True))
    return tuple(_ring(queue, slack_s, helpers) for slack_s in slacks)


def _ring(queue: Queue, slack_s: float, helpers: int | None) -> Ring:
    teams = {*queue.teams, *(queue.overflow.teams if helpers is not None and slack_s <= helpers else ())}
    skills, language = queue.relax_skills_at_slack_s, queue.relax_language_at_slack_s
    return Ring(
        frozenset(teams), slack_s, needs_skills=skills is None or slack_s > skills,
        needs_language=language is None or slack_s > language, level=queue.skill_level,
    )  # fmt: skip


def standing_of(signals: JsonObject) -> Standing:
    """How much a customer matters by what the handoff says of them."""
    try:
        amount = float(str(signals.get("order_value") or "0").split()[0])
    except ValueError:
        amount = 0.0
    earlier, expected = signals.get("earlier_contacts"), signals.get("customer_money")
    times = earlier if isinstance(earlier, int) else 0
    worth = max(amount, expected if isinstance(expected, int | float) else 0.0)
    risk = (
        RISK_OF_UPSET * (signals.get("upset") is True) + RISK_OF_RETURN * times
        + RISK_OF_SILENCE * (signals.get("at_risk") is True)
    )  # fmt: skip
    return Standing(min(worth / FULL_VALUE, 1.0), min(risk, 1.0))


@dataclass(frozen=True, slots=True)
class RoutingFiles:
    """What the business says about routing: in its files, or at the desk instead."""

    queues: Sequence[Queue]
    calendars: Sequence[Calendar]
    policies: Sequence[Policy]


async def sync_rules(session: AsyncSession, files: RoutingFiles) -> None:
    """Store what holds; what is no longer named goes."""
    named: Sequence[tuple[RuleKind, Sequence[Queue | Calendar | Policy]]] = (
        (RuleKind.QUEUE, files.queues), (RuleKind.CALENDAR, files.calendars), (RuleKind.POLICY, files.policies),
    )  # fmt: skip
    for kind, items in named:
        for place, item in enumerate(items):
            values = {"place": place, "content": item.model_dump(mode="json")}
            row = insert(RoutingRule).values(kind=kind.value, key=item.key, **values)
            await session.execute(row.on_conflict_do_update(index_elements=["kind", "key"], set_=values))
        gone = (RoutingRule.kind == kind) & RoutingRule.key.not_in([item.key for item in items])
        await session.execute(delete(RoutingRule).where(gone).execution_options(synchronize_session=False))
    await publish(session, Signal(Topic.RULES))


async def read_rules(session: AsyncSession) -> Rules:
    """As they hold in this transaction."""
    columns = (RoutingRule.kind, RoutingRule.key, RoutingRule.content)
    rows = await session.execute(select(*columns).order_by(RoutingRule.kind, RoutingRule.place, RoutingRule.key))
    return _rules(json.dumps([list(row) for row in rows]))


@lru_cache(maxsize=8)
def _rules(stored: str) -> Rules:
    """The same rules are validated once a process."""
    queues, calendars, policies = {}, {}, {}
    for kind, key, content in json.loads(stored):
        if kind == RuleKind.QUEUE:
            queues[key] = Queue.model_validate(content)
        elif kind == RuleKind.CALENDAR:
            calendars[key] = Calendar.model_validate(content)
        else:
            policies[key] = Policy.model_validate(content)
    return Rules(queues, calendars, policies)
