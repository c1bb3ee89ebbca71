"""A write that is repeated with the same Idempotency-Key happens once: held by a primary key, for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.contracts import JsonObject
from crm_core.errors import Conflict
from crm_core.models_api import IdempotentAnswer

KEPT = timedelta(hours=24)


class OtherRequest(Conflict):
    """The token was used for something else."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Repeatable:
    """One write of one key: `token` as the program chose it, `digest` of what it asks for."""

    key_id: int
    token: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    status: int
    answer: JsonObject


async def begin(session: AsyncSession, now: datetime, request: Repeatable) -> KeptAnswer | None:
    """First in its transaction: the answer when this was done before, None when it is to be done now.

    The same request at the same moment waits here for the first one's commit. Raises OtherRequest.
    """
    row, own = IdempotentAnswer, _own(request)
    await session.execute(delete(row).where(own, row.created_at <= now - KEPT))
    values = {"key_id": request.key_id, "token": request.token, "digest": request.digest, "created_at": now}
    mine = await session.scalar(insert(row).values(**values).on_conflict_do_nothing().returning(row.key_id))
    if mine is not None:
        return None
    found = (await session.execute(select(row.digest, row.status, row.answer).where(own))).one()
    if found.digest != request.digest:
        raise OtherRequest("This Idempotency-Key was used for another request; choose a new one for each new request.")
    return KeptAnswer(found.status, found.answer)


async def keep(session: AsyncSession, request: Repeatable, kept: KeptAnswer) -> None:
    """Last in the same transaction: if it fails, nothing was done and the same request may be tried again."""
    values = {"status": kept.status, "answer": kept.answer}
    done = update(IdempotentAnswer).where(_own(request)).values(**values)
    await session.execute(done.execution_options(synchronize_session=False))


async def forget_old(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.created_at <= now - KEPT))


def _own(request: Repeatable) -> ColumnElement[bool]:
    return (IdempotentAnswer.key_id == request.key_id) & (IdempotentAnswer.token == request.token)
