"""One's own log-ins: see them, end them."""

import hashlib
import re
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.staff import ListedSession, list_sessions, revoke_session
from desk.answers import route_class
from desk.guard import session_token
from desk.reader import Reader, require_change, require_reader
from desk.services import Desk

# the order matters: Edge and Opera call themselves Chrome, Chrome calls itself Safari
_BROWSERS = re.compile(r"(Edg|OPR|YaBrowser|Firefox|Chrome|Safari)[A-Za-z]*/[\d.]+")
_NAMES = {"Edg": "Edge", "OPR": "Opera", "YaBrowser": "Yandex Browser"}
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
_ORDER = ("Edg", "OPR", "YaBrowser", "Firefox", "Chrome", "Safari")


@dataclass(frozen=True, slots=True)
class ShownSession:
    id: str
    device: str
    user_agent: str
    since: str
    seen: str
    is_this: bool


def account_routes(desk: Desk) -> APIRouter:
    router = APIRouter(route_class=route_class(desk))

    @router.get("/desk/sessions")
    async def show(request: Request) -> Response:
        reader = await require_reader(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            limits = desk.services.settings.session
            listed = await list_sessions(session, reader.now, UserId(reader.viewer.user_id), limits)
        this = hashlib.sha256((session_token(desk, request) or "").encode()).hexdigest()
        shown = [_shown(item, this, reader) for item in listed]
        html = desk.pages.render("sessions.html", reader.words, open_sessions=shown, csrf=reader.csrf_token)
        return HTMLResponse(html)

    @router.post("/desk/sessions/revoke")
    async def revoke(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await revoke_session(session, UserId(reader.viewer.user_id), fields.get("id", ""))
        return RedirectResponse("/desk/sessions", 303)

    return router


def _shown(item: ListedSession, this: str, reader: Reader) -> ShownSession:
    device = device_name(item.user_agent) or reader.words("sessions.unknown_device")
    since, seen = reader.clock.ago(item.created_at), reader.clock.ago(item.last_seen_at)
    return ShownSession(item.handle, device, item.user_agent, since, seen, item.handle == this)


def device_name(user_agent: str) -> str:
    """“Firefox, Windows”, as far as the browser tells; empty when it does not."""
    found = {match[1] for match in _BROWSERS.finditer(user_agent)}
    browser = next((_NAMES.get(name, name) for name in _ORDER if name in found), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(part for part in (browser, system) if part)
