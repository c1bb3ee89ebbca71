"""Tries that are counted against a limit: log-ins and verifications."""

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models


def attempt_subject(key: bytes, *parts: str) -> bytes:
    """What is counted, as a keyed hash: the table tells nobody whose order or address it was."""
    return hmac.digest(key, "\x00".join(parts).encode(), hashlib.sha256)


async def count_attempts(session: AsyncSession, kind: str, subject: bytes, since: datetime) -> int:
    statement = select(func.count()).where(
        models.Attempt.kind == kind, models.Attempt.subject == subject, models.Attempt.at > since
    )
    return await session.scalar(statement) or 0


async def note_attempt(session: AsyncSession, now: datetime, kind: str, subject: bytes) -> None:
    await session.execute(insert(models.Attempt).values(kind=kind, subject=subject, at=now))
