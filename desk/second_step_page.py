"""The page between the password and the desk: the code of the app, or one of the recovery codes."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from crm_core.audit import AuditAction, Deed, append
from crm_core.db import unit_of_work
from crm_core.events import SYSTEM, Actor
from crm_core.second_factor import CodeOutcome
from crm_core.second_step import SecondStep, StepResult, finish_log_in
from desk.answers import reader_language, route_class
from desk.entry import Filled, entry_form, welcome
from desk.guard import STEP_COOKIE, cookie_name, drop_cookie, is_form_token, read_form, require_own_page, safe_next
from desk.second_factor_page import MOST_CODE_CHARACTERS
from desk.services import Desk
from desk.trail import source_of

_PAGE = "entry/code.html"


def second_step_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/login/code")
    async def show(request: Request) -> Response:
        if _token(desk, request) is None:
            return RedirectResponse("/desk/login", 303)
        return entry_form(desk, request, _PAGE, Filled(next=safe_next(request.query_params.get("next"))))

    @router.post("/desk/login/code")
    async def enter(request: Request) -> Response:
        require_own_page(desk, request)
        fields, words = await read_form(request), desk.words(reader_language(request))
        target, token = safe_next(fields.get("next")), _token(desk, request)
        if token is None:
            return _again(desk, request, StepResult(None), target)
        if not is_form_token(desk, request, fields.get("form_token", "")):
            return entry_form(desk, request, _PAGE, Filled(words("entry.form_expired"), next=target), status=403)
        code = fields.get("code", "")[:MOST_CODE_CHARACTERS]
        result = await _finish(desk, request, SecondStep(token, code, request.headers.get("user-agent", "")))
        if result.session is not None:
            response = await welcome(desk, request, result.session, target)
            drop_cookie(desk, response, STEP_COOKIE)
            return response
        return _again(desk, request, result, target)

    return router


def _token(desk: Desk, request: Request) -> str | None:
    return request.cookies.get(cookie_name(desk, STEP_COOKIE))


async def _finish(desk: Desk, request: Request, step: SecondStep) -> StepResult:
    now, source = desk.services.now(), source_of(request)
    async with unit_of_work(desk.services.sessions) as session:
        result = await finish_log_in(session, now, step, desk.services.key)
        if result.session is not None:
            actor = Actor.agent(result.session.viewer.user_id)
            how = {"how": "recovery_code" if result.outcome is CodeOutcome.RECOVERY else "code"}
            await append(session, now, Deed(AuditAction.LOGGED_IN, actor, None, source, how))  # type: ignore[arg-type]
        elif result.outcome is CodeOutcome.WRONG:
            await append(session, now, Deed(AuditAction.LOGIN_REFUSED, SYSTEM, None, source, {"how": "code"}))
    return result


def _again(desk: Desk, request: Request, result: StepResult, target: str) -> Response:
    words = desk.words(reader_language(request))
    if result.outcome is None:
        over = Filled(words("second_factor.step_over"), next=target)
        response = entry_form(desk, request, "entry/login.html", over, status=401)
        drop_cookie(desk, response, STEP_COOKIE)
        return response
    too_many = result.outcome is CodeOutcome.TOO_MANY
    text = words("second_factor.too_many" if too_many else "second_factor.wrong")
    return entry_form(desk, request, _PAGE, Filled(text, next=target), status=429 if too_many else 401)
