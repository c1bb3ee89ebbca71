"""A write happens once, however often it is sent."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api.caller import Caller, Door, Given
from crm_core.contracts import JsonObject
from crm_core.db import Sessions, unit_of_work
from crm_core.idempotency import KeptAnswer, Repeatable, begin, keep

Deed = Callable[[AsyncSession], Awaitable[JsonObject]]  # the answer: ids and states, nothing that people wrote
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$",
        description="A new one for each new request; the same again gives the same answer, for 24 hours.",
    ),
]  # fmt: skip
REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True, slots=True)
class Write:
    """One request that changes something, and who sent it."""

    caller: Caller
    sessions: Sessions
    request: Repeatable

    async def once(self, deed: Deed, *, status: int = 200) -> Response:
        """`deed` in one transaction with its answer; a repeated request gets that answer again."""
        async with unit_of_work(self.sessions) as session:
            done = await begin(session, self.caller.now, self.request)
            if done is None:
                kept = KeptAnswer(status, await deed(session))
                await keep(session, self.request, kept)
                return JSONResponse(kept.answer, kept.status)
        return JSONResponse(done.answer, done.status, {REPLAYED: "true"})


class Writes(Door):
    """A dependency: the write, of a caller."""

    async def __call__(self, request: Request, token: IdempotencyKey, given: Given = None) -> Write:
        caller = await self.caller(request, given)
        return Write(caller, self.api.services.sessions, Repeatable(caller.key_id, token, await _digest(request)))


async def _digest(request: Request) -> bytes:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(asked + await request.body()).digest()
