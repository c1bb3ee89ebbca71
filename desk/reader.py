"""Who asks: the session behind the cookie, and how this person reads words and times."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Reach, Viewer
from crm_core.db import unit_of_work
from crm_core.errors import Unauthenticated
from crm_core.staff import viewer_of_session
from crm_core.states import AgentState
from desk.guard import FactorMissing, read_form, require_own_page, require_token, session_token
from desk.moments import Clockface
from desk.services import Desk
from desk.words import Words


@dataclass(frozen=True, slots=True)
class Reader:
    """A logged-in person during one request."""

    viewer: Viewer
    reach: Reach
    csrf_token: str
    state: AgentState
    words: Words
    clock: Clockface
    lacks_factor: bool = False

    @property
    def now(self) -> datetime:
        return self.clock.now


def queue_teams(desk: Desk) -> dict[str, frozenset[str]]:
    return {queue.key: frozenset(queue.teams) for queue in desk.services.business.queues.queues}


async def find_reader(
    desk: Desk, session: AsyncSession, token: str | None, *, is_enrolling: bool = False
) -> Reader | None:  # fmt: skip
    """The person whose session this token is, as of now; None when it is over.

    Who must set up a second factor first is nobody, but where `is_enrolling` asks for them too.
    """
    if token is None:
        return None
    now = desk.services.now()
    view = await viewer_of_session(session, now, token, desk.services.settings.session)
    if view is None or (view.lacks_factor and not is_enrolling):
        return None
    words = desk.words(view.viewer.language)
    zone = ZoneInfo(view.viewer.time_zone or desk.services.business.company.time_zone)
    reach = Reach(view.viewer, queue_teams(desk))
    clock = Clockface(now, zone, words)
    return Reader(view.viewer, reach, view.csrf_token, view.state, words, clock, view.lacks_factor)


async def require_reader(desk: Desk, request: Request, *, is_enrolling: bool = False) -> Reader:
    """Raises Unauthenticated, FactorMissing. Errors that follow are told in this person's language."""
    async with unit_of_work(desk.services.sessions) as session:
        reader = await find_reader(desk, session, session_token(desk, request), is_enrolling=True)
    if reader is None:
        raise Unauthenticated("Log in first.")
    request.state.language = reader.words.language
    if reader.lacks_factor and not is_enrolling:
        raise FactorMissing("Set up a second factor first.")
    return reader


async def require_change(
    desk: Desk, request: Request, *, is_enrolling: bool = False
) -> tuple[Reader, dict[str, str]]:  # fmt: skip
    """The reader and the form of a request that changes something: from our own page, with the session's token."""
    require_own_page(desk, request)
    reader = await require_reader(desk, request, is_enrolling=is_enrolling)
    fields = await read_form(request)
    require_token(request, fields, reader.csrf_token)
    return reader, fields
