"""The figures of the reports from the warehouse: exact from its facts, or from its rollups over long periods.

The same question, the same definitions and the same report as on the event table (`reports.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb

from crm_core.reporting import Dimension, Figures, Period, Question, Report
from insight import facts_sql as sql
from insight.extract_sql import for_duckdb
from insight.occupancy import Busy
from insight.reports import Group, Tallies, add_rows, merged, report_of, step_s, tally_of
from insight.rollups import LIMITS_S, SLOT_S, StateRow, tally_of_states
from insight.tally import Tally
from insight.warehouse import naive_utc

# `day` lets DuckDB pass over the files of other days
_IN_PERIOD = "where day between cast(:since as date) and cast(:until as date)"
_FACTS = {"segment": "fact_segment", "run": "fact_run", "conversation_fact": "fact_conversation"}
_LOCAL = "(began_at at time zone 'UTC') at time zone cast(:zone as text)"
_SLOT = f"cast(extract(epoch from time_bucket(cast(:slot as interval), {_LOCAL}, timestamp '2000-01-01')) as bigint)"


def _facts(source: str, fact: str) -> str:
    return f"with {source} as (select * from {_FACTS[source]} {_IN_PERIOD}){fact}"


DUCKDB = sql.Engine(
    (
        (_facts("segment", sql.SEGMENT_FACTS), sql.SEGMENT_FAMILY),
        (_facts("run", sql.RUN_FACTS), sql.RUN_FAMILY),
        (_facts("conversation_fact", sql.CONVERSATION_FACTS), sql.CONVERSATION_FAMILY),
    ),
    _SLOT,
)
_REASONS = (
    f"select reason, count(*) as n from fact_handoff {_IN_PERIOD} and requested_at >= :since and requested_at < :until"
    f" and {sql.NARROWED} group by 1 order by 2 desc, 1"
)
# the length of a union: what each interval adds beyond the furthest end of those before it
_BUSY = """
with contact as (
    select agent, started_at, ended_at, true as is_contact from fact_contact_interval
    where started_at < :until and coalesce(ended_at, :as_of) > :since
), presence as (
    select agent, started_at, ended_at, false as is_contact from fact_presence_interval
    where started_at < :until and started_at >= :since - interval '7 days' and coalesce(ended_at, :as_of) > :since
), span as (
    select agent, is_contact, greatest(started_at, :since) as since,
           least(greatest(started_at, coalesce(ended_at, :as_of)), :until, :as_of) as until
    from (select * from contact union all select * from presence)
), both_of as (
    select agent, since, until, true as is_busy from span where is_contact
    union all select agent, since, until, false from span
), beyond as (
    select agent, is_busy, since, until,
           max(until) over (partition by agent, is_busy order by since, until
                            rows between unbounded preceding and 1 preceding) as reached
    from both_of where since < until
)
select agent, coalesce(sum(seconds) filter (where is_busy), 0) as busy_s,
       coalesce(sum(seconds) filter (where not is_busy), 0) as present_s
from (select agent, is_busy, greatest(0, extract(epoch from until - greatest(since, coalesce(reached, since))))
               as seconds from beyond)
