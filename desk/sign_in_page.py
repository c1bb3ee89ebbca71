"""Rules of log-in, for administrators: which roles need a second factor, and whether a provider is asked."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.access import Action, require_role
from crm_core.db import unit_of_work
from crm_core.sign_in_rules import require_factor_of, roles_with_factor
from crm_core.states import Role
from desk.answers import route_class
from desk.reader import require_change, require_reader
from desk.sections import menu
from desk.services import Desk
from desk.views import Option


def sign_in_routes(desk: Desk) -> APIRouter:
    """The core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/admin/sign-in")
    async def show(request: Request) -> Response:
        reader = await require_reader(desk, request)
        require_role(reader.viewer, Action.ADMINISTER)
        async with unit_of_work(desk.services.sessions) as session:
            chosen = await roles_with_factor(session)
        roles = [Option(role, reader.words(f"roles.{role}"), role in chosen) for role in Role]
        html = desk.pages.render(
            "sign_in.html", reader.words, menu=menu(reader, "sign_in"),
            csrf=reader.csrf_token, roles=roles, oidc=desk.services.settings.oidc,
            is_saved=request.query_params.get("saved") == "1", redirect=f"{desk.origin}/desk/login/provider/back",
        )  # fmt: skip
        return HTMLResponse(html)

    @router.post("/desk/admin/sign-in")
    async def save(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        chosen = [role for role in Role if fields.get(f"role_{role}")]
        async with unit_of_work(desk.services.sessions) as session:
            await require_factor_of(session, reader.now, reader.viewer, chosen)
        return RedirectResponse("/desk/admin/sign-in?saved=1", 303)

    return router
