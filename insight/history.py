"""The figures of the reports from the warehouse: exact from its facts, or from its rollups over long periods.

The same question, the same definitions and the same report as on the event table (`reports.py`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from crm_core.reporting import Dimension, Period, Question, Report
from insight import facts_sql as sql
from insight.extract_sql import for_duckdb
from insight.occupancy import Busy
from insight.reports import Group, add_rows, merged, report_of, step_s, tally_of
from insight.rollups import SLOT_S, tally_of_states
from insight.tally import Tally
from insight.warehouse import naive_utc

# `day` lets DuckDB pass over the files of other days
_IN_PERIOD = "where day between cast(:since as date) and cast(:until as date)"
_FACTS = {"segment": "fact_segment", "run": "fact_run", "conversation_fact": "fact_conversation"}
_SLOT = (
    "cast(extract(epoch from time_bucket(cast(:slot as interval), (began_at at time zone 'UTC')"
    " at time zone cast(:zone as text), timestamp '2000-01-01')) as bigint)"
)


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
_STATES = f"""
select measure, bin, sum(n) as n, sum(total) as total, sum(squares) as squares from rollup
{_IN_PERIOD} and slot_at >= :since and slot_at < :until and (cast(:queue as text) is null or queue = :queue)
  and (cast(:channel as text) is null or channel = :channel)
group by measure, bin
"""
_FROM_STATES = {Dimension.QUEUE, Dimension.CHANNEL}
Asked = Mapping[str, object]


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
    rows = _fetched(warehouse, _STATES, _asked(question, period))
    return tally_of_states([(row[0], row[1], row[2], row[3], row[4]) for row in rows], question.within_s)


def merges(question: Question, period: Period) -> bool:
    """Whether rollups can answer."""
    on_the_quarter = all(moment.timestamp() % SLOT_S == 0 for moment in (period.since, period.until))
    return on_the_quarter and set(question.only) <= _FROM_STATES


def read_busy(warehouse: duckdb.DuckDBPyConnection, question: Question) -> dict[str, Busy]:
    rows = _rows(warehouse, _BUSY, _asked(question, question.period))
    return {row["agent"]: Busy(float(row["busy_s"]), float(row["present_s"])) for row in rows}


def _reasons(warehouse: duckdb.DuckDBPyConnection, asked: Asked) -> dict[str, int]:
    return {row["reason"]: int(row["n"]) for row in _rows(warehouse, _REASONS, asked)}


def _asked(question: Question, period: Period) -> dict[str, object]:
    return {
        "since": naive_utc(period.since), "until": naive_utc(period.until), "as_of": naive_utc(question.as_of),
        "within_s": question.within_s, "zone": question.zone, "slot": f"{step_s(period)} seconds", "queues": None,
        **{dimension.value: question.only.get(dimension) for dimension in Dimension},
    }  # fmt: skip


def _rows(warehouse: duckdb.DuckDBPyConnection, statement: str, asked: Asked) -> Iterator[dict[str, Any]]:
    rows = _fetched(warehouse, statement, asked)
    names = [column[0] for column in warehouse.description or ()]
    return (dict(zip(names, row, strict=True)) for row in rows)


def _fetched(warehouse: duckdb.DuckDBPyConnection, statement: str, asked: Asked) -> list[tuple[Any, ...]]:
    """DuckDB refuses a parameter that a statement does not name."""
    text = for_duckdb(statement)
    used = {name: value for name, value in asked.items() if f"${name}" in text}
    return warehouse.execute(text, used).fetchall()
