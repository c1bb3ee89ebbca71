"""The simulator: against the formulas where they hold, and its rules where they do not."""

from dataclasses import replace
from math import inf
from pathlib import Path
from random import Random

import pytest

from crm_core.errors import InvalidInput
from crm_core.routing_values import Candidate, Capacity, Load, Need, Ring
from insight.arrivals import Day, expected_day, poisson, read_days, reference_day
from insight.customers import Conduct, Kind, draw_crowd
from insight.fifo import estimate
from insight.promises import check_promises
from insight.queueing import Load as Traffic
from insight.queueing import waiting
from insight.roster import flat, shaped, shifts
from insight.scenarios import AFTER, BEFORE, SETTINGS, Trial, default_hours, hours_needed, run_setting
from insight.simulate import Centre, Habits, Segment, Simulation
from tests.support.simulated_day import OPENS_AT, simulated_day

HOURS, PER_HOUR, AGENTS = 10, 70.0, 6
CALL = Kind(1.0, Need("service", Load.CALL))
CONDUCT = Conduct(handle_s=240, patience_s=300)


def one_line(seed: int, *, hours: int = HOURS, agents: int = AGENTS) -> list[Segment]:
    day = Day(OPENS_AT, 3600, (PER_HOUR,) * hours)
    crowd = draw_crowd(day, (CALL,), CONDUCT, seed, counted=False)
    team = frozenset({"service"})
    people = {number: Candidate(number, team, frozenset(), present=False) for number in range(1, agents + 1)}
    centre = Centre({"service": (Ring(team),)}, people, shifts((agents,) * hours, day.length_s))
    return Simulation(centre, crowd, Habits()).run().segments


@pytest.mark.slow
def test_the_real_router_on_one_line_keeps_to_erlang_a() -> None:
    theory, levels, waits, gone = waiting(Traffic(PER_HOUR / 3600, 240, 300), AGENTS), [], [], []
    for seed in range(12):
        seen = [each for each in one_line(seed) if each.queued_us > 3600e6]
        answered = [each.answered_us - each.queued_us for each in seen if each.answered_us is not None]
        levels.append(sum(wait <= 20e6 for wait in answered) / len(seen))
        waits.append(sum(answered) / len(answered) / 1e6)
        gone.append(1 - len(answered) / len(seen))
    for measured, expected in ((levels, theory.service_level), (waits, theory.asa_s), (gone, theory.abandoned)):
        found = estimate(measured)
        assert abs(found.mean - expected) <= 1.5 * found.half_width


def test_nobody_serves_two_calls_at_once_and_nobody_works_before_their_shift() -> None:
    busy: dict[int, int] = {}
    for each in sorted(
        (each for each in one_line(3) if each.answered_us is not None), key=lambda one: one.answered_us or 0
    ):
        assert each.agent_id is not None
        assert busy.get(each.agent_id, 0) <= (each.answered_us or 0)
        busy[each.agent_id] = each.ended_us or 0
    assert max(busy.values()) > 0


def test_nobody_waits_beyond_their_patience_and_nobody_is_both_served_and_gone() -> None:
    for each in simulated_day(9, contacts=200).segments:
        assert (each.answered_us is None) != (each.left_us is None)
        end_us = each.left_us if each.answered_us is None else each.answered_us
        assert 0 <= (end_us or 0) - each.queued_us <= each.customer.patience_us


def test_the_same_seed_is_the_same_day() -> None:
    first, again, other = (tuple(simulated_day(seed).told) for seed in (4, 4, 5))
    assert first == again
    assert first != other


def test_every_event_of_a_simulation_is_of_a_known_kind_and_in_order() -> None:
    told = simulated_day(4, contacts=100).told
    assert [each.at for each in told] == sorted(each.at for each in told)
    assert len({each.event.kind for each in told}) >= 17


def test_a_bot_takes_its_share_and_the_people_are_the_same() -> None:
    day = Day(OPENS_AT, 3600, (500,))
    without = draw_crowd(day, (CALL,), CONDUCT, 1)
    with_bot = draw_crowd(day, (CALL,), replace(CONDUCT, containment=0.3), 1)
    assert [each.handle_us for each in without.customers] == [each.handle_us for each in with_bot.customers]
    assert sum(each.is_contained for each in with_bot.customers) == pytest.approx(150, abs=40)
    assert not any(each.is_contained or each.bot_us for each in without.customers)


def test_rosters_spend_the_same_hours() -> None:
    day = reference_day()
    even, formed = flat(day.hours(), 720), shaped(day.hours(), 240, 720)
    assert (sum(even), sum(formed)) == (720, 720)
    assert formed.index(max(formed)) == day.counts.index(max(day.counts))


def test_a_day_that_ends_within_an_hour_spends_no_more_hours_either_way() -> None:
    day = Day(OPENS_AT, 300, (40.0,) * 160 + (10.0,) * 9)
    hours = day.hours()
    assert (len(hours), hours[-1].length_h) == (15, pytest.approx(1 / 12))
    for people in (flat(hours, 2142), shaped(hours, 240, 2142)):
        spent = sum(shift.end_s - shift.start_s for shift in shifts(people, day.length_s)) / 3600
        assert 2141 <= spent <= 2142


