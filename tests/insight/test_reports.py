"""What the reports say of a simulated day is what happened in it: by SQL, by its twin in Python, and by the truth."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.db import Sessions, open_engine, open_sessions
from crm_core.errors import Forbidden
from crm_core.reporting import Dimension, Figure, Period, Question
from crm_core.states import Role
from insight.facts import About, Moment, RunFact, facts_of
from insight.figures import share
from insight.occupancy import occupancy_of
from insight.reports import asked_of, read_busy, read_report, read_tallies
from insight.tally import Tally
from insight.tally_facts import by_contact, conversation_tally, line_tally, run_tally
from tests.support.postgres import empty
from tests.support.reported import RULES, WITHIN_S, assert_same, reach, told_of, truth
from tests.support.simulated_day import OPENS_AT, SimulatedDay, simulated_day, write_events

WHOLE = Period(OPENS_AT - timedelta(hours=1), OPENS_AT + timedelta(hours=23))


def question(as_of: datetime = WHOLE.until, period: Period = WHOLE, **only: str) -> Question:
    only_one = {Dimension(name): value for name, value in only.items()}
    return Question(period, period.earlier(period.length), as_of, "UTC", only_one, WITHIN_S)


def moments_of(day: SimulatedDay, as_of: datetime) -> list[Moment]:
    return [(each.at, each.event) for each in day.told if each.at <= as_of]


def by_hand(day: SimulatedDay, as_of: datetime, period: Period = WHOLE) -> Tally:
    facts = facts_of(moments_of(day, as_of))
    segments = [each for each in facts.segments if period.since <= each.queued_at < period.until]
    runs = [each for each in facts.runs if period.since <= each.since < period.until]
    whole = [each for each in facts.conversations if period.since <= each.opened_at < period.until]
    tallies = (
        line_tally(segments, (as_of, WITHIN_S)), run_tally(runs, {key: RULES.hours(key) for key in RULES.queues}),
        conversation_tally(whole, by_contact(facts), as_of),
    )  # fmt: skip
    counts = {name: number for tally in tallies for name, number in tally.counts.items()}
    return Tally(counts, {name: spread for tally in tallies for name, spread in tally.spreads.items()})


async def tallies_of(sessions: Sessions, as_of: datetime) -> dict[tuple[str, str], Tally]:
    async with sessions() as session:
        return dict(await read_tallies(session, asked_of(reach(), question(as_of), WHOLE, RULES)))


@given(seed=st.integers(0, 10_000), cut=st.floats(0.05, 1.0))
@settings(max_examples=100, deadline=None)
def test_the_facts_give_the_truth_back_at_any_moment(seed: int, cut: float) -> None:
    day = simulated_day(seed, contacts=30)
    as_of = OPENS_AT + timedelta(hours=6 * cut)
    assert told_of(by_hand(day, as_of)) == truth(day.segments, as_of)


@given(seed=st.integers(0, 10_000), hours=st.floats(0.2, 6.0), agents=st.integers(1, 4))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.slow
def test_any_small_day_comes_back_exactly_from_the_database(
    database_url: str, seed: int, hours: float, agents: int
) -> None:
    """A loop and an engine for each example: Hypothesis runs them one after the other, outside the suite's own loop."""

    async def check() -> None:
        empty(database_url)
        engine = open_engine(database_url, pool_size=1)
        sessions = open_sessions(engine)
        day = simulated_day(seed, contacts=40, agents=agents)
        await write_events(sessions, day.told)
        as_of = OPENS_AT + timedelta(hours=hours)
        found = (await tallies_of(sessions, as_of)).get(("", ""), Tally())
        await engine.dispose()
        assert told_of(found) == truth(day.segments, as_of)
        assert_same(found, by_hand(day, as_of))

    asyncio.run(check())


def test_a_night_between_question_and_answer_is_no_business_time() -> None:
    evening, morning = OPENS_AT + timedelta(hours=9), OPENS_AT + timedelta(hours=27)  # to noon, from half past eleven
    run = RunFact(About("returns", None, None, None, None), evening, morning, is_first=True, is_over=False)
    tally = run_tally([run], {"returns": RULES.hours("returns")})
    assert tally.spread("first").total == 18 * 3600
    assert tally.spread("first_open").total == (1 + 0.5) * 3600


@pytest.mark.slow
async def test_a_big_day_comes_back_exactly(sessions: Sessions) -> None:
    day = simulated_day(5, contacts=1_000, agents=14)
    await write_events(sessions, day.told)
    found = (await tallies_of(sessions, WHOLE.until))["", ""]
    assert found["abandoned"] > 50, "the day is busy enough to say something"
    assert found["promised"] > 100
    assert told_of(found) == truth(day.segments, WHOLE.until)
    assert_same(found, by_hand(day, WHOLE.until))


