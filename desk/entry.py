"""The ways in and out: the first administrator's link, log-in, log-out."""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.audit import AuditAction, Deed, append
from crm_core.contacts import canonical_email
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.errors import Conflict, InvalidInput
from crm_core.events import SYSTEM, Actor
from crm_core.passwords import check_strength
from crm_core.second_step import begin_second_step
from crm_core.staff import (
    Credentials,
    LinkPurpose,
    LoginOutcome,
    LoginResult,
    NewUser,
    OpenedSession,
    link_is_open,
    log_in,
    log_out,
    redeem_setup,
    set_agent_state,
    viewer_of_session,
)
from crm_core.states import AgentState, Role
from desk.answers import message_page, reader_language, route_class
from desk.guard import (
    FORM_COOKIE,
    STEP_COOKIE,
    drop_cookie,
    form_token,
    is_form_token,
    read_form,
    require_own_page,
    safe_next,
    session_token,
    set_cookie,
)
from desk.reader import find_reader, require_change
from desk.services import Desk
from desk.words import Words

LANGUAGE_NAMES = (("en", "English"), ("ru", "Русский"), ("es", "Español"))


@dataclass(frozen=True, slots=True)
class Filled:
    """What stood in the form that is shown again; never the password."""

    problem: str = ""
    email: str = ""
    name: str = ""
    next: str = ""


def entry_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))
    _log_in_routes(router, desk)
    _setup_routes(router, desk)

    @router.post("/desk/logout")
    async def leave(request: Request) -> Response:
        reader, _ = await require_change(desk, request, is_enrolling=True)
        async with unit_of_work(desk.services.sessions) as session:
            await set_agent_state(session, reader.now, UserId(reader.viewer.user_id), AgentState.OFFLINE)
            await log_out(session, reader.now, session_token(desk, request) or "")
        response = RedirectResponse("/desk/login", 303)
        drop_cookie(desk, response)
        return response

    return router


def _log_in_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/desk/login")
    async def show(request: Request) -> Response:
        target = safe_next(request.query_params.get("next"))
        async with unit_of_work(desk.services.sessions) as session:
            reader = await find_reader(desk, session, session_token(desk, request))
        if reader is not None:
            return RedirectResponse(target, 303)
        return entry_form(desk, request, "entry/login.html", Filled(next=target))

    @router.post("/desk/login")
    async def enter(request: Request) -> Response:
        require_own_page(desk, request)
        fields, words = await read_form(request), desk.words(reader_language(request))
        target, email = safe_next(fields.get("next")), fields.get("email", "")
        if not is_form_token(desk, request, fields.get("form_token", "")):
            expired = Filled(words("entry.form_expired"), email, next=target)
            return entry_form(desk, request, "entry/login.html", expired, status=403)
        credentials = _credentials(request, email, fields.get("password", ""))
        async with unit_of_work(desk.services.sessions) as session:
            result = await log_in(session, desk.services.now(), credentials, desk.services.key)
            if result.user_id is not None:
                return await to_second_step(desk, session, result.user_id, target)
            await audit_log_in(session, desk.services.now(), credentials.source, result)
        if result.session is None:
            too_many = result.outcome is LoginOutcome.TOO_MANY
            problem = words("entry.too_many" if too_many else "entry.wrong_login")
            refused = Filled(problem, email, next=target)
            return entry_form(desk, request, "entry/login.html", refused, status=429 if too_many else 401)
        return await welcome(desk, request, result.session, target)


async def to_second_step(desk: Desk, session: AsyncSession, user_id: UserId, target: str) -> Response:
    """The password was right: a cookie says so, and a code is asked for."""
    token = await begin_second_step(session, desk.services.now(), user_id)
    response = RedirectResponse(f"/desk/login/code?{urlencode({'next': target})}", 303)
    set_cookie(desk, response, token, STEP_COOKIE)
    return response


