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
from desk.guard import read_form, require_own_page, require_token, session_token
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

    @property
    def now(self) -> datetime:
        return self.clock.now


def queue_teams(desk: Desk) -> dict[str, frozenset[str]]:
    return {queue.key: frozenset(queue.teams) for queue in desk.services.business.queues.queues}


async def find_reader(desk: Desk, session: AsyncSession, token: str | None) -> Reader | None:
    """The person whose session this token is, as of now; None when it is over."""
    if token is None:
        return None
    now = desk.services.now()
    view = await viewer_of_session(session, now, token, desk.services.settings.session)
    if view is None:
        return None
    words = desk.words(view.viewer.language)
    zone = ZoneInfo(view.viewer.time_zone or desk.services.business.company.time_zone)
    reach = Reach(view.viewer, queue_teams(desk))
    return Reader(view.viewer, reach, view.csrf_token, view.state, words, Clockface(now, zone, words))


async def require_reader(desk: Desk, request: Request) -> Reader:
    """Raises Unauthenticated. Errors that follow are told in this person's language."""
    async with unit_of_work(desk.services.sessions) as session:
        reader = await find_reader(desk, session, session_token(desk, request))
    if reader is None:
        raise Unauthenticated("Log in first.")
    request.state.language = reader.words.language
    return reader


async def require_change(desk: Desk, request: Request) -> tuple[Reader, dict[str, str]]:
    """The reader and the form of a request that changes something: from our own page, with the session's token."""
    require_own_page(desk, request)
    reader = await require_reader(desk, request)
    fields = await read_form(request)
    require_token(request, fields, reader.csrf_token)
    return reader, fields
