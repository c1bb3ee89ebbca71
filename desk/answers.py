"""Answers of the desk: pages, fragments, toasts; and every error as a sentence that says what to do."""

import traceback
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from crm_core.errors import Malformed, NotFound, SwitchboardError, TooLarge, Unauthenticated
from desk.guard import FactorMissing, ForeignRequest, add_headers, safe_next
from desk.services import Desk
from desk.words import LANGUAGES, Words

log = structlog.get_logger(__name__)

SECOND_FACTOR = "/desk/account/second-factor"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def route_class(desk: Desk) -> type[APIRoute]:
    """Routes that never let an error out as it is, and that always send the security headers."""

    class DeskRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handler = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                response = await _answer(desk, handler, request)
                add_headers(desk, response)
                return response

            return guarded

    return DeskRoute


async def _answer(desk: Desk, handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except SwitchboardError as error:
        return error_answer(desk, request, error)
    except RequestValidationError:
        return error_answer(desk, request, NotFound("There is nothing at this address."))
    except Exception as error:  # noqa: BLE001 - outermost: the person gets a sentence, the log the type
        # no traceback: its frames would show what people wrote
        log.error("desk.request_failed", error=type(error).__name__, at=_place(error), path=request.scope["path"])  # noqa: TRY400
        return error_answer(desk, request, SwitchboardError("Something went wrong."))


def _place(error: BaseException) -> str:
    """File and line where it was raised."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_code.co_filename}:{line}"


def error_answer(desk: Desk, request: Request, error: SwitchboardError) -> Response:
    """For htmx a toast, for a page a page; without a session the way to log in."""
    words = desk.words(reader_language(request))
    if isinstance(error, Unauthenticated):
        return _to_log_in(desk, request, words)
    if isinstance(error, FactorMissing):
        return _to_second_factor(desk, request, words)
    if is_fragment(request):
        return toast(desk, words, problem_text(words, error), status=error.status)
    heading, sentence = _page_texts(words, error)
    return message_page(desk, words, (heading, sentence), status=error.status)


def problem_text(words: Words, error: SwitchboardError) -> str:
    if isinstance(error, TooLarge):
        return words.known(f"problems.{error.code}", words("problems.too_long"))
    if isinstance(error, Malformed):
        return words("problems.invalid_input")
    return words.known(f"problems.{error.code}", words("problems.error"))


def _page_texts(words: Words, error: SwitchboardError) -> tuple[str, str]:
    if isinstance(error, NotFound):
        return words("entry.not_found"), words("entry.not_found_hint")
    if isinstance(error, ForeignRequest):
        return words("entry.refused"), words("entry.refused_hint")
    if error.status < 500:  # noqa: PLR2004 - HTTP
        return words("entry.refused"), problem_text(words, error)
    return words("entry.failed"), words("entry.failed_hint")


def _to_log_in(desk: Desk, request: Request, words: Words) -> Response:
    if is_fragment(request):
        current = urlsplit(request.headers.get("hx-current-url", "")).path
        response = toast(desk, words, words("problems.unauthenticated"), status=401)
        response.headers["HX-Redirect"] = _log_in_address(current)
        return response
    if request.method == "GET":
        return RedirectResponse(_log_in_address(request.url.path), 303)
    return RedirectResponse("/desk/login", 303)


def _to_second_factor(desk: Desk, request: Request, words: Words) -> Response:
    if not is_fragment(request):
        return RedirectResponse(SECOND_FACTOR, 303)
    response = toast(desk, words, words("problems.factor_missing"), status=403)
    response.headers["HX-Redirect"] = SECOND_FACTOR
    return response


def _log_in_address(path: str) -> str:
    target = safe_next(path)
    return "/desk/login" if target == "/desk" else f"/desk/login?next={quote(target)}"


def message_page(desk: Desk, words: Words, texts: tuple[str, str], *, status: int = 200) -> Response:
    """A heading, a sentence and the way to the desk."""
    heading, sentence = texts
    html = desk.pages.render(
        "entry/message.html", words, heading=heading, sentence=sentence, link="/desk",
        link_text=words("entry.to_desk"), languages=(), next="",
    )  # fmt: skip
    return HTMLResponse(html, status)


def toast(desk: Desk, words: Words, sentence: str, *, status: int = 200) -> Response:
    tone = "bad" if status >= 400 else "ok"  # noqa: PLR2004 - HTTP
    return HTMLResponse(desk.pages.render("parts/toast.html", words, sentence=sentence, tone=tone), status)


def is_fragment(request: Request) -> bool:
    """Asked for by htmx, and not to restore a whole page from the history."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def reader_language(request: Request) -> str:
    """Once known, the person's own; before, `?lang=`, else what the browser prefers among ours, else English."""
    asked = [getattr(request.state, "language", ""), request.query_params.get("lang", "")]
    asked += [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    return next((code[:2].lower() for code in asked if code[:2].lower() in LANGUAGES), LANGUAGES[0])
