"""Token buckets."""

from channels.rate_limit import MOST_KEYS, RateLimiter
from channels.webchat_types import Rate


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    clock = Clock()
    limiter = RateLimiter(Rate(per_s=2, burst=3), clock)
    assert [limiter.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    clock.now += 0.5
    assert [limiter.take("a"), limiter.take("a")] == [0.0, 0.5]
    clock.now += 1000
    assert [limiter.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_keys_do_not_share() -> None:
    limiter = RateLimiter(Rate(1, 1), Clock())
    assert [limiter.take("a"), limiter.take("b")] == [0.0, 0.0]


def test_memory_is_bounded() -> None:
    limiter = RateLimiter(Rate(1, 1), Clock())
    for number in range(MOST_KEYS + 10):
        limiter.take(str(number))
    assert len(limiter._buckets) == MOST_KEYS
