"""Single flight: who asks the same at the same time shares one call, whoever of them gives up."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar, cast

from crm_core.errors import ErpUnavailable

Answer = TypeVar("Answer")


class Flights:
    """Calls under way. Each is a task of its own, so a cancelled asker takes nothing from the others."""

    def __init__(self) -> None:
        self._joinable: dict[Hashable, asyncio.Task[object]] = {}
        self._under_way: set[asyncio.Task[object]] = set()

    async def join(self, key: Hashable, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of the call under way for `key`, else of a new `fetch()`, whose end must not depend on us."""
        flight = self._joinable.get(key)
        if flight is None:
            flight = self._start(key, fetch)
        # unlike awaiting the task, this does not cancel it when we are cancelled
        await asyncio.wait({flight})
        if flight.cancelled():
            raise ErpUnavailable("The connection to the ERP was closed.")
        return cast("Answer", flight.result())  # one key, one type

    def part(self) -> None:
        """Later askers get calls of their own: those under way may have read what is no longer true."""
        self._joinable.clear()

    async def aclose(self) -> None:
        for flight in self._under_way:
            flight.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _start(self, key: Hashable, fetch: Callable[[], Awaitable[Answer]]) -> asyncio.Task[object]:
        async def fly() -> object:
            return await fetch()

        flight = asyncio.create_task(fly())
        self._joinable[key] = flight
        self._under_way.add(flight)

        def landed(_: asyncio.Task[object]) -> None:
            self._under_way.discard(flight)
            if self._joinable.get(key) is flight:
                del self._joinable[key]
            if not flight.cancelled():
                flight.exception()  # looked at, so that nobody's failure is not reported as lost

        flight.add_done_callback(landed)
        return flight
