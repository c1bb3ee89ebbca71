"""A circuit breaker (Nygard, Release It!, 2007): after some failures nobody asks for a while, then one may try."""

import threading
import time
from collections.abc import Callable

FAILURES = 3
REST_S = 15.0


class Breaker:
    """Closed until `FAILURES` in a row; then open for `REST_S`, after which one call at a time may try. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._failures, self._closed_again_at = 0, 0.0

    def may_try(self) -> bool:
        with self._lock:
            if self._failures < FAILURES:
                return True
            if self._clock() < self._closed_again_at:
                return False
            self._closed_again_at = self._clock() + REST_S  # the others wait for how this one ends
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._closed_again_at = self._clock() + REST_S
