"""Choosing a password: by an invitation or a reset link, and anew when one is logged in."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.people_admin import PasswordChange, change_own_password, redeem
from crm_core.staff import LinkPurpose, link_is_open
from desk.answers import message_page, problem_text, reader_language, route_class
from desk.entry import Filled, entry_form, link_is_over
from desk.guard import drop_cookie, is_form_token, read_form, require_own_page
from desk.reader import require_change, require_reader
from desk.services import Desk

MOST_PASSWORD_CHARACTERS = 512
_LETS_IN = (LinkPurpose.INVITATION, LinkPurpose.RESET)


def password_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))
    _link_routes(router, desk)
    _own_routes(router, desk)
    return router


def _link_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/desk/setup/password/{token}")
    async def show(request: Request, token: str) -> Response:
        if not await _is_open(desk, token):
            return link_is_over(desk, request)
        return entry_form(desk, request, "entry/password.html", Filled())

    @router.post("/desk/setup/password/{token}")
    async def choose(request: Request, token: str) -> Response:
        require_own_page(desk, request)
        fields, words = await read_form(request), desk.words(reader_language(request))
        if not await _is_open(desk, token):
            return link_is_over(desk, request)
        if not is_form_token(desk, request, fields.get("form_token", "")):
            expired = Filled(words("entry.form_expired"))
            return entry_form(desk, request, "entry/password.html", expired, status=403)
        password = fields.get("password", "")[:MOST_PASSWORD_CHARACTERS]
        try:
            async with unit_of_work(desk.services.sessions) as session:
                await redeem(session, desk.services.now(), token, password)
        except InvalidInput:
            weak = Filled(words("entry.password_weak"))
            return entry_form(desk, request, "entry/password.html", weak, status=422)
        return message_page(desk, words, (words("password.done"), words("password.done_hint")))


def _own_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/desk/password")
    async def own(request: Request) -> Response:
        reader = await require_reader(desk, request)
        return HTMLResponse(desk.pages.render("password.html", reader.words, csrf=reader.csrf_token, problem=""))

    @router.post("/desk/password")
    async def change(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        wanted = PasswordChange(
            UserId(reader.viewer.user_id), *(fields.get(name, "")[:MOST_PASSWORD_CHARACTERS] for name in ("old", "new"))
        )
        async with unit_of_work(desk.services.sessions) as session:
            problem = await change_own_password(session, reader.now, wanted, desk.services.key)
        if problem is not None:
            said = problem_text(reader.words, problem)
            html = desk.pages.render("password.html", reader.words, csrf=reader.csrf_token, problem=said)
            return HTMLResponse(html, problem.status)
        response = RedirectResponse("/desk/login", 303)
        drop_cookie(desk, response)
        return response


async def _is_open(desk: Desk, token: str) -> bool:
    async with unit_of_work(desk.services.sessions) as session:
        now = desk.services.now()
        open_ones = [await link_is_open(session, now, purpose, token) for purpose in _LETS_IN]
    return any(open_ones)