def test_shaping_the_roster_by_the_forecast_gives_the_published_gain() -> None:
    """The table of docs/routing.md: exact Erlang A, everybody takes everything."""
    day = reference_day()
    levels = []
    for people in (flat(day.hours(), 720), shaped(day.hours(), 240, 720)):
        found = [waiting(Traffic(n / 3600, 240, 300), agents) for n, agents in zip(day.counts, people, strict=True)]
        soon = sum(each.service_level * n for each, n in zip(found, day.counts, strict=True))
        levels.append(soon / sum(day.counts))
    assert levels == [pytest.approx(0.460, abs=0.002), pytest.approx(0.850, abs=0.003)]


def test_one_person_works_from_the_first_to_the_last_hour_in_which_so_many_are_needed() -> None:
    found = shifts((2, 1, 0, 1), 4 * 3600.0)
    assert [(each.agent_id, each.start_s, each.end_s) for each in found] == [
        (1, 0.0, 7200.0), (1, 10800.0, 14400.0), (2, 0.0, 3600.0),
    ]  # fmt: skip


def small_trial() -> Trial:
    day = Day(OPENS_AT, 3600, (150.0, 400.0, 200.0))
    return Trial(day, day, replace(CONDUCT, containment=0.2), default_hours(day, 240))


def test_after_is_far_better_than_before_at_the_same_agent_hours() -> None:
    before, after = run_setting(BEFORE, small_trial(), 1), run_setting(AFTER, small_trial(), 1)
    assert before.agent_hours == after.agent_hours
    assert before.contacts == after.contacts
    assert after.asa_s <= 0.2 * before.asa_s
    assert {setting.name for setting in SETTINGS} >= {BEFORE.name, AFTER.name}


def test_the_bot_saves_about_the_hours_of_what_it_solves() -> None:
    trial = small_trial()
    without, with_bot = hours_needed(trial, has_bot=False), hours_needed(trial, has_bot=True)
    assert 0.1 < 1 - with_bot / without < 0.25


@pytest.mark.slow
def test_what_is_told_at_arrival_is_kept_by_eight_of_ten() -> None:
    found = check_promises(Traffic(20 / 240, 240, 300), 20, 30_000, 3)
    assert found.p80_coverage == pytest.approx(0.8, abs=0.03)
    assert found.mse_ratio_hol <= 0.55


def test_poisson_numbers_have_mean_and_variance_alike() -> None:
    random = Random(1)
    drawn = [poisson(random, 900) for _ in range(300)]
    mean = sum(drawn) / len(drawn)
    assert mean == pytest.approx(900, rel=0.01)
    assert sum((each - mean) ** 2 for each in drawn) / 300 == pytest.approx(900, rel=0.25)
    assert poisson(random, 0) == 0


def test_a_file_of_arrivals_is_read_and_forecast(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    lines = [f"2026-{month:02d}-{day:02d}T{hour:02d}:00:00Z,{hour + day}" for month, day, hour in grid()]
    path.write_text("DateTime,Calls\n" + "\n".join(lines))
    days = read_days(path)
    assert (len(days), days[0].slot_s, days[0].counts) == (28, 3600, (9.0, 10.0, 11.0))
    told = expected_day(days[:-1], days[-1])
    assert len(told.counts) == 3
    assert all(0 < count < inf for count in told.counts)


def grid() -> list[tuple[int, int, int]]:
    return [(2, day, hour) for day in range(1, 29) for hour in (8, 9, 10)]


@pytest.mark.parametrize(
    "text",
    [
        "", "DateTime,Calls\n", "when,n\n1,2\n", "DateTime,Calls\nMonday,3\n",
        "DateTime,Calls\n2026-01-01T08:00,-1\n",
    ],
)  # fmt: skip
def test_a_broken_file_is_told_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"calls\.csv"):
        read_days(path)


def test_a_day_without_like_days_before_it_cannot_be_forecast() -> None:
    with pytest.raises(InvalidInput, match="no earlier day"):
        expected_day([], reference_day())


def test_slots_of_a_shared_agent_hold_several_chats() -> None:
    chat = Kind(1.0, Need("service", Load.CHAT))
    day = Day(OPENS_AT, 3600, (60,))
    crowd = draw_crowd(day, (chat,), CONDUCT, 2)
    team = frozenset({"service"})
    agent = Candidate(1, team, frozenset(), present=False, capacity=Capacity(slots=3))
    found = Simulation(Centre({"service": (Ring(team),)}, {1: agent}, shifts((1,), 3600.0)), crowd, Habits()).run()
    spans = [(each.answered_us, each.ended_us) for each in found.segments if each.answered_us is not None]
    at_once = [sum(start <= other < (end or 0) for start, end in spans) for other, _ in spans if other is not None]
    assert max(at_once) == 3
