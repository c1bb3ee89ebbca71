"""The list for the first day, and its small card in the inbox."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.db import unit_of_work
from crm_core.first_day import BY_HAND, CLOSED, FirstDay, first_day, tick
from desk.answers import is_fragment, route_class
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk

_PLACES: Mapping[str, str] = {
    "set_state": "/desk", "accept": "/desk/practice", "find_order": "/desk/practice", "macro": "/desk/practice",
    "pass_on": "/desk", "shortcuts": "/desk", "lesson": "/desk/practice", "wallboard": "/desk/wallboard",
    "whisper": "/desk?tab=all", "review": "/desk/search", "report": "/desk/reports", "assign": "/desk/training",
    "company": "/desk/admin/company", "people": "/desk/admin/people", "queue": "/desk/admin/queues",
    "channel": "/desk/admin/start/channel", "erp": "/desk/admin/start/erp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownTask:
    """`href` is empty where there is no page for it."""

    key: str
    title: str
    hint: str
    href: str
    is_done: bool
    is_by_hand: bool


def first_day_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/first-day")
    async def tasks(request: Request) -> Response:
        reader, found = await _read(desk, request)
        html = desk.pages.render(
            "first_day.html", reader.words, menu=menu(reader, "first_day"), csrf=reader.csrf_token,
            done=len(found.done), is_closed=found.is_closed, tasks=[_task(reader, found, key) for key in found.steps],
        )  # fmt: skip
        return HTMLResponse(html)

    @router.get("/desk/first-day/card")
    async def card(request: Request) -> Response:
        """Nothing once the list is done, put away, or the first month is over."""
        reader, found = await _read(desk, request)
        if not found.is_shown:
            return HTMLResponse("")
        following = reader.words(f"first_day.steps.{found.following}")
        html = desk.pages.render(
            "parts/day_card.html", reader.words, following=following, done=len(found.done), all=len(found.steps)
        )
        return HTMLResponse(html)

    @router.post("/desk/first-day")
    async def act(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        step = CLOSED if fields.get("verb") == "close" else fields.get("step", "")
        async with unit_of_work(desk.services.sessions) as session:
            await tick(session, reader.now, reader.viewer, step)
        return HTMLResponse("") if is_fragment(request) else RedirectResponse("/desk/first-day", 303)

    return router


async def _read(desk: Desk, request: Request) -> tuple[Reader, FirstDay]:
    reader = await require_reader(desk, request)
    async with unit_of_work(desk.services.sessions) as session:
        return reader, await first_day(session, reader.now, reader.viewer)


def _task(reader: Reader, found: FirstDay, key: str) -> ShownTask:
    words = reader.words
    return ShownTask(
        key, words(f"first_day.steps.{key}"), words(f"first_day.steps.{key}_hint"), _PLACES.get(key, ""),
        key in found.done, key in BY_HAND,
    )  # fmt: skip
