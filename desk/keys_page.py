"""Keys of programs, for administrators: made, shown once, revoked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.access import Action, require_role
from crm_core.api_keys import ListedKey, NewKey, create_key, list_keys, revoke_key
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.states import Scope
from desk.answers import problem_text, route_class
from desk.change import number_of
from desk.people_form import teams_of
from desk.people_page import NOTHING, Told
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId
from desk.words import Words

PAGE = "/desk/admin/keys"
VALID_DAYS = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class ShownKey:
    id: int
    name: str
    hint: str
    scopes: tuple[str, ...]
    teams: tuple[str, ...]
    used: str
    until: str
    state: str


def keys_routes(desk: Desk) -> APIRouter:
    """For administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get(PAGE)
    async def everything(request: Request) -> Response:
        return await _page(desk, await require_reader(desk, request), NOTHING)

    @router.post(PAGE)
    async def made(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.ADMINISTER)
        try:
            async with unit_of_work(desk.services.sessions) as session:
                _, key = await create_key(session, reader.now, reader.viewer, _wanted(desk, fields))
        except InvalidInput as error:
            return await _page(desk, reader, Told(_problem(reader.words, error), status=error.status))
        return await _page(desk, reader, Told(link=key, whose=fields.get("name", "").strip()))

    @router.post(f"{PAGE}/{{key_id}}")
    async def revoked(request: Request, key_id: PathId) -> Response:
        reader, _ = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await revoke_key(session, reader.now, reader.viewer, key_id)
        return RedirectResponse(PAGE, 303)

    return router


def _wanted(desk: Desk, fields: Mapping[str, str]) -> NewKey:
    """Without a team chosen, it is for all of them; without days, until it is revoked."""
    scopes = frozenset(scope for scope in Scope if fields.get(f"scope_{scope}"))
    teams = [team for team in teams_of(desk) if fields.get(f"team_{team}")]
    return NewKey(fields.get("name", "").strip(), scopes, teams or None, number_of(fields, "days") or None)


def _problem(words: Words, error: InvalidInput) -> str:
    return words.known(f"api_keys.{error.code}", problem_text(words, error))


async def _page(desk: Desk, reader: Reader, told: Told) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        found = await list_keys(session, reader.viewer)
    html = desk.pages.render(
        "api_keys.html", reader.words, menu=menu(reader, "keys"),
        csrf=reader.csrf_token, told=told, keys=[_shown(one, reader) for one in found],
        scopes=[(scope.value, reader.words(f"api_keys.{scope.name.lower()}")) for scope in Scope], teams=teams_of(desk),
        days=VALID_DAYS,
    )  # fmt: skip
    return HTMLResponse(html, told.status)


def _shown(one: ListedKey, reader: Reader) -> ShownKey:
    words, clock = reader.words, reader.clock
    used = (
        words("api_keys.used", time=clock.ago(one.last_used_at)) if one.last_used_at else words("api_keys.never_used")
    )
    until = (
        words("api_keys.until", time=clock.day_and_time(one.expires_at)) if one.expires_at else words("api_keys.no_end")
    )
    return ShownKey(one.id, one.name, one.hint, one.scopes, one.teams or (), used, until, _state(one, reader.now))


def _state(one: ListedKey, now: datetime) -> str:
    if one.revoked_at is not None:
        return "revoked"
    return "expired" if one.expires_at is not None and one.expires_at <= now else "active"
