"""Token buckets by key, in memory and bounded; the clock is handed in."""

import time
from collections import OrderedDict
from collections.abc import Callable

from channels.webchat_types import Rate

MOST_KEYS = 50_000


class RateLimiter:
    """`take` says how long to wait: 0.0 means go ahead. The longest unused keys are forgotten first."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Seconds until the next one is allowed; 0.0 when this one was."""
        now = self._clock()
        tokens, at = self._buckets.pop(key, (float(self._rate.burst), now))
        tokens = min(self._rate.burst, tokens + (now - at) * self._rate.per_s)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._rate.per_s

    def left(self, key: str) -> int:
        """How many are allowed at once now."""
        tokens, at = self._buckets.get(key, (float(self._rate.burst), self._clock()))
        return int(min(self._rate.burst, tokens + (self._clock() - at) * self._rate.per_s))
