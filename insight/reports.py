"""The reports: what the event table says about a period, for who may see it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Reach, report_queues, require_role
from crm_core.reporting import Dimension, Figures, Period, Question, Report, Slot
from crm_core.routing_rules import Rules, read_rules
from insight import facts_sql as sql
from insight import story_sql
from insight.facts import LETS_GO, TAKES
from insight.figures import figures_of, occupancy
from insight.kept_facts import ENGINE, REASONS, tail
from insight.occupancy import OCCUPANCY, Busy
from insight.open_hours import hours_of_queues
from insight.tally import Spread, Tally

SHORT_PERIOD = timedelta(days=2)  # is charted by half hours, a longer one by days
HALF_HOUR_S, DAY_S = 1800, 86_400
_EVERYTHING = 2 ** len(sql.GROUPED) - 1
Group = tuple[str, str]  # name of a dimension or `slot`, and the value; two empty strings for everything
Tallies = Mapping[Group, Tally]
Row = Mapping[Any, Any]  # of a statement of ours, whatever the engine


async def read_report(session: AsyncSession, reach: Reach, question: Question) -> Report:
    """Raises Forbidden for who may see no reports. A lead's reports hold the queues of their teams."""
    require_role(reach.viewer, Action.REPORT)
    rules = await read_rules(session)
    asked = asked_of(reach, question, question.period, rules)
    earlier = asked_of(reach, question, question.before, rules)
    await session.execute(text(sql.PLAN))
    ids = await tail(session, question.as_of)
    engine, reasons = (sql.POSTGRES, sql.REASONS) if ids is None else (ENGINE, REASONS)
    now = await read_tallies(session, {**asked, "ids": ids}, engine)
    before = await read_whole(session, {**earlier, "ids": ids}, engine)
    busy = await read_busy(session, asked)
    found = (await session.execute(text(reasons), {**asked, "ids": ids})).all()
    return report_of(now, before, busy, {row.reason: row.n for row in found}, question.period)


def report_of(
    now: Tallies, before: Tally, busy: Mapping[str, Busy], reasons: Mapping[str, int], period: Period
) -> Report:
    seen = {agent: each for agent, each in busy.items() if ("agent", agent) in now}
    return Report(
        {**figures_of(now.get(("", ""), Tally())), "occupancy": occupancy(seen.values())},
        figures_of(before), _slots(now, period), _groups(now, busy), reasons,
    )  # fmt: skip


def asked_of(reach: Reach, question: Question, period: Period, rules: Rules) -> dict[str, object]:
    queues = report_queues(reach)
    return {
        "since": period.since, "until": period.until, "as_of": question.as_of, "kinds": list(story_sql.KINDS),
        "queues": None if queues is None else sorted(queues), "within_s": question.within_s, "zone": question.zone,
        "slot": f"{step_s(period)} seconds",
        "hours": json.dumps(hours_of_queues(rules, period.since, question.as_of)),
        **{dimension.value: question.only.get(dimension) for dimension in Dimension},
        "hands": sorted(TAKES | LETS_GO), "takes": sorted(TAKES),
    }  # fmt: skip


async def read_tallies(
    session: AsyncSession, asked: Mapping[str, object], engine: sql.Engine = sql.POSTGRES
) -> Tallies:
    """Everything together, by each dimension, and by slot."""
    found: dict[Group, Tally] = {}
    for facts, family in engine.families:
        statement = sql.broken_down(facts, family, engine.slot)
        add_rows(found, family, (await session.execute(text(statement), dict(asked))).mappings())
    return found


def add_rows(found: dict[Group, Tally], family: sql.Family, rows: Iterable[Row]) -> None:
    """Of one kind of fact, to what the others said of the same groups."""
    for row in rows:
        group = _group_of(row)
        if group is not None:
            found[group] = merged(found.get(group, Tally()), tally_of(row, family))


async def read_whole(session: AsyncSession, asked: Mapping[str, object], engine: sql.Engine = sql.POSTGRES) -> Tally:
    found = Tally()
    for facts, family in engine.families:
        row = (await session.execute(text(sql.whole(facts, family)), dict(asked))).mappings().one()
        found = merged(found, tally_of(row, family))
    return found


async def read_busy(session: AsyncSession, asked: Mapping[str, object]) -> dict[str, Busy]:
    rows = (await session.execute(text(OCCUPANCY), dict(asked))).all()
    return {row.agent: Busy(float(row.busy_s), float(row.present_s)) for row in rows}


def _group_of(row: Row) -> Group | None:
    """None for what has no value in this dimension, such as the agent of who was never answered."""
    if row["grouped"] == _EVERYTHING:
        return ("", "")
    bit = _EVERYTHING - int(row["grouped"])
    name = sql.GROUPED[len(sql.GROUPED) - bit.bit_length()]
    return None if row[name] is None else (name, str(row[name]))


def tally_of(row: Row, family: sql.Family) -> Tally:
    counts = {name: int(row[name]) for name in (*family.counts, *family.sums)}
    return Tally(counts, {name: _spread(row, name) for name in family.spreads})


def _spread(row: Row, name: str) -> Spread:
    n = int(row[f"{name}_n"])
    if not n:
        return Spread()
    quantiles = tuple(float(value) for value in row[f"{name}_quantiles"])
    return Spread(n, float(row[f"{name}_total"]), float(row[f"{name}_squares"]), quantiles)


def merged(one: Tally, other: Tally) -> Tally:
    """Of two kinds of facts, whose names differ."""
    return Tally({**one.counts, **other.counts}, {**one.spreads, **other.spreads})


def _slots(tallies: Tallies, period: Period) -> tuple[Slot, ...]:
    """From the first to the last in which anything happened, the empty ones between them too."""
    known = {int(value): tally for (name, value), tally in tallies.items() if name == "slot"}
    if not known:
        return ()
    steps = range(min(known), max(known) + 1, step_s(period))
    return tuple(Slot(float(at_s), figures_of(known.get(at_s, Tally()))) for at_s in steps)


def step_s(period: Period) -> int:
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
