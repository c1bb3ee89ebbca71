"""Nobody waits for what is known to be down, and one asks now and then whether it is back."""

from nlu.breaker import FAILURES, REST_S, Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.may_try()
        breaker.failed()
    return breaker


def test_it_opens_after_some_failures_in_a_row() -> None:
    assert not broken(Clock()).may_try()


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = Breaker(Clock())
    for _ in range(3 * FAILURES):
        breaker.failed()
        breaker.succeeded()
    assert breaker.may_try()


def test_after_a_rest_one_may_try_and_the_others_wait() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += REST_S
    assert [breaker.may_try() for _ in range(3)] == [True, False, False]


def test_it_closes_when_that_one_succeeds_and_rests_again_when_not() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += REST_S
    assert breaker.may_try()
    breaker.failed()
    assert not breaker.may_try()
    clock.now += REST_S
    assert breaker.may_try()
    breaker.succeeded()
    assert [breaker.may_try() for _ in range(3)] == [True, True, True]
