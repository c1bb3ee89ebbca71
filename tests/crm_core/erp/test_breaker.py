"""The circuit on a clock of the test's own."""

import asyncio

import pytest

from crm_core.erp.breaker import Circuit, CircuitLimits, CircuitState
from crm_core.errors import ErpBadRequest, ErpUnavailable
from tests.support.erp import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def circuit(clock: ManualClock) -> Circuit:
    return Circuit(clock, CircuitLimits(failures=3, pause_s=30, spread=0.2), chance=lambda: 1.0)


def fail(circuit: Circuit, error: Exception | None = None) -> None:
    with pytest.raises(type(error or ErpUnavailable())), circuit.call():
        raise error or ErpUnavailable("down")


def opened(circuit: Circuit) -> None:
    for _ in range(3):
        fail(circuit)


def test_it_opens_after_failures_in_a_row(circuit: Circuit) -> None:
    opened(circuit)
    assert circuit.state is CircuitState.OPEN


def test_an_answer_between_failures_starts_the_count_anew(circuit: Circuit) -> None:
    fail(circuit)
    fail(circuit)
    with circuit.call():
        pass
    fail(circuit)
    fail(circuit)
    assert circuit.state is CircuitState.CLOSED


def test_a_refused_request_is_an_answer(circuit: Circuit) -> None:
    for _ in range(10):
        fail(circuit, ErpBadRequest("no"))
    assert circuit.state is CircuitState.CLOSED


def test_an_open_circuit_lets_nothing_through(circuit: Circuit) -> None:
    opened(circuit)
    with pytest.raises(ErpUnavailable, match="left alone"), circuit.call():
        pytest.fail("a call went through")


def test_the_pause_is_spread(circuit: Circuit, clock: ManualClock) -> None:
    opened(circuit)
    clock.now = 35.9  # 30 s and a fifth more
    assert circuit.state is CircuitState.OPEN
    clock.now = 36
    assert circuit.state is CircuitState.HALF_OPEN


def test_one_probe_at_a_time(circuit: Circuit, clock: ManualClock) -> None:
    opened(circuit)
    clock.now = 36
    with circuit.call():
        assert circuit.state is CircuitState.OPEN
    assert circuit.state is CircuitState.CLOSED


def test_a_failed_probe_opens_it_again(circuit: Circuit, clock: ManualClock) -> None:
    opened(circuit)
    clock.now = 36
    fail(circuit)
    assert circuit.state is CircuitState.OPEN
    clock.now = 72
    assert circuit.state is CircuitState.HALF_OPEN


def test_a_cancelled_probe_leaves_the_way_to_the_next(circuit: Circuit, clock: ManualClock) -> None:
    opened(circuit)
    clock.now = 36
    with pytest.raises(asyncio.CancelledError), circuit.call():
        raise asyncio.CancelledError
    assert circuit.state is CircuitState.HALF_OPEN


def test_late_news_of_an_older_call_does_not_close_it(circuit: Circuit) -> None:
    with circuit.call():
        opened(circuit)
    assert circuit.state is CircuitState.OPEN
