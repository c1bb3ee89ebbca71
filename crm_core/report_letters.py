"""Who gets the weekly report by mail, and that nobody gets one twice."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Viewer, allows, require_role
from crm_core.models import User
from crm_core.models_steps import ReportLetter, ReportSubscription
from crm_core.staff import viewer_of
from crm_core.states import Role


@dataclass(frozen=True, slots=True)
class Subscriber:
    viewer: Viewer
    email: str


async def is_subscribed(session: AsyncSession, viewer: Viewer) -> bool:
    statement = select(exists().where(ReportSubscription.user_id == viewer.user_id))
    return bool(await session.scalar(statement))


async def subscribe(session: AsyncSession, now: datetime, viewer: Viewer, *, wanted: bool) -> None:
    """Raises Forbidden for who may not supervise."""
    require_role(viewer, Action.SUPERVISE)
    if wanted:
        values = insert(ReportSubscription).values(user_id=viewer.user_id, at=now)
        await session.execute(values.on_conflict_do_nothing())
    else:
        await session.execute(delete(ReportSubscription).where(ReportSubscription.user_id == viewer.user_id))


async def unserved(session: AsyncSession, week: date) -> list[Subscriber]:
    """Who is still to get that week's; who lost the role or the account gets nothing."""
    served = exists().where(ReportLetter.user_id == User.id, ReportLetter.week == week)
    statement = (
        select(User)
        .join(ReportSubscription, ReportSubscription.user_id == User.id)
        .where(User.disabled_at.is_(None), ~served)
        .order_by(User.id)
    )
    people = (await session.scalars(statement)).all()
    return [Subscriber(viewer_of(each), each.email) for each in people if allows(Role(each.role), Action.SUPERVISE)]


async def claim_letter(session: AsyncSession, now: datetime, user_id: int, week: date) -> bool:
    """True for the first who asks; the letter is enqueued in the same transaction."""
    values = insert(ReportLetter).values(user_id=user_id, week=week, at=now).on_conflict_do_nothing()
    return await session.scalar(values.returning(ReportLetter.user_id)) is not None
