"""Events in the order of their ids, for who reads them by cursor: nothing is passed over, nothing names a person."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Reach, visible_conversations
from crm_core.contracts import JsonObject
from crm_core.db import Sessions, unit_of_work
from crm_core.erasure import kept_of
from crm_core.events import EventKind
from crm_core.states import Scope

PATIENCE_S, LOOK_S = 2.0, 0.01
# of staff and of the machine, which are nobody's business outside
UNTOLD = frozenset({
    EventKind.LOGGED_IN, EventKind.LOGIN_REFUSED, EventKind.LOGGED_OUT, EventKind.JOB_BURIED, EventKind.JOB_SETTLED,
})  # fmt: skip
TOLD = tuple(kind for kind in EventKind if kind not in UNTOLD)
_ABOUT = {EventKind.NOTE_ADDED: Scope.NOTES_READ, EventKind.WHISPERED: Scope.WHISPERS_READ}
# who inserts locks the table before it takes an id, and lets go at its commit
_WRITERS = text("""
    select virtualtransaction from pg_locks
    where relation = 'event'::regclass and mode = 'RowExclusiveLock' and database = (
        select oid from pg_database where datname = current_database())
      and pid <> pg_backend_pid()
""")


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """`detail` holds ids, keys and numbers only, as after an erasure."""

    id: int
    at: datetime
    kind: str
    actor: str
    conversation_id: int | None
    contact_id: int | None
    detail: JsonObject


@dataclass(frozen=True, slots=True)
class Page:
    """`cursor` is where to read on; what lies before it will never gain another event."""

    events: tuple[FeedEvent, ...]
    cursor: int
    is_more: bool


async def settled_through(sessions: Sessions, at_least: int) -> int:
    """Up to which id no event is still to appear: ids are taken before the commit, so a lower one may come later.

    `at_least` is known to be settled, and all that is said when a writer takes longer than PATIENCE_S.
    """
    async with unit_of_work(sessions) as session:
        newest = await session.scalar(select(func.max(models.Event.id))) or 0
        if newest <= at_least:
            return at_least
        waited_for = await _writers(session)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _end_of(sessions, waited_for)
    except TimeoutError:
        return at_least
    return newest


async def _end_of(sessions: Sessions, writers: set[str]) -> None:
    while writers:
        await asyncio.sleep(LOOK_S)
        async with unit_of_work(sessions) as session:
            writers &= await _writers(session)


async def _writers(session: AsyncSession) -> set[str]:
    return set(await session.scalars(_WRITERS))


async def read_feed(
    session: AsyncSession, reach: Reach, between: tuple[int, int], kinds: Collection[EventKind], limit: int
) -> Page:
    """What the reader may see after the first id and up to the second, which must be settled."""
    after, through = between
    event = models.Event
    wanted = sorted(_told_to(reach, kinds))
    statement = (
        select(event)
        .where(event.id > after, event.id <= through, event.kind.in_(wanted), _visible(reach))
        .order_by(event.id)
        .limit(limit + 1)
    )
    rows = (await session.scalars(statement)).all()
    is_more, shown = len(rows) > limit, rows[:limit]
    return Page(feed_events(shown), shown[-1].id if is_more else max(through, after), is_more)


def feed_events(rows: Sequence[models.Event]) -> tuple[FeedEvent, ...]:
    return tuple(
        FeedEvent(row.id, row.at, row.kind, row.actor, row.conversation_id, row.contact_id, kept_of(row.data))
        for row in rows
    )


def _told_to(reach: Reach, kinds: Collection[EventKind]) -> set[EventKind]:
    scopes = reach.viewer.key.scopes if reach.viewer.key else frozenset(Scope)
    hidden = {kind for kind, scope in _ABOUT.items() if scope not in scopes}
    return set(kinds or TOLD) - UNTOLD - hidden


def _visible(reach: Reach) -> ColumnElement[bool]:
    """What belongs to no conversation is for those who see all of them."""
    about_one = exists().where(models.Conversation.id == models.Event.conversation_id, visible_conversations(reach))
    return models.Event.conversation_id.is_(None) | about_one if reach.sees_all else about_one
