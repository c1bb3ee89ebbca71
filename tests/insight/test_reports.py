"""What the reports say of a simulated day is what happened in it: by the SQL, by its twin in Python, and by the truth."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import quantiles

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.access import Reach, Viewer
from crm_core.db import Sessions
from crm_core.errors import Forbidden
from crm_core.reporting import Dimension, Period, Question, Report
from crm_core.states import Role
from insight.facts import Moment, facts_of
from insight.occupancy import occupancy_of
from insight.reports import _asked, read_busy, read_report, read_tallies
from insight.simulate import Segment
from insight.tally import Tally
from insight.tally_facts import by_contact, conversation_tally, line_tally, run_tally
from tests.support.postgres import empty
from tests.support.simulated_day import OPENS_AT, SimulatedDay, simulated_day, write_events

QUEUE_TEAMS = {queue: frozenset({queue}) for queue in ("service", "returns", "billing")}
WITHIN_S = 20.0
WHOLE = Period(OPENS_AT - timedelta(hours=1), OPENS_AT + timedelta(hours=23))


def reach(role: Role = Role.SUPERVISOR, *teams: str) -> Reach:
    return Reach(Viewer(1, role, frozenset(teams), "Grace"), QUEUE_TEAMS)


def question(as_of: datetime = WHOLE.until, period: Period = WHOLE, **only: str) -> Question:
    return Question(period, as_of, "UTC", {Dimension(name): value for name, value in only.items()}, WITHIN_S)


def truth(segments: Sequence[Segment], as_of: datetime) -> dict[str, object]:
    """Straight from what the simulation kept, in another way than the facts are made."""
    now_us = round((as_of - OPENS_AT) / timedelta(microseconds=1))
    seen = [each for each in segments if each.queued_us <= now_us]
    waits = sorted(
        each.answered_us - each.queued_us for each in seen if each.answered_us is not None and each.answered_us <= now_us
    )
    left = [each.left_us - each.queued_us for each in seen if each.left_us is not None and each.left_us <= now_us]
    return {
        "offered": len(seen), "answered": len(waits), "abandoned": len(left),
        "waiting": len(seen) - len(waits) - len(left),
        "soon": sum(wait <= WITHIN_S * 1e6 for wait in waits), "short": sum(wait < 5e6 for wait in left),
        "wait_total": sum(waits) / 1e6,
    }  # fmt: skip


def told_of(tally: Tally) -> dict[str, object]:
    names = ("offered", "answered", "abandoned", "waiting", "soon", "short")
    return {**{name: tally[name] for name in names}, "wait_total": pytest.approx(tally.spread("wait").total, abs=1e-9)}


def moments_of(day: SimulatedDay, as_of: datetime) -> list[Moment]:
    return [(each.at, each.event) for each in day.told if each.at <= as_of]


def by_hand(day: SimulatedDay, as_of: datetime, period: Period = WHOLE) -> Tally:
    facts = facts_of(moments_of(day, as_of))
    segments = [each for each in facts.segments if period.since <= each.queued_at < period.until]
    runs = [each for each in facts.runs if period.since <= each.since < period.until]
    whole = [each for each in facts.conversations if period.since <= each.opened_at < period.until]
    tallies = (
        line_tally(segments, (as_of, WITHIN_S)), run_tally(runs),
        conversation_tally(whole, by_contact(facts), as_of),
    )  # fmt: skip
    counts = {name: number for tally in tallies for name, number in tally.counts.items()}
    return Tally(counts, {name: spread for tally in tallies for name, spread in tally.spreads.items()})


def assert_same(one: Tally, other: Tally) -> None:
    assert dict(one.counts) == dict(other.counts)
    assert one.spreads.keys() == other.spreads.keys()
    for name, spread in one.spreads.items():
        twin = other.spread(name)
        assert (spread.n, spread.total) == (twin.n, pytest.approx(twin.total, abs=1e-6)), name
        assert spread.squares == pytest.approx(twin.squares, rel=1e-9), name
        assert spread.quantiles == pytest.approx(twin.quantiles, abs=1e-6), name


async def tallies_of(sessions: Sessions, as_of: datetime) -> dict[tuple[str, str], Tally]:
    async with sessions() as session:
        return dict(await read_tallies(session, _asked(reach(), question(as_of), WHOLE)))


@given(seed=st.integers(0, 10_000), cut=st.floats(0.05, 1.0))
@settings(max_examples=100, deadline=None)
def test_the_facts_give_the_truth_back_at_any_moment(seed: int, cut: float) -> None:
    day = simulated_day(seed, contacts=30)
    as_of = OPENS_AT + timedelta(hours=6 * cut)
    assert told_of(by_hand(day, as_of)) == truth(day.segments, as_of)


@pytest.mark.slow
async def test_the_database_says_the_same_as_python_and_as_the_truth(sessions: Sessions, database_url: str) -> None:
    """Drawn by Hypothesis outside the loop would need a loop for each example; these seeds are drawn once."""
    for seed in (3, 17, 4242):
        empty(database_url)
        day = simulated_day(seed)
        await write_events(sessions, day.told)
        for hours in (1.0, 2.5, 4.01, 20.0):
            as_of = OPENS_AT + timedelta(hours=hours)
            found = (await tallies_of(sessions, as_of))["", ""]
            assert told_of(found) == truth(day.segments, as_of)
            assert_same(found, by_hand(day, as_of))
