"""A circuit breaker: after several failures in a row the ERP is left alone for a while."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from crm_core.errors import ErpError, ErpInDoubt, ErpUnavailable


class CircuitState(StrEnum):
    """`half_open`: one call may try whether the ERP is back."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    """The pause is spread, so that many processes do not come back in step."""

    failures: int = 5
    pause_s: float = 30.0
    spread: float = 0.2


class Circuit:
    """Counts retryable failures in a row. An answer that is merely unwelcome proves that the ERP is alive."""

    def __init__(
        self,
        clock: Callable[[], float],
        limits: CircuitLimits = CircuitLimits(),
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock, self._limits, self._chance = clock, limits, chance
        self._failures = 0
        self._reopens_at = 0.0
        self._open = self._probing = False

    @property
    def state(self) -> CircuitState:
        if not self._open:
            return CircuitState.CLOSED
        waiting = self._probing or self._clock() < self._reopens_at
        return CircuitState.OPEN if waiting else CircuitState.HALF_OPEN

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call of the ERP. Raises ErpUnavailable at once while the circuit is open."""
        state = self.state
        if state is CircuitState.OPEN:
            raise ErpUnavailable("The ERP did not answer several times in a row; it is left alone for a moment.")
        probe = state is CircuitState.HALF_OPEN
        self._probing = self._probing or probe
        try:
            yield
        except ErpError as error:
            self._record(answered=not (error.retryable or isinstance(error, ErpInDoubt)), probe=probe)
            raise
        else:
            self._record(answered=True, probe=probe)
        finally:
            # a cancelled probe says nothing, but it must let the next one through
            if probe:
                self._probing = False

    def _record(self, *, answered: bool, probe: bool) -> None:
        if self._open and not probe:
            return  # a call from before the circuit opened: late news
        if answered:
            self._open, self._failures = False, 0
            return
        self._failures += 1
        if probe or self._failures >= self._limits.failures:
            self._open = True
            factor = 1 + self._limits.spread * (2 * self._chance() - 1)
            self._reopens_at = self._clock() + self._limits.pause_s * factor
