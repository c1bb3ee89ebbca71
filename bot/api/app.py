"""The API as an application of its own, mounted under /api/v1: its routes, its OpenAPI, its page of documents."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from bot.api.caller import Door
from bot.api.contacts import contact_routes
from bot.api.conversations import conversation_routes
from bot.api.docs import PAGE_HEADERS, docs_page, style_sheet
from bot.api.events import event_routes
from bot.api.exports import export_routes
from bot.api.figures import figure_routes
from bot.api.messages import message_routes
from bot.api.orders import order_routes
from bot.api.problems import problem_response
from bot.api.services import ApiServices, open_api
from crm_core.errors import Malformed, NotFound

PREFIX = "/api/v1"
PARTS = (
    contact_routes, conversation_routes, message_routes, order_routes, event_routes, figure_routes, export_routes,
)  # fmt: skip
INTRODUCTION = (
    "Send your key as `Authorization: Bearer sb_…`. Lists come in pages: give `next` of one as `after` (or `before`) "
    "of the following. Every write needs a header `Idempotency-Key`. What goes wrong is told as RFC 9457 says."
)


def api_app(services: ApiServices) -> FastAPI:
    """Made once a process: the limits of the keys live in it."""
    api = open_api(services)
    app = FastAPI(title=f"{services.business.company.name}: Switchboard API", docs_url=None, redoc_url=None,
                  openapi_url=None)  # fmt: skip
    routes = [route for part in PARTS for route in part(api).routes]
    app.router.routes.extend(routes)
    app.add_exception_handler(HTTPException, _no_route)
    _add_documents(app, routes)
    return app


def _add_documents(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    @cache
    def described() -> dict[str, Any]:
        return describe(app, routes)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(described())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(docs_page(described()), headers=PAGE_HEADERS)

    @app.get("/docs.css", include_in_schema=False)
    async def docs_style() -> Response:
        return Response(style_sheet(), media_type="text/css", headers=PAGE_HEADERS)


async def _no_route(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code != 404:  # noqa: PLR2004 - HTTP
        return problem_response(Malformed("This address does not know this method; /api/v1/docs lists what there is."))
    return problem_response(NotFound("There is nothing at this address; /api/v1/docs lists what there is."))


def describe(app: FastAPI, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """OpenAPI 3.1, each operation with the scopes that open it."""
    described = get_openapi(
        title=app.title, version="1", description=INTRODUCTION, routes=app.routes, servers=[{"url": PREFIX}]
    )
    for route in routes:
        if isinstance(route, APIRoute):
            for operation in _operations(described, route):
                scopes = [scope.value for door in _doors(route) for scope in door.scopes]
                operation["x-scopes"], operation["security"] = scopes, [{"key": []}]
                operation["responses"].pop("422", None)  # told as any other problem
    _as_problems(described)
    return described


def _operations(described: dict[str, Any], route: APIRoute) -> Iterator[dict[str, Any]]:
    return (described["paths"][route.path][method.lower()] for method in route.methods or ())


def _doors(route: APIRoute) -> Iterator[Door]:
    calls: Iterator[object] = (found.call for found in route.dependant.dependencies)
    return (call for call in calls if isinstance(call, Door))


def _as_problems(described: dict[str, Any]) -> None:
    """Under their own media type."""
    for operations in described["paths"].values():
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]
            content["application/problem+json"] = content.pop("application/json")
