"""How long what is stored is kept; what a shorter time would take away is counted before anything is saved."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from config.retention import Retention
from crm_core.contracts import JsonObject
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.retention import expired
from crm_core.settings_store import newest_version, versions
from desk.answers import route_class
from desk.change import number_of
from desk.forms import WrongField, as_written
from desk.sections import menu
from desk.services import Desk
from desk.settings_company import RETENTION, read_retention
from desk.settings_file import dumped
from desk.settings_kinds import Seat
from desk.settings_page import Told, changing_seat, file_answer, problem_of, seat_of
from desk.settings_saving import base_of, save, to_file, to_version

HREF = RETENTION.href


def retention_routes(desk: Desk) -> APIRouter:
    """For administrators."""
    router = APIRouter(route_class=route_class(desk))

    @router.get(f"{HREF}.yml")
    async def as_file(request: Request) -> Response:
        return await file_answer(await seat_of(desk, request), RETENTION, number_of(request.query_params, "version"))

    @router.get(HREF)
    async def show(request: Request) -> Response:
        seat = await seat_of(desk, request)
        return await _page(seat, saved=request.query_params.get("saved") == "1")

    @router.post(HREF)
    async def change(request: Request) -> Response:
        seat, fields = await changing_seat(desk, request)
        try:
            if fields.get("verb") == "count":
                wanted = _wanted(seat, fields)
                return await _page(seat, wanted=wanted, written=fields)
            deed = {"file": to_file, "version": to_version}.get(fields.get("verb", ""), save)
            await deed(seat, RETENTION, fields)
        except (Conflict, InvalidInput, NotFound) as error:
            return await _page(seat, told=(error, fields))
        return RedirectResponse(f"{HREF}?saved=1", 303)

    return router


def _wanted(seat: Seat, fields: Mapping[str, str]) -> Retention:
    """Raises WrongField."""
    try:
        return Retention.model_validate(read_retention(seat, fields, {}))
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise WrongField(name, name) from error


async def _page(
    seat: Seat, *, wanted: Retention | None = None, written: dict[str, str] | None = None, told: Told | None = None,
    saved: bool = False,
) -> Response:  # fmt: skip
    """With `wanted` what it would take away, to be agreed to."""
    desk, reader = seat.desk, seat.reader
    held = desk.services.business.retention
    content: JsonObject = dumped(held)
    given = told[1] if told else written
    groups = RETENTION.form(seat, content)
    async with unit_of_work(desk.services.sessions) as session:
        counts = await expired(session, reader.now, wanted or held)
        found = await versions(session, reader.viewer, RETENTION.document)
        base = base_of(await newest_version(session, RETENTION.document), told)
    html = desk.pages.render(
        "retention.html", reader.words, menu=menu(reader, "retention"), csrf=reader.csrf_token, kind=RETENTION,
        base=base, groups=as_written(groups, given) if given else groups, versions=found, ago=reader.clock.ago,
        full=reader.clock.full, is_edited=RETENTION.document in desk.services.business.sources.held, saved=saved,
        counts=[(name, number) for name, number in counts.items() if number], asks=wanted is not None,
        problem=problem_of(seat, "retention", told),
    )  # fmt: skip
    return HTMLResponse(html, told[0].status if told else 200)
