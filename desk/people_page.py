"""The accounts of colleagues, for administrators; and one's own password."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Viewer, require_role
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput
from crm_core.people_admin import (
    Colleague,
    Profile,
    change_profile,
    colleague,
    colleagues,
    disable,
    enable,
    invite,
    reset_link,
)
from crm_core.sign_in_rules import reset_factor
from crm_core.states import Role
from desk.answers import problem_text, route_class
from desk.people_form import person_form, profile_of
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId

Verb = Callable[[AsyncSession, datetime, Viewer, int], Awaitable[None]]
_VERBS: Mapping[str, Verb] = {"disable": disable, "enable": enable, "reset_factor": reset_factor}


@dataclass(frozen=True, slots=True)
class Told:
    """What stands above the page: a sentence, or a link that is shown this once."""

    problem: str = ""
    link: str = ""
    whose: str = ""
    status: int = 200


NOTHING = Told()


def people_routes(desk: Desk) -> APIRouter:
    """For administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/admin/people")
    async def everybody(request: Request) -> Response:
        return await _list(desk, await require_reader(desk, request), NOTHING)

    @router.post("/desk/admin/people")
    async def invited(request: Request) -> Response:
        reader, fields = await _changing(desk, request)
        email = fields.get("email", "")
        try:
            async with unit_of_work(desk.services.sessions) as session:
                _, token = await invite(session, reader.now, reader.viewer, email, profile_of(desk, fields))
        except (Conflict, InvalidInput) as error:
            return await _list(desk, reader, Told(problem_text(reader.words, error), status=error.status))
        return await _list(desk, reader, Told(link=address_of_link(desk, token), whose=email))

    @router.get("/desk/admin/people/{user_id}")
    async def one(request: Request, user_id: PathId) -> Response:
        return await _one(desk, await require_reader(desk, request), user_id, NOTHING)

    @router.post("/desk/admin/people/{user_id}")
    async def changed(request: Request, user_id: PathId) -> Response:
        reader, fields = await _changing(desk, request)
        try:
            return await _act(desk, reader, user_id, fields)
        except (Conflict, InvalidInput) as error:
            return await _one(desk, reader, user_id, Told(problem_text(reader.words, error), status=error.status))

    return router


async def _changing(desk: Desk, request: Request) -> tuple[Reader, dict[str, str]]:
    reader, fields = await require_change(desk, request)
    require_role(reader.viewer, Action.ADMINISTER)
    return reader, fields


async def _act(desk: Desk, reader: Reader, user_id: int, fields: Mapping[str, str]) -> Response:
    verb = fields.get("verb", "")
    async with unit_of_work(desk.services.sessions) as session:
        if verb == "link":
            token = await reset_link(session, reader.now, reader.viewer, user_id)
            whose = (await colleague(session, reader.viewer, user_id)).email
        elif verb in _VERBS:
            await _VERBS[verb](session, reader.now, reader.viewer, user_id)
        else:
            own_teams = (await colleague(session, reader.viewer, user_id)).profile.teams
            profile = profile_of(desk, fields, own_teams)
            await change_profile(session, reader.now, reader.viewer, user_id, profile)
    if verb == "link":
        return await _one(desk, reader, user_id, Told(link=address_of_link(desk, token), whose=whose))
    return RedirectResponse("/desk/admin/people", 303)


def address_of_link(desk: Desk, token: str) -> str:
    """By the configured address: a header could say anything."""
    return f"{desk.origin}/desk/setup/password/{token}"


async def _list(desk: Desk, reader: Reader, told: Told) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        found = await colleagues(session, reader.viewer)
    form = person_form(desk, reader.words, Profile("", Role.AGENT))
    html = desk.pages.render(
        "people.html", reader.words, menu=menu(reader, "people"), csrf=reader.csrf_token, told=told, form=form,
        people=[(one, _state(one)) for one in found],
    )  # fmt: skip
    return HTMLResponse(html, told.status)


async def _one(desk: Desk, reader: Reader, user_id: int, told: Told) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        found = await colleague(session, reader.viewer, user_id)
    html = desk.pages.render(
        "person.html", reader.words, menu=menu(reader, "people"),
        csrf=reader.csrf_token, told=told, person=found, state=_state(found),
        form=person_form(desk, reader.words, found.profile),
    )  # fmt: skip
    return HTMLResponse(html, told.status)


def _state(one: Colleague) -> str:
    if one.disabled_at is not None:
        return "disabled"
    return "invited" if one.is_invited else "active"
