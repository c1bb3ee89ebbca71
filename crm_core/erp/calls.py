"""Asking an ERP under the policy: deadline, one retry of reads, cache, single flight, circuit, parallel calls."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from config.settings import ErpSettings
from crm_core.erp.breaker import Circuit, CircuitLimits, CircuitState
from crm_core.erp.cache import AnswerCache
from crm_core.erp.flights import Flights
from crm_core.erp.port import Order
from crm_core.errors import ErpError, ErpInDoubt, ErpTimeout, ErpUnavailable

CACHE_LIMIT = 4096
RETRY_PAUSE_S = (0.05, 0.2)
WRITE_DEADLINE_S = 12.0  # nobody waits in a chat for it; connectors end each of their own calls sooner
_MARGIN_S = 1.0

Answer = TypeVar("Answer")
OnCall = Callable[[str, float, str], None]


@dataclass(frozen=True, slots=True)
class Read:
    """A question: what it is called in figures, what tells it from others, how long its answer is fresh."""

    operation: str
    key: Hashable
    ttl_s: float


class Calls:
    """The state that all calls of one ERP share."""

    def __init__(self, settings: ErpSettings, on_call: OnCall | None, clock: Callable[[], float]) -> None:
        self._settings, self._on_call, self._clock = settings, on_call, clock
        self._cache = AnswerCache(clock, CACHE_LIMIT)
        self._flights = Flights()
        self._circuit = Circuit(clock, CircuitLimits(pause_s=settings.pause_s))
        self._slots = asyncio.Semaphore(settings.parallel_calls)

    @property
    def circuit_state(self) -> CircuitState:
        return self._circuit.state

    async def aclose(self) -> None:
        await self._flights.aclose()

    async def read(self, read: Read, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """A fresh enough answer; an older one, marked stale, when the ERP cannot be reached."""
        key = (read.operation, read.key)
        kept = self._cache.get(key, read.ttl_s)
        if kept is not None:
            return cast("Answer", kept.answer)
        try:
            return await self._flights.join(key, lambda: self._fetch(read, ask))
        except ErpUnavailable:
            older = self._cache.get(key, self._settings.stale_ttl_s)
            # "there was nothing an hour ago" is no answer to give while the ERP is down
            if older is None or not older.answer:
                raise
            return cast("Answer", _stale(older.answer))

    async def write(self, operation: str, order_id: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Once. Raises ErpInDoubt when it may have happened; whoever keeps the job may repeat other failures."""
        until = asyncio.get_running_loop().time() + WRITE_DEADLINE_S
        try:
            return await self._attempt(operation, lambda: _decided(until, ask()), until + _MARGIN_S)
        finally:  # after a failure too: the ERP may have done it before it failed
            self._flights.part()
            self._cache.drop(lambda answer: _concerns(answer, order_id))

    async def _fetch(self, read: Read, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        drops, until = self._cache.drops, self._until()
        try:
            answer = await self._attempt(read.operation, ask, until)
        except ErpTimeout:
            raise
        except ErpUnavailable:
            if self._circuit.state is not CircuitState.CLOSED:
                raise
            pause_s = random.uniform(*RETRY_PAUSE_S)  # noqa: S311 - spreads retries, keeps no secret
            await before(until, asyncio.sleep(pause_s))
            answer = await self._attempt(read.operation, ask, until)
        self._cache.put((read.operation, read.key), answer, read_at_drop=drops)
        return answer

    async def _attempt(self, operation: str, ask: Callable[[], Awaitable[Answer]], until: float) -> Answer:
        # waiting for a free slot is our own queue: running out of time there says nothing about the ERP
        await before(until, self._slots.acquire())
        try:
            with self._circuit.call():
                return await self._timed(operation, ask, until)
        finally:
            self._slots.release()

    async def _timed(self, operation: str, ask: Callable[[], Awaitable[Answer]], until: float) -> Answer:
        started, outcome = self._clock(), "interrupted"
        try:
            answer = await before(until, ask())
            outcome = "ok"
        except ErpError as error:
            outcome = error.code
            raise
        finally:
            if self._on_call is not None:
                self._on_call(operation, self._clock() - started, outcome)
        return answer

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._settings.deadline_s


async def before(until: float, work: Awaitable[Answer]) -> Answer:
    """The result of `work`; `until` is in the loop's time. Raises ErpTimeout."""
    try:
        async with asyncio.timeout_at(until):
            return await work
    except TimeoutError as error:
        raise ErpTimeout("The ERP did not answer in time.") from error


async def _decided(until: float, work: Awaitable[Answer]) -> Answer:
    """Our own deadline says nothing about what the ERP has done by then."""
    try:
        async with asyncio.timeout_at(until):
            return await work
    except TimeoutError as error:
        raise ErpInDoubt("The ERP did not say in time whether it did what we asked.") from error


def _stale(answer: object) -> object:
    if isinstance(answer, Order):
        return replace(answer, stale=True)
    return tuple(_stale(part) for part in answer) if isinstance(answer, tuple) else answer


def _concerns(answer: object, order_id: str) -> bool:
    if isinstance(answer, Order):
        return answer.id == order_id
    return isinstance(answer, tuple) and any(_concerns(part, order_id) for part in answer)
