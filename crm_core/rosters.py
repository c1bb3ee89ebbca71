"""The roster: a draft that planners change, and what was published of it, which everybody sees of themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import JsonObject
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import Actor
from crm_core.models_planning import RosterPublication, RosterShift
from crm_core.planning import DAYS, Week

ROSTER_LOCK = 7_316_021  # two planners at once would overlook each other's shifts
LONGEST = timedelta(hours=16)


class ShiftOverlaps(Conflict):
    """The same person would be in two places."""

    code = "shift_overlaps"


class ImpossibleShift(InvalidInput):
    """Ends before it begins, or lasts longer than a day's work."""

    code = "impossible_shift"


@dataclass(frozen=True, slots=True)
class Shift:
    """`id` is 0 for one that is not stored yet; no `queues` are all of the person's."""

    user_id: int
    starts_at: datetime
    ends_at: datetime
    queues: tuple[str, ...] = ()
    id: int = 0

    def overlaps(self, other: "Shift") -> bool:
        is_apart = self.ends_at <= other.starts_at or other.ends_at <= self.starts_at
        return self.user_id == other.user_id and not is_apart

    def is_like(self, other: "Shift") -> bool:
        return replace(self, id=0) == replace(other, id=0)


@dataclass(frozen=True, slots=True)
class Publication:
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who can be put on the roster."""

    id: int
    name: str
    email: str
    teams: tuple[str, ...]


async def people(session: AsyncSession, viewer: Viewer) -> list[Person]:
    """Everybody who is not disabled, by name. Raises Forbidden."""
    require_role(viewer, Action.PLAN)
    user = models.User
    columns = (user.id, user.name, user.email, user.teams)
    rows = await session.execute(select(*columns).where(user.disabled_at.is_(None)).order_by(user.name, user.id))
    return [Person(number, name, email, tuple(teams)) for number, name, email, teams in rows]


async def draft_of(session: AsyncSession, viewer: Viewer, week: Week) -> list[Shift]:
    """Raises Forbidden."""
    require_role(viewer, Action.PLAN)
    return await _shifts(session, week.since, week.until, is_published=False)


async def published_of(session: AsyncSession, viewer: Viewer, week: Week) -> list[Shift]:
    """Raises Forbidden."""
    require_role(viewer, Action.PLAN)
    return await _shifts(session, week.since, week.until, is_published=True)


async def own_shifts(session: AsyncSession, viewer: Viewer, since: datetime, until: datetime) -> list[Shift]:
    """What was published of the viewer, whoever they are."""
    found = await _shifts(session, since, until, is_published=True)
    return [each for each in found if each.user_id == viewer.user_id]


async def _shifts(session: AsyncSession, since: datetime, until: datetime, *, is_published: bool) -> list[Shift]:
    """All that reach into the time."""
    row = RosterShift
    columns = (row.user_id, row.starts_at, row.ends_at, row.queues, row.id)
    reaching = (row.starts_at > since - LONGEST, row.starts_at < until, row.ends_at > since)
    statement = select(*columns).where(row.is_published.is_(is_published), *reaching)
    rows = await session.execute(statement.order_by(row.starts_at, row.id))
    return [Shift(user, start, end, tuple(queues), number) for user, start, end, queues, number in rows]


async def last_publication(session: AsyncSession, viewer: Viewer, week: Week) -> Publication | None:
    require_role(viewer, Action.PLAN)
    row = RosterPublication
    statement = select(row.at, models.User.name).join(models.User, models.User.id == row.user_id)
    found = (await session.execute(statement.where(row.monday == week.first).order_by(row.id.desc()).limit(1))).first()
    return None if found is None else Publication(*found)


async def put_shift(session: AsyncSession, now: datetime, viewer: Viewer, shift: Shift) -> None:
    """Adds one, or changes that of its id. Raises ShiftOverlaps, ImpossibleShift, NotFound, Forbidden."""
    require_role(viewer, Action.PLAN)
    await _lock(session)
    require_possible(shift)
    known = await _shifts(session, shift.starts_at, shift.ends_at, is_published=False)
    if any(each.overlaps(shift) for each in known if each.id != shift.id):
        raise ShiftOverlaps("This person has a shift then.")
    if await session.get(models.User, shift.user_id) is None:
        raise NotFound("There is no such person.")
    if shift.id:
        values = {"user_id": shift.user_id, "starts_at": shift.starts_at, "ends_at": shift.ends_at}
        changed = update(RosterShift).where(_is_draft(shift.id)).values(**values, queues=list(shift.queues))
        if (await session.execute(changed.returning(RosterShift.id))).first() is None:
            raise NotFound("This shift is gone.")
    else:
        await _insert(session, [shift], is_published=False)
    await _tell(session, now, viewer, ("changed" if shift.id else "added", shift.starts_at.date()), 1)


async def remove_shift(session: AsyncSession, now: datetime, viewer: Viewer, shift_id: int) -> None:
    """Raises NotFound, Forbidden."""
    require_role(viewer, Action.PLAN)
    gone = delete(RosterShift).where(_is_draft(shift_id)).returning(RosterShift.starts_at)
    starts_at = await session.scalar(gone)
    if starts_at is None:
        raise NotFound("This shift is gone.")
    await _tell(session, now, viewer, ("removed", starts_at.date()), 1)


async def copy_week(session: AsyncSession, now: datetime, viewer: Viewer, week: Week) -> int:
    """The draft of the week before into this one, by the clock; what would overlap stays away. Gives how many."""
    require_role(viewer, Action.PLAN)
    await _lock(session)
    earlier = Week(week.first - timedelta(days=DAYS), week.zone)
    before = [each for each in await _shifts(session, earlier.since, earlier.until, is_published=False)
              if each.starts_at >= earlier.since]  # fmt: skip
    there = await _shifts(session, week.since, week.until, is_published=False)
    moved = [_later(each, week) for each in before]
    fresh = [each for each in moved if not any(each.overlaps(other) for other in there)]
    await _insert(session, fresh, is_published=False)
    await _tell(session, now, viewer, ("copied", week.first), len(fresh))
    return len(fresh)


def _later(shift: Shift, week: Week) -> Shift:
    start, end = ((each.astimezone(week.zone) + timedelta(days=DAYS)) for each in (shift.starts_at, shift.ends_at))
    return Shift(shift.user_id, start, end, shift.queues)


async def import_shifts(session: AsyncSession, now: datetime, viewer: Viewer, shifts: Sequence[Shift]) -> int:
    """All of them or none; what is there already is left as it is. Raises ShiftOverlaps, Forbidden."""
    require_role(viewer, Action.PLAN)
    await _lock(session)
    since, until = min(each.starts_at for each in shifts), max(each.ends_at for each in shifts)
    there = await _shifts(session, since, until, is_published=False)
    fresh = [each for each in shifts if not any(each.is_like(other) for other in there)]
    if any(each.overlaps(other) for each in fresh for other in there):
        raise ShiftOverlaps("Somebody has a shift then.")
    await _insert(session, fresh, is_published=False)
    await _tell(session, now, viewer, ("imported", since.date()), len(fresh))
    return len(fresh)


async def shifts_meanwhile(session: AsyncSession, viewer: Viewer, since: datetime, until: datetime) -> list[Shift]:
    """The draft between any two moments. Raises Forbidden."""
    require_role(viewer, Action.PLAN)
    return await _shifts(session, since, until, is_published=False)


async def publish_week(session: AsyncSession, now: datetime, viewer: Viewer, week: Week) -> int:
    """The draft becomes what colleagues see. Gives how many shifts. Raises Forbidden."""
    require_role(viewer, Action.PLAN)
    await _lock(session)
    row = RosterShift
    of_week = (row.starts_at >= week.since, row.starts_at < week.until)
    await session.execute(delete(row).where(row.is_published, *of_week))
    draft = [each for each in await _shifts(session, week.since, week.until, is_published=False)
             if each.starts_at >= week.since]  # fmt: skip
    await _insert(session, draft, is_published=True)
    session.add(RosterPublication(monday=week.first, at=now, user_id=viewer.user_id, shifts=len(draft)))
    await _tell(session, now, viewer, ("published", week.first), len(draft))
    return len(draft)


def require_possible(shift: Shift) -> None:
    """Raises ImpossibleShift."""
    if not timedelta(0) < shift.ends_at - shift.starts_at <= LONGEST:
        raise ImpossibleShift("A shift ends after it begins and lasts at most 16 hours.")


def _is_draft(shift_id: int) -> ColumnElement[bool]:
    return and_(RosterShift.id == shift_id, RosterShift.is_published.is_(False))


async def _lock(session: AsyncSession) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(ROSTER_LOCK)))


async def _insert(session: AsyncSession, shifts: Iterable[Shift], *, is_published: bool) -> None:
    rows = [
        {"user_id": each.user_id, "starts_at": each.starts_at, "ends_at": each.ends_at, "queues": list(each.queues),
         "is_published": is_published}
        for each in shifts
    ]  # fmt: skip
    if rows:
        await session.execute(insert(RosterShift), rows)


async def _tell(session: AsyncSession, now: datetime, viewer: Viewer, what: tuple[str, date], number: int) -> None:
    verb, on = what
    told: JsonObject = {"verb": verb, "shifts": number}
    object_ = f"roster:{on - timedelta(days=on.weekday())}"
    await append(session, now, Deed(AuditAction.ROSTER_CHANGED, Actor.agent(viewer.user_id), object_, None, told))
