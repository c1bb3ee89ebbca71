"""The reports: what the event table says about a period, for who may see it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Reach, report_queues, require_role
from crm_core.contracts import Json, JsonObject
from crm_core.reporting import Dimension, Figures, Period, Question, Report, Slot
from crm_core.routing_rules import Rules, read_rules
from insight import facts_sql as sql
from insight.facts import LETS_GO, TAKES
from insight.figures import figures_of, occupancy
from insight.occupancy import OCCUPANCY, Busy
from insight.tally import Spread, Tally

SHORT_PERIOD = timedelta(days=2)  # is charted by half hours, a longer one by days
HALF_HOUR_S, DAY_S = 1800, 86_400
_EVERYTHING = 2 ** len(sql.GROUPED) - 1
Family = tuple[str, Mapping[str, str], Mapping[str, str], Mapping[str, tuple[str, str]]]
_FAMILIES: tuple[Family, ...] = (
    (sql.SEGMENTS, sql.SEGMENT_COUNTS, sql.SEGMENT_SUMS, sql.SEGMENT_SPREADS),
    (sql.RUNS, sql.RUN_COUNTS, {}, sql.RUN_SPREADS),
    (sql.CONVERSATIONS, sql.CONVERSATION_COUNTS, sql.CONVERSATION_SUMS, sql.CONVERSATION_SPREADS),
)
Group = tuple[str, str]  # name of a dimension or `slot`, and the value; two empty strings for everything
Tallies = Mapping[Group, Tally]


async def read_report(session: AsyncSession, reach: Reach, question: Question) -> Report:
    """Raises Forbidden for who may see no reports. A lead's reports hold the queues of their teams."""
    require_role(reach.viewer, Action.REPORT)
    rules = await read_rules(session)
    asked = asked_of(reach, question, question.period, rules)
    await session.execute(text(sql.PLAN))
    now = await read_tallies(session, asked)
    before = await read_whole(session, asked_of(reach, question, question.before, rules))
    busy = await read_busy(session, asked)
    reasons = (await session.execute(text(sql.REASONS), asked)).all()
    seen = {agent: each for agent, each in busy.items() if ("agent", agent) in now}
    return Report(
        {**figures_of(now.get(("", ""), Tally())), "occupancy": occupancy(seen.values())},
        figures_of(before), _slots(now, question.period), _groups(now, busy), {row.reason: row.n for row in reasons},
    )  # fmt: skip


def asked_of(reach: Reach, question: Question, period: Period, rules: Rules) -> dict[str, object]:
    queues = report_queues(reach)
    return {
        "since": period.since, "until": period.until, "as_of": question.as_of, "kinds": list(sql.KINDS),
        "queues": None if queues is None else sorted(queues), "within_s": question.within_s, "zone": question.zone,
        "slot": f"{_step_s(period)} seconds", "hours": json.dumps(_hours(rules, period.since, question.as_of)),
        **{dimension.value: question.only.get(dimension) for dimension in Dimension},
        "hands": sorted(TAKES | LETS_GO), "takes": sorted(TAKES),
    }  # fmt: skip


def _hours(rules: Rules, since: datetime, until: datetime) -> JsonObject:
    """Of each queue: the edges of its opening hours in this time, and how long it had been open at each."""
    found: JsonObject = {}
    for queue_key in rules.queues:
        spans = rules.hours(queue_key).spans_between(since, until)
        ends = [*accumulate(end - start for start, end in spans)]
        edges: list[Json] = [edge for span in spans for edge in span]
        opened: list[Json] = [total for before, end in pairwise([0.0, *ends]) for total in (before, end)]
        found[queue_key] = {"edges": edges, "opened": opened}
    return found


async def read_tallies(session: AsyncSession, asked: Mapping[str, object]) -> Tallies:
    """Everything together, by each dimension, and by slot."""
    found: dict[Group, Tally] = {}
    for facts, counts, sums, spreads in _FAMILIES:
        statement = sql.broken_down(facts, sql.columns_of(counts, sums, spreads))
        for row in (await session.execute(text(statement), dict(asked))).mappings():
            group = _group_of(row)
            if group is not None:
                found[group] = _merged(found.get(group, Tally()), _tally(row, [*counts, *sums], spreads))
    return found


async def read_whole(session: AsyncSession, asked: Mapping[str, object]) -> Tally:
    found = Tally()
    for facts, counts, sums, spreads in _FAMILIES:
        statement = sql.whole(facts, sql.columns_of(counts, sums, spreads))
        row = (await session.execute(text(statement), dict(asked))).mappings().one()
        found = _merged(found, _tally(row, [*counts, *sums], spreads))
    return found


async def read_busy(session: AsyncSession, asked: Mapping[str, object]) -> dict[str, Busy]:
    rows = (await session.execute(text(OCCUPANCY), dict(asked))).all()
    return {row.agent: Busy(float(row.busy_s), float(row.present_s)) for row in rows}


def _group_of(row: RowMapping) -> Group | None:
    """None for what has no value in this dimension, such as the agent of who was never answered."""
    if row["grouped"] == _EVERYTHING:
        return ("", "")
    bit = _EVERYTHING - row["grouped"]
    name = sql.GROUPED[len(sql.GROUPED) - bit.bit_length()]
    return None if row[name] is None else (name, str(row[name]))


def _tally(row: RowMapping, counts: Iterable[str], spreads: Iterable[str]) -> Tally:
    return Tally({name: int(row[name]) for name in counts}, {name: _spread(row, name) for name in spreads})


def _spread(row: RowMapping, name: str) -> Spread:
    n = int(row[f"{name}_n"])
    if not n:
        return Spread()
    quantiles = tuple(float(value) for value in row[f"{name}_quantiles"])
    return Spread(n, float(row[f"{name}_total"]), float(row[f"{name}_squares"]), quantiles)


def _merged(one: Tally, other: Tally) -> Tally:
    """Of two kinds of facts, whose names differ."""
    return Tally({**one.counts, **other.counts}, {**one.spreads, **other.spreads})


def _slots(tallies: Tallies, period: Period) -> tuple[Slot, ...]:
    """From the first to the last in which anything happened, the empty ones between them too."""
    known = {int(value): tally for (name, value), tally in tallies.items() if name == "slot"}
    if not known:
        return ()
    steps = range(min(known), max(known) + 1, _step_s(period))
    return tuple(Slot(float(at_s), figures_of(known.get(at_s, Tally()))) for at_s in steps)


def _step_s(period: Period) -> int:
    return HALF_HOUR_S if period.length <= SHORT_PERIOD else DAY_S


def _groups(tallies: Tallies, busy: Mapping[str, Busy]) -> dict[Dimension, dict[str, Figures]]:
    found: dict[Dimension, dict[str, Figures]] = {dimension: {} for dimension in Dimension}
    for (name, value), tally in tallies.items():
        if name in found:
            found[Dimension(name)][value] = figures_of(tally)
    for agent, figures in found[Dimension.AGENT].items():
        found[Dimension.AGENT][agent] = {**figures, "occupancy": occupancy(_of(busy, agent))}
    return found


def _of(busy: Mapping[str, Busy], agent: str) -> Sequence[Busy]:
    return [busy[agent]] if agent in busy else []
