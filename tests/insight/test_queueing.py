"""The formulas against figures that others published, and against simulations of our own and of Ciw."""

from math import inf

import ciw
import pytest

from insight.fifo import estimate, simulate_line, student_t95
from insight.queueing import Goal, Load, agents_needed, erlang_b, rostered, waiting

HERZOG = Load(3.5 / 60, 180)  # A-Herzog/Callcenter-Simulator, ErlangCTest
IMPATIENT = Load(3.5 / 60, 180, 300)
FIGURES = ("wait_s", "asa_s", "abandoned", "service_level")


def test_erlang_c_gives_the_published_wait() -> None:
    assert round(waiting(HERZOG, 13).asa_s, 2) == 26.56


def test_erlang_a_gives_the_published_waits() -> None:
    found = waiting(IMPATIENT, 13)
    assert (round(found.wait_s, 2), round(found.asa_s, 2)) == (9.91, 9.18)


def test_a_half_hour_of_360_calls() -> None:
    found = waiting(Load(360 / 1800, 240), 55, 20)
    assert (round(found.p_wait, 5), round(found.service_level, 4), round(found.asa_s, 2)) == (0.2387, 0.8668, 8.18)


def test_staffing_for_80_20_with_occupancy_and_shrinkage() -> None:
    needed = agents_needed(Load(100 / 1800, 180), Goal(0.8, 20, most_occupancy=0.85))
    assert (needed, rostered(needed, 0.3)) == (14, 20)


@pytest.mark.parametrize("patience_s", [300, inf])
@pytest.mark.parametrize("arrivals_per_s", [0.001, 0.05, 0.35])
def test_one_agent_fewer_than_needed_misses_the_goal(arrivals_per_s: float, patience_s: float) -> None:
    load = Load(arrivals_per_s, 240, patience_s)
    needed = agents_needed(load)
    assert waiting(load, needed).service_level >= 0.8
    assert needed == 1 or waiting(load, needed - 1).service_level < 0.8


def test_nobody_is_needed_where_nobody_comes() -> None:
    assert agents_needed(Load(0, 240, 300)) == 0


def test_an_overloaded_line_without_impatience_has_no_end() -> None:
    found = waiting(Load(1, 240), 200)
    assert (found.asa_s, found.service_level, found.occupancy) == (inf, 0.0, 1.0)


def test_an_overloaded_line_with_impatience_settles_where_what_leaves_balances_what_comes() -> None:
    found = waiting(Load(3.0, 240, 300), 500)
    assert found.abandoned == pytest.approx(1 - 500 / 720, abs=1e-9)
    assert found.wait_s == pytest.approx(found.abandoned * 300)


def test_great_patience_is_endless_patience() -> None:
    nearly, endless = waiting(Load(3.5 / 60, 180, 1e8), 13), waiting(HERZOG, 13)
    for figure in FIGURES:
        assert getattr(nearly, figure) == pytest.approx(getattr(endless, figure), abs=1e-3)


def test_nobody_is_blocked_by_many_agents() -> None:
    assert erlang_b(10, 200) < 1e-100


@pytest.mark.parametrize("freedom", [3, 5, 9, 30])
def test_student_s_t_is_that_of_the_tables(freedom: int) -> None:
    table = {3: 3.182, 5: 2.571, 9: 2.262, 30: 2.042}
    assert student_t95(freedom) == pytest.approx(table[freedom], rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "agents"), [(HERZOG, 13), (IMPATIENT, 13), (Load(0.25, 240, 300), 62)])
def test_our_fast_line_agrees_with_the_formulas(load: Load, agents: int) -> None:
    """Bonferroni: four figures of three lines, so each interval is doubled; a wrong formula is off by far more."""
    runs = [simulate_line(load, agents, 40_000, seed) for seed in range(8)]
    theory = waiting(load, agents)
    for figure in FIGURES:
        measured = estimate([getattr(run, figure) for run in runs])
        assert abs(measured.mean - getattr(theory, figure)) <= 2 * measured.half_width, figure


def ciw_line(load: Load, agents: int, customers: int, seed: int) -> dict[str, float]:
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(load.arrivals_per_s)],
        service_distributions=[ciw.dists.Exponential(1 / load.handle_s)],
        number_of_servers=[agents],
        reneging_time_distributions=[ciw.dists.Exponential(1 / load.patience_s)],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(customers, method="Finish")
    records = [record for record in simulation.get_all_records() if record.arrival_date > 3600]
    waits = [record.waiting_time for record in records if record.record_type == "service"]
    return {
        "asa_s": sum(waits) / len(waits),
        "abandoned": 1 - len(waits) / len(records),
        "service_level": sum(wait <= 20 for wait in waits) / len(records),
    }


@pytest.mark.slow
def test_an_independent_simulator_agrees_with_the_formulas_and_with_ours() -> None:
    theirs = [ciw_line(IMPATIENT, 13, 8_000, seed) for seed in range(6)]
    theory, ours = waiting(IMPATIENT, 13), [simulate_line(IMPATIENT, 13, 40_000, seed) for seed in range(6)]
    for figure in ("asa_s", "abandoned", "service_level"):
        measured = estimate([run[figure] for run in theirs])
        own = estimate([getattr(run, figure) for run in ours])
        assert abs(measured.mean - getattr(theory, figure)) <= 2 * measured.half_width, figure
        assert abs(measured.mean - own.mean) <= 2 * (measured.half_width + own.half_width), figure
