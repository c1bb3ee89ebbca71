"""Webhooks that we send, for administrators: where events go, and the log of every try."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, require_role
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput, NotFound
from crm_core.events import EventKind
from crm_core.webhooks import (
    ListedDelivery,
    ListedWebhook,
    checked_url,
    list_deliveries,
    list_webhooks,
    register,
    remove,
    secret_of,
    send_again,
    send_test,
    shown_secret,
    switch,
)
from desk.answers import problem_text, route_class
from desk.people_page import NOTHING, Told
from desk.reader import Reader, require_change, require_reader
from desk.sections import menu
from desk.services import Desk, PathId

PAGE = "/desk/admin/webhooks"
OFFERED_KINDS = tuple(EventKind(name) for name in (
    "conversation_opened", "queued", "assigned", "transferred", "escalated", "snoozed", "closed", "abandoned",
    "message_received", "bot_replied", "agent_replied", "program_replied", "message_delivered", "message_failed",
    "handoff_requested", "sla_warned", "sla_breached", "callback_requested", "call_answered", "call_ended",
    "identity_verified", "survey_answered", "contact_erased",
))  # fmt: skip
Verb = Callable[..., Awaitable[object]]
_VERBS: Mapping[str, Verb] = {
    "test": send_test, "remove": remove, "enable": partial(switch, on=True), "disable": partial(switch, on=False),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    id: int
    kind: str
    outcome: str
    tone: str
    answer: str
    attempts: int
    when: str
    when_full: str
    next: str


def webhooks_routes(desk: Desk) -> APIRouter:
    """For administrators; the core asks again."""
    router = APIRouter(route_class=route_class(desk))

    @router.get(PAGE)
    async def everything(request: Request) -> Response:
        return await _list(desk, await require_reader(desk, request), NOTHING)

    @router.post(PAGE)
    async def registered(request: Request) -> Response:
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.ADMINISTER)
        try:
            secret = await _register(desk, reader, fields)
        except InvalidInput as error:
            problem = reader.words.known(f"webhooks.{error.code}", problem_text(reader.words, error))
            return await _list(desk, reader, Told(problem, status=error.status))
        return await _list(desk, reader, Told(link=secret, whose=fields["url"].strip()))

    _one_routes(router, desk)
    return router


def _one_routes(router: APIRouter, desk: Desk) -> None:
    @router.get(f"{PAGE}/{{webhook_id}}")
    async def one(request: Request, webhook_id: PathId) -> Response:
        return await _one(desk, await require_reader(desk, request), webhook_id)

    @router.post(f"{PAGE}/{{webhook_id}}")
    async def changed(request: Request, webhook_id: PathId) -> Response:
        reader, fields = await require_change(desk, request)
        require_role(reader.viewer, Action.ADMINISTER)
        verb = fields.get("verb", "")
        if verb not in _VERBS:
            raise InvalidInput("Choose what to do.")
        async with unit_of_work(desk.services.sessions) as session:
            await _VERBS[verb](session, reader.now, reader.viewer, webhook_id)
        return RedirectResponse(PAGE if verb == "remove" else f"{PAGE}/{webhook_id}", 303)

    @router.post(f"{PAGE}/{{webhook_id}}/deliveries/{{delivery_id}}")
    async def again(request: Request, webhook_id: PathId, delivery_id: PathId) -> Response:
        reader, _ = await require_change(desk, request)
        async with unit_of_work(desk.services.sessions) as session:
            await send_again(session, reader.now, reader.viewer, (webhook_id, delivery_id))
        return RedirectResponse(f"{PAGE}/{webhook_id}", 303)


async def _register(desk: Desk, reader: Reader, fields: Mapping[str, str]) -> str:
    """The secret, which is shown this once. Raises InvalidInput."""
    services = desk.services
    url = checked_url(fields.get("url", "").strip(), may_be_private=services.settings.webhooks.allow_private)
    kinds = [kind.value for kind in OFFERED_KINDS if fields.get(f"kind_{kind}")]
    async with unit_of_work(services.sessions) as session:
        _, salt = await register(session, reader.now, reader.viewer, url, kinds)
    return shown_secret(secret_of(services.webhook_key, salt))


async def _list(desk: Desk, reader: Reader, told: Told) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        found = await list_webhooks(session, reader.viewer)
    html = desk.pages.render(
        "webhooks.html", reader.words, menu=menu(reader, "webhooks"),
        csrf=reader.csrf_token, told=told, kinds=OFFERED_KINDS,
        webhooks=[(one, state_of(one)) for one in found],
    )  # fmt: skip
    return HTMLResponse(html, told.status)


async def _one(desk: Desk, reader: Reader, webhook_id: int) -> Response:
    async with unit_of_work(desk.services.sessions) as session:
        found = await _find(session, reader, webhook_id)
        deliveries = await list_deliveries(session, reader.viewer, webhook_id)
    html = desk.pages.render(
        "webhook.html", reader.words, menu=menu(reader, "webhooks"),
        csrf=reader.csrf_token, webhook=found, state=state_of(found),
        deliveries=[_shown(one, reader) for one in deliveries],
    )  # fmt: skip
    return HTMLResponse(html)


async def _find(session: AsyncSession, reader: Reader, webhook_id: int) -> ListedWebhook:
    found = next((one for one in await list_webhooks(session, reader.viewer) if one.id == webhook_id), None)
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


def state_of(one: ListedWebhook) -> str:
    """A key of the texts: off by choice or by failure, or how it goes."""
    if one.disabled_at is not None:
        return f"off_{one.disabled_why}"
    return "failing" if one.failing_since is not None else "active"


def _shown(one: ListedDelivery, reader: Reader) -> ShownDelivery:
    words, clock = reader.words, reader.clock
    tone = {"delivered": "ok", "given_up": "bad"}.get(one.outcome, "warn")
    answer = f"HTTP {one.status}" if one.status else words.known(f"webhooks.{one.code}", one.code or "")
    if one.duration_ms is not None:
        answer = f"{answer} · {one.duration_ms} ms"
    at = one.tried_at or one.created_at
    again = words("webhooks.next", time=clock.day_and_time(one.due_at)) if one.outcome == "waiting" else ""
    return ShownDelivery(
        one.id, one.kind or words("webhooks.a_test"), words(f"webhooks.{one.outcome}"), tone, answer, one.attempts,
        clock.ago(at), clock.full(at), again,
    )  # fmt: skip
