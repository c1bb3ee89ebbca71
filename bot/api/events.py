"""Events by cursor: what happened, in the order of ids, each exactly once."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from bot.api import answers
from bot.api.caller import Caller, Reads
from bot.api.fields import USUAL_ITEMS, Cursor, Limit
from bot.api.routing import api_router
from bot.api.services import Api
from crm_core.db import unit_of_work
from crm_core.event_feed import read_feed, settled_through
from crm_core.events import EventKind
from crm_core.states import Scope


def event_routes(api: Api) -> APIRouter:
    router = api_router("events")
    reads = Annotated[Caller, Depends(Reads(api, Scope.EVENTS_READ))]

    @router.get("/events", summary="Read on in what happened")
    async def events(
        caller: reads, after: Cursor = 0, kind: Annotated[list[EventKind], Query(max_length=100)] = [],  # noqa: B006
        limit: Limit = USUAL_ITEMS,
    ) -> answers.EventPage:  # fmt: skip
        sessions = api.services.sessions
        through = await settled_through(sessions, after)
        async with unit_of_work(sessions) as session:
            page = await read_feed(session, caller.reach, (after, through), kind, limit)
        items = [answers.Event.model_validate(event) for event in page.events]
        return answers.EventPage(items=items, next=page.cursor, more=page.is_more)

    return router
