"""How web chat's routes answer: errors as codes with a sentence, CORS for the sites that may embed the inbox."""

from collections.abc import Callable, Coroutine

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from channels.payload import read_limited
from channels.webchat_edge import BODY_BYTES, ChatEdge, TooOften
from channels.webchat_identity import Visitor
from crm_core.errors import InvalidInput, NotFound, SwitchboardError

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Coroutine[object, object, Response]]
RETRY_AFTER_S = 2


def chat_route(edge: ChatEdge) -> type[APIRoute]:
    """The class of every route under `/chat/{inbox_key}`: checks Origin, maps errors, answers with CORS headers."""

    class ChatRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                return await _guarded(edge, request, handle)

            return guarded

    return ChatRoute


async def _guarded(edge: ChatEdge, request: Request, handle: Handler) -> Response:
    origin = request.headers.get("origin")
    try:
        inbox = edge.inbox(request.path_params["inbox_key"])
        if origin is not None:
            edge.check_origin(inbox, origin)
    except SwitchboardError as error:
        return error_response(error)
    try:
        response = await handle(request)
    except SwitchboardError as error:
        response = error_response(error)
    except RequestValidationError:
        response = error_response(InvalidInput("A parameter of the address is missing or wrong."))
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    return response


def error_response(error: SwitchboardError) -> Response:
    headers = {}
    if isinstance(error, TooOften):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    elif error.retryable:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if error.status >= 500:  # noqa: PLR2004 - server errors
        log.warning("chat.request_failed", code=error.code)
    return JSONResponse({"code": error.code, "message": str(error)}, error.status, headers)


async def body_of(request: Request, limit: int = BODY_BYTES) -> bytes:
    return await read_limited(request.stream(), request.headers.get("content-length"), limit)


def visitor_of(edge: ChatEdge, request: Request) -> Visitor:
    return edge.visitor(request.path_params["inbox_key"], request.headers)


def client_of(request: Request) -> str:
    """The peer's address as the server saw it; forwarding headers are the server's business, not ours."""
    return request.client.host if request.client else "unknown"


def not_found() -> Response:
    return error_response(NotFound("There is no such page."))
