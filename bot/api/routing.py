"""How every route of the API answers: the body limited, errors as problems, the limits told, nothing let out."""

import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from bot.api.problems import Problem, problem_response, told_of_validation
from channels.payload import read_limited
from crm_core.errors import Malformed, SwitchboardError, Unavailable

log = structlog.get_logger(__name__)

MOST_BODY_BYTES = 64 * 1024
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiRoute(APIRoute):
    """Answers with problem details whatever happens inside."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            response = await _answer(handle, request)
            response.headers.update(getattr(request.state, "limit", {}))
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return guarded


def api_router(tag: str) -> APIRouter:
    problem = {"description": "What went wrong, as RFC 9457 says it", "model": Problem}
    return APIRouter(route_class=ApiRoute, tags=[tag], responses={"default": problem})


async def _answer(handle: Handler, request: Request) -> Response:
    try:
        return await handle(await _read(request))
    except SwitchboardError as error:
        return problem_response(error)
    except RequestValidationError as error:
        return problem_response(told_of_validation(error.errors()))
    except HTTPException:
        return problem_response(Malformed("The body cannot be read; send JSON in UTF-8."))
    except (DBAPIError, OSError) as error:
        log.warning("api.unavailable", error=type(error).__name__, path=request.scope["path"])
        return problem_response(Unavailable("The database cannot be reached just now; send the same request again."))
    except Exception as error:  # noqa: BLE001 - outermost: the program gets a sentence, the log the type
        log.error("api.request_failed", error=type(error).__name__, at=_place(error), path=request.scope["path"])  # noqa: TRY400
        return problem_response(SwitchboardError("Something went wrong here; nothing was changed."))


async def _read(request: Request) -> Request:
    """The request with its whole body in hand. Raises TooLarge."""
    body = await read_limited(request.stream(), request.headers.get("content-length"), MOST_BODY_BYTES)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


def _place(error: BaseException) -> str:
    """File and line where it was raised."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_code.co_filename}:{line}"