async def test_agents_were_as_busy_as_their_intervals_say(sessions: Sessions) -> None:
    day, as_of = simulated_day(11), OPENS_AT + timedelta(hours=3)
    await write_events(sessions, day.told)
    async with sessions() as session:
        found = await read_busy(session, asked_of(reach(), question(as_of), WHOLE, RULES))
    assert found == occupancy_of(moments_of(day, as_of), WHOLE, as_of)
    assert {agent: each.present_s for agent, each in found.items()} == {"1": 3 * 3600, "2": 3 * 3600}
    assert all(0 < each.busy_s < each.present_s for each in found.values())


async def test_what_is_told_late_or_twice_changes_only_what_it_tells(sessions: Sessions) -> None:
    """Events are read by when they happened, not by when they were stored."""
    day = simulated_day(7)
    await write_events(sessions, sorted(day.told, key=lambda told: (told.event.kind == "queued", told.at)))
    found = (await tallies_of(sessions, WHOLE.until))["", ""]
    assert found["offered"] == truth(day.segments, WHOLE.until)["offered"]


@pytest.mark.parametrize("dimension", list(Dimension))
async def test_the_parts_add_up_and_a_filter_gives_the_same_as_its_part(
    sessions: Sessions, dimension: Dimension
) -> None:
    await write_events(sessions, simulated_day(23).told)
    async with sessions() as session:
        report = await read_report(session, reach(), question())
        groups = report.groups[dimension]
        assert len(groups) > 1
        one = min(groups)
        narrowed = await read_report(session, reach(), question(**{dimension.value: one}))
    whole = report.now["answered"].value
    assert sum(figures["answered"].value or 0 for figures in groups.values()) == whole
    assert {key: figure for key, figure in narrowed.now.items() if key != "occupancy"} == {
        key: figure for key, figure in groups[one].items() if key != "occupancy"
    }


async def test_the_slots_of_a_day_are_its_half_hours(sessions: Sessions) -> None:
    await write_events(sessions, simulated_day(23).told)
    async with sessions() as session:
        report = await read_report(session, reach(), question())
    assert sum(slot.figures["offered"].value or 0 for slot in report.slots) == report.now["offered"].value
    assert {slot.at_s % 1800 for slot in report.slots} == {0}


async def test_the_previous_period_is_as_long_and_ends_where_this_one_begins(sessions: Sessions) -> None:
    day = simulated_day(23)
    await write_events(sessions, day.told)
    halves = Period(OPENS_AT + timedelta(hours=2), OPENS_AT + timedelta(hours=4))
    async with sessions() as session:
        report = await read_report(session, reach(), question(period=halves))
        first = await read_report(session, reach(), question(period=halves.earlier(halves.length)))
    assert report.before == {key: figure for key, figure in first.now.items() if key != "occupancy"}
    assert report.now["offered"] != report.before["offered"]


async def test_a_lead_sees_the_figures_of_their_queues_alone(sessions: Sessions) -> None:
    await write_events(sessions, simulated_day(23).told)
    async with sessions() as session:
        everything = await read_report(session, reach(), question())
        lead = await read_report(session, reach(Role.LEAD, "returns"), question())
        foreign = await read_report(session, reach(Role.LEAD, "returns"), question(queue="billing"))
        nobody = await read_report(session, reach(Role.LEAD, "nowhere"), question())
    assert set(lead.groups[Dimension.QUEUE]) == {"returns"}
    assert lead.now["offered"] == everything.groups[Dimension.QUEUE]["returns"]["offered"]
    assert (foreign.now["offered"].value, nobody.now["offered"].value) == (0, 0)
    assert sum(lead.reasons.values()) < sum(everything.reasons.values())
    assert set(lead.groups[Dimension.AGENT]) <= set(everything.groups[Dimension.AGENT])


async def test_agents_see_no_reports(sessions: Sessions) -> None:
    async with sessions() as session:
        with pytest.raises(Forbidden):
            await read_report(session, reach(Role.AGENT, "service"), question())


async def test_an_empty_period_has_no_figures_but_says_so(sessions: Sessions) -> None:
    async with sessions() as session:
        report = await read_report(session, reach(), question())
    assert (report.now["offered"].value, report.now["asa"].value, report.now["asa"].n) == (0, None, 0)
    assert report.slots == ()


def test_wilson_s_interval_is_the_published_one() -> None:
    """Newcombe 1998, table I: 81 of 263."""
    figure: Figure = share("x", 81, 263)
    assert (figure.low, figure.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