def _setup_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/desk/setup/{token}")
    async def show(request: Request, token: str) -> Response:
        if not await _is_open(desk, token):
            return link_is_over(desk, request)
        return entry_form(desk, request, "entry/setup.html", Filled())

    @router.post("/desk/setup/{token}")
    async def create(request: Request, token: str) -> Response:
        require_own_page(desk, request)
        fields, words = await read_form(request), desk.words(reader_language(request))
        if not await _is_open(desk, token):
            return link_is_over(desk, request)
        email, name = fields.get("email", ""), fields.get("name", "").strip()
        problem = _problem(words, fields)
        if not is_form_token(desk, request, fields.get("form_token", "")):
            problem = words("entry.form_expired")
        if problem:
            return entry_form(desk, request, "entry/setup.html", Filled(problem, email, name), status=422)
        teams = sorted({team for queue in desk.services.business.queues.queues for team in queue.teams})
        new = NewUser(email, name, Role.ADMIN, teams, words.language, fields["password"])
        try:
            opened = await _redeem(desk, token, new, _credentials(request, email, new.password))
        except Conflict:
            taken = Filled(words("entry.account_exists"), email, name)
            return entry_form(desk, request, "entry/setup.html", taken, status=409)
        return await welcome(desk, request, opened, "/desk/admin/start")


async def _is_open(desk: Desk, token: str) -> bool:
    async with unit_of_work(desk.services.sessions) as session:
        return await link_is_open(session, desk.services.now(), LinkPurpose.SETUP, token)


async def _redeem(desk: Desk, token: str, new: NewUser, credentials: Credentials) -> OpenedSession:
    """The account and its first session, in one transaction."""
    now = desk.services.now()
    async with unit_of_work(desk.services.sessions) as session:
        await redeem_setup(session, now, token, new)
        result = await log_in(session, now, credentials, desk.services.key)
        await audit_log_in(session, now, credentials.source, result)
        if result.session is None:
            raise Conflict("The new account could not be opened.")
        return result.session


def _problem(words: Words, fields: dict[str, str]) -> str:
    """What is wrong with the set-up form, in the reader's language; empty when nothing is."""
    name, email = fields.get("name", "").strip(), fields.get("email", "")
    if not name:
        return words("entry.name_missing")
    try:
        canonical_email(email)
    except InvalidInput:
        return words("entry.email_wrong")
    try:
        check_strength(fields.get("password", ""), email, name)
    except InvalidInput:
        return words("entry.password_weak")
    return ""


async def audit_log_in(session: AsyncSession, now: datetime, source: str, result: LoginResult) -> None:
    """Who tried in vain is known by source only; what is over the limit was counted already."""
    if result.session is not None:
        actor = Actor.agent(result.session.viewer.user_id)
        await append(session, now, Deed(AuditAction.LOGGED_IN, actor, None, source))
    elif result.outcome is LoginOutcome.WRONG:
        await append(session, now, Deed(AuditAction.LOGIN_REFUSED, SYSTEM, None, source))


def _credentials(request: Request, email: str, password: str) -> Credentials:
    """The source is the peer of the socket; a header could say anything."""
    source = request.client.host if request.client else "unknown"
    return Credentials(email, password[:512], source, request.headers.get("user-agent", ""))


async def welcome(desk: Desk, request: Request, opened: OpenedSession, target: str) -> Response:
    """A new session in the cookie; the one it replaces, whoever planted it, ends. Who was offline is available now."""
    before, now = session_token(desk, request), desk.services.now()
    async with unit_of_work(desk.services.sessions) as session:
        if before is not None:
            await log_out(session, now, before)
        view = await viewer_of_session(session, now, opened.token, desk.services.settings.session)
        if view is not None and view.state is AgentState.OFFLINE and not view.lacks_factor:
            await set_agent_state(session, now, UserId(opened.viewer.user_id), AgentState.AVAILABLE)
    response = RedirectResponse(target, 303)
    set_cookie(desk, response, opened.token)
    return response


def entry_form(desk: Desk, request: Request, template: str, filled: Filled, *, status: int = 200) -> Response:
    words = desk.words(reader_language(request))
    cookie, token = form_token(desk, request)
    oidc = desk.services.settings.oidc
    strength = {key.removeprefix("level_"): text for key, text in words.section("strength").items()}
    html = desk.pages.render(
        template, words, problem=filled.problem, email=filled.email, name=filled.name, next=filled.next,
        provider=oidc.name if oidc.issuer is not None else "", form_token=token, languages=LANGUAGE_NAMES,
        strength_texts=json.dumps(strength, ensure_ascii=False),
    )  # fmt: skip
    response = HTMLResponse(html, status)
    set_cookie(desk, response, cookie, FORM_COOKIE)
    return response


def link_is_over(desk: Desk, request: Request) -> Response:
    words = desk.words(reader_language(request))
    return message_page(desk, words, (words("entry.link_used"), words("entry.link_used_hint")), status=404)
