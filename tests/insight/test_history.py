"""The warehouse says what the reports say, whatever happened on the way there."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.db import Sessions
from insight.history import merges, read_history, read_parts, read_states
from insight.reports import asked_of, read_report, read_tallies
from insight.rollups import bin_of, edges_of, rollup_statement
from insight.tally import Tally
from insight.warehouse import Warehouse, connect, naive_utc
from insight.warehouse_tables import TABLES, typed_nothing
from tests.support.reported import RULES, flat, in_calendar_time, reach, told_of, truth
from tests.support.simulated_day import OPENS_AT, write_events
from tests.support.warehouse import LATER, fill, later_day, question

DAYS = 20
MANY = 40  # with fewer, two neighbours of a quantile may lie bins apart


@pytest.mark.slow
async def test_twenty_days_are_the_same_in_the_warehouse_in_the_reports_and_in_truth(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    days = [later_day(number) for number in range(DAYS)]
    for day in days:
        await write_events(sessions, day.told)
    fill(database_url, tmp_path)
    with Warehouse(tmp_path).open() as warehouse:
        async with sessions() as session:
            for number, day in enumerate(days):
                asked = question(number)
                tallies = await read_tallies(session, asked_of(reach(), asked, asked.period, RULES))
                exact, merged = tallies["", ""], read_states(warehouse, asked, asked.period)
                assert told_of(exact) == truth(day.segments, LATER)
                assert {name: merged[name] for name in exact.counts} == exact.counts
                assert_within_bins(merged, exact)
                parts = read_parts(warehouse, asked, ("queue", "channel", "slot"))
                for group in (each for each in tallies if each[0] in ("queue", "channel", "slot")):
                    assert all(parts[group][name] == tallies[group][name] for name in exact.counts), group
            for asked in (question(3), question(0, DAYS), question(5, 9, channel="phone")):
                told = await read_report(session, reach(), asked)
                found = in_calendar_time(flat(read_history(warehouse, asked)))
                assert found == pytest.approx(in_calendar_time(flat(told)), abs=1e-6)


def assert_within_bins(merged: Tally, exact: Tally) -> None:
    for name, spread in exact.spreads.items():
        if name in ("first_open", "next_open"):
            continue
        twin = merged.spread(name)
        assert (twin.n, twin.total) == (spread.n, pytest.approx(spread.total, abs=1e-6)), name
        for told, true in zip(twin.quantiles, spread.quantiles, strict=True):
            assert bin_of(told) == bin_of(true) or spread.n < MANY, name


def test_bins_are_edge_to_edge() -> None:
    for seconds in (0.0, 0.5, 1.0, 1.01, 20.0, 59.9, 3600.0, 1e6):
        low, high = edges_of(bin_of(seconds))
        assert low < seconds <= high or seconds == 0.0


State = tuple[object, ...]


def added(states: list[State]) -> dict[object, float]:
    """Numbers and sums of each state, under its key."""
    found: dict[object, float] = {}
    for *key, n, total, squares, _ in states:
        for name, value in (("n", n), ("total", total), ("squares", squares)):
            found[(*key, name)] = found.get((*key, name), 0.0) + float(str(value))
    return found


SEGMENT = st.tuples(
    st.sampled_from(["service", "billing"]), st.sampled_from(["phone", "email"]), st.integers(0, 3_600),
    st.one_of(st.none(), st.integers(0, 4_000)), st.one_of(st.none(), st.integers(0, 900)),
)  # fmt: skip


@pytest.mark.slow
@given(segments=st.lists(SEGMENT, max_size=30), cut=st.integers(0, 30))
@settings(max_examples=15, deadline=None)
def test_states_of_two_parts_add_up_to_those_of_the_whole(segments: list[State], cut: int) -> None:
    parts = [rolled_up(each) for each in (segments[:cut], segments[cut:], segments)]
    assert added([*parts[0], *parts[1]]) == pytest.approx(added(parts[2]))


OPENED = naive_utc(OPENS_AT)
INSERT = """
insert into fact_segment by name select $queue as queue, $channel as channel, $queued as queued_at,
       $answered as answered_at, $left as left_at, 1 as offers, 0 as declines
"""


def moments(at_s: object, *later_s: object) -> list[datetime | None]:
    queued = OPENED + timedelta(seconds=int(str(at_s)))
    return [queued, *(None if each is None else queued + timedelta(seconds=int(str(each))) for each in later_s)]


def rolled_up(segments: list[State]) -> list[State]:
    with connect() as connection:
        for name in ("fact_segment", "fact_run", "fact_conversation"):
            connection.execute(f"create table {name} as {typed_nothing(TABLES[name])}")
        for queue, channel, at_s, answered_s, left_s in segments:
            queued, answered, left = moments(at_s, answered_s, left_s)
            connection.execute(INSERT, {
                "queue": queue, "channel": channel, "queued": queued, "answered": answered, "left": left,
            })  # fmt: skip
        tables = {"segment": "fact_segment", "run": "fact_run", "conversation_fact": "fact_conversation"}
        bounds = {"since": OPENED, "until": OPENED + timedelta(days=1), "as_of": OPENED + timedelta(days=1)}
        return connection.execute(rollup_statement(tables), bounds).fetchall()


@pytest.mark.parametrize(("within_s", "expected"), [(20.0, True), (45.0, False), (300.0, True)])
def test_rollups_answer_only_for_the_limits_that_they_keep(within_s: float, expected: bool) -> None:  # noqa: FBT001
    asked = replace(question(), within_s=within_s)
    assert merges(asked, asked.period) is expected