group by agent
"""
# whole days (UTC) from one table, what is left of the period at its ends from the other
_STATES = """
with state as (
    select queue, channel, measure, bin, n, total, squares, cast(null as timestamp) as slot_at from rollup_day
    where date >= :first_day and date < :last_day
    union all
    select queue, channel, measure, bin, n, total, squares, slot_at from rollup
    where (day between cast(:since as date) and cast(:first_day as date)
           or day between cast(:last_day as date) and cast(:until as date))
      and (slot_at >= :since and slot_at < :first_day or slot_at >= :last_day and slot_at < :until)
), chosen as materialized (
    select * from state where (cast(:queue as text) is null or queue = :queue)
                          and (cast(:channel as text) is null or channel = :channel)
)
"""
_SUMS = "sum(n) as n, sum(total) as total, sum(squares) as squares"
_WHOLE = f"""{_STATES}
select '' as name, '' as value, measure, bin, {_SUMS} from chosen group by measure, bin
"""
# the many rows are read twice, however many parts are asked for: by slots and by everything else
_BOTH = f"""{_STATES}, by_slot as materialized (
    select slot_at, measure, bin, {_SUMS} from chosen group by all
), by_part as materialized (
    select queue, channel, measure, bin, {_SUMS} from chosen group by all
)
select '' as name, '' as value, measure, bin, {_SUMS} from by_part group by measure, bin
"""
_PARTS: Mapping[str, tuple[str, str]] = {
    "queue": ("by_part", "queue"), "channel": ("by_part", "channel"),
    "slot": ("by_slot", _SLOT.replace("began_at", "slot_at")),
}  # fmt: skip


def _by(name: str) -> str:
    source, part = _PARTS[name]
    return (
        f"select '{name}' as name, cast({part} as varchar) as value, measure, bin, {_SUMS} "
        f"from {source} where {part} is not null group by all"
    )


_FROM_STATES = {Dimension.QUEUE, Dimension.CHANNEL}
Asked = Mapping[str, object]


def told(figures: Figures) -> Figures:
    """Without the replies in opening hours: the warehouse does not know which hours held when."""
    return {key: figure for key, figure in figures.items() if "_response_open_" not in key}


def read_history(warehouse: duckdb.DuckDBPyConnection, question: Question) -> Report:
    """Everything that the page of reports has, to the second and exact; for who may see all queues."""
    asked = _asked(question, question.period)
    now: dict[Group, Tally] = {}
    for facts, family in DUCKDB.families:
        add_rows(now, family, _rows(warehouse, sql.broken_down(facts, family, DUCKDB.slot), asked))
    before = read_whole(warehouse, question, question.before)
    return report_of(now, before, read_busy(warehouse, question), _reasons(warehouse, asked), question.period)


def read_whole(warehouse: duckdb.DuckDBPyConnection, question: Question, period: Period) -> Tally:
    """Exact, from the facts."""
    found = Tally()
    for facts, family in DUCKDB.families:
        (row,) = _rows(warehouse, sql.whole(facts, family), _asked(question, period))
        found = merged(found, tally_of(row, family))
    return found


def read_states(warehouse: duckdb.DuckDBPyConnection, question: Question, period: Period) -> Tally:
    """The same from the rollups, with quantiles that are right within their bin, as of the last extraction.

    For a period that begins and ends at a quarter of an hour, narrowed by queue or channel at most: see `merges`.
    """
    return _tallies(_fetched(warehouse, _WHOLE, _asked(question, period)), question).get(("", ""), Tally())


def read_parts(warehouse: duckdb.DuckDBPyConnection, question: Question, by: Sequence[str]) -> Tallies:
    """From the rollups also: everything, and the parts by `queue`, `channel` or (for a day or two) `slot`."""
    asked = _asked(question, question.period)
    if "slot" in by:  # whole days have no slots
        asked["first_day"] = asked["last_day"] = asked["until"]
    statement = " union all ".join([_BOTH, *map(_by, by)])
    return _tallies(_fetched(warehouse, statement, asked), question)


def _tallies(rows: Iterable[tuple[Any, ...]], question: Question) -> dict[Group, Tally]:
    groups: dict[Group, list[StateRow]] = {}
    for name, value, *state in rows:
        groups.setdefault((name, value), []).append((state[0], state[1], state[2], state[3], state[4]))
    return {group: tally_of_states(states, question.within_s) for group, states in groups.items()}


def merges(question: Question, period: Period) -> bool:
    """Whether rollups can answer."""
    on_the_quarter = all(moment.timestamp() % SLOT_S == 0 for moment in (period.since, period.until))
    return on_the_quarter and set(question.only) <= _FROM_STATES and question.within_s in LIMITS_S


def read_busy(warehouse: duckdb.DuckDBPyConnection, question: Question) -> dict[str, Busy]:
    rows = _rows(warehouse, _BUSY, _asked(question, question.period))
    return {row["agent"]: Busy(float(row["busy_s"]), float(row["present_s"])) for row in rows}


def _reasons(warehouse: duckdb.DuckDBPyConnection, asked: Asked) -> dict[str, int]:
    return {row["reason"]: int(row["n"]) for row in _rows(warehouse, _REASONS, asked)}


def _asked(question: Question, period: Period) -> dict[str, object]:
    since, until = naive_utc(period.since), naive_utc(period.until)
    first_day, last_day = _whole_days(since, until)
    return {
        "since": since, "until": until, "as_of": naive_utc(question.as_of),
        "within_s": question.within_s, "zone": question.zone, "slot": f"{step_s(period)} seconds", "queues": None,
        "first_day": first_day, "last_day": last_day,
        **{dimension.value: question.only.get(dimension) for dimension in Dimension},
    }  # fmt: skip


def _whole_days(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """From the first midnight to the last one in the period; both its end when there is no whole day in it."""
    first, last = (moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in (since, until))
    if first < since:
        first += timedelta(days=1)
    return (first, last) if first < last else (until, until)


def _rows(warehouse: duckdb.DuckDBPyConnection, statement: str, asked: Asked) -> Iterator[dict[str, Any]]:
    rows = _fetched(warehouse, statement, asked)
    names = [column[0] for column in warehouse.description or ()]
    return (dict(zip(names, row, strict=True)) for row in rows)


def _fetched(warehouse: duckdb.DuckDBPyConnection, statement: str, asked: Asked) -> list[tuple[Any, ...]]:
    """DuckDB refuses a parameter that a statement does not name."""
    text = for_duckdb(statement)
    used = {name: value for name, value in asked.items() if f"${name}" in text}
    return warehouse.execute(text, used).fetchall()
