"""Rows that follow the business files: the inboxes of `channels.yml`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models


@dataclass(frozen=True, slots=True)
class ConfiguredInbox:
    """One entry of the file; `pulled` as in Capabilities. `leaves_after_s` is None where nobody is seen to leave."""

    key: str
    channel: str
    name: str
    pulled: bool
    reopens_within_days: int = 0
    leaves_after_s: int | None = None


async def sync_inboxes(session: AsyncSession, inboxes: Sequence[ConfiguredInbox]) -> None:
    """Add and change what the file says; what it no longer names is switched off, never deleted."""
    for inbox in inboxes:
        values = {
            "channel": inbox.channel, "name": inbox.name, "pulled": inbox.pulled, "active": True,
            "reopens_within_days": inbox.reopens_within_days, "leaves_after_s": inbox.leaves_after_s,
        }  # fmt: skip
        statement = insert(models.Inbox).values(key=inbox.key, **values)
        await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
    named = [inbox.key for inbox in inboxes]
    await session.execute(
        update(models.Inbox)
        .where(models.Inbox.key.not_in(named))
        .values(active=False)
        .execution_options(synchronize_session=False)
    )
