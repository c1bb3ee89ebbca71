"""The web application: chat, desk, files, health and metrics, with everything they need written out by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from hmac import compare_digest

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.api.app import PREFIX as API
from bot.api.app import api_app
from bot.api.services import ApiServices
from bot.campaigns import UnsubscribeLinks
from bot.chat_ports import ChatDoors
from bot.connections import Looking
from bot.hub import Hub
from bot.inline import InlineTurns
from bot.intake_door import IntakeDoor
from bot.nlu_routes import nlu_routes
from bot.phone.wiring import phone_routers
from bot.practice import recogniser
from bot.printing import Printer
from bot.process import process_name
from bot.rating_page import rating_routes
from bot.secret import WEBHOOKS, derived_key
from bot.services import Services
from bot.settings_follower import SettingsFollower
from bot.suggestions import suggestions
from bot.turn import run_turn
from bot.unsubscribe_page import Unsubscribing, unsubscribe_routes
from bot.upkeep import GAUGES_EVERY_S, every, read_gauges
from channels.http import WebhookPorts, webhook_routes
from channels.webchat_routes import webchat_routes
from channels.webchat_types import ChatInbox, ChatLimits, ChatSettings, Rate
from config.settings import ChatLimitSettings
from crm_core.db import unit_of_work
from crm_core.errors import SwitchboardError
from crm_core.jobs import ClaimedJob
from crm_core.signals import SignalListener
from desk.assets import static_files
from desk.public import public_router
from desk.routes import DeskServices, ReportPorts, desk_router
from desk.services import CampaignPorts
from insight.campaign_reports import campaign_design_answer, campaign_report
from insight.five_steps import read_findings
from insight.planning_ports import planning_ports
from insight.reports import read_report
from insight.sales_reports import sales_report
from insight.wallboard import read_wallboard
from nlu.shapes import read_shapes

STOP_PATIENCE_S = 5.0
LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Running:
    """What lives as long as the application: listener, hub, inline turns, gauges."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.hub = Hub(services.sessions)
        self.listener = SignalListener(services.database_url)
        self.listener.subscribe(self.hub.hand_out)
        self.listener.subscribe(SettingsFollower(services.business, services.readers).on_signal)

        async def turn(job: ClaimedJob) -> None:
            if job.conversation_id is not None:
                await run_turn(services.turn, job.conversation_id, job)

        self.inline = InlineTurns(services.sessions, turn, services.settings.turn, process_name("serve"))

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async def gauges(now: object) -> None:
            queues = [queue.key for queue in self.services.business.queues.queues]
            await read_gauges(self.services.sessions, self.services.metrics, queues, now)  # type: ignore[arg-type]

        chores = [
            asyncio.create_task(self.listener.run()),
            asyncio.create_task(every(GAUGES_EVERY_S, gauges, "gauges")),
        ]
        yield
        await self.inline.stop(STOP_PATIENCE_S)
        for chore in chores:
            chore.cancel()
            with suppress(asyncio.CancelledError):
                await chore


def build_app(services: Services) -> FastAPI:
    """The ASGI application of one serving process."""
    running = Running(services)
    app = FastAPI(title="Switchboard", lifespan=running.lifespan, openapi_url=None)
    app.add_exception_handler(SwitchboardError, _tell_error)
    _add_operations(app, running)
    door = IntakeDoor(services, running.inline)
    _add_inboxes(app, services, door)  # first: providers call most, and routes are looked through in order
    _add(app, webchat_routes(ChatDoors(services, running.hub, door).ports(), chat_settings(services)))
    _add(app, public_router(services.business))
    _add(app, rating_routes(services))
    links = UnsubscribeLinks(services.settings.base_url, services.key)
    replies = services.turn.dialogue.replies
    _add(app, unsubscribe_routes(Unsubscribing(services.sessions, services.business, replies, links)))
    _add(app, nlu_routes(services))
    desk = DeskServices(
        sessions=services.sessions, business=services.business, erp=services.erp, settings=services.settings,
        now=services.turn.now, watch=running.hub.watch_all, key=derived_key(services.key, "desk"),
        intents=lambda: services.nlu.intents, reports=ReportPorts(read_report, read_wallboard, read_findings),
        blobs=services.blobs, to_pdf=Printer(services.settings.chromium).to_pdf,
        campaigns=CampaignPorts(campaign_report, campaign_design_answer, links.of, sales_report),
        recognise=recogniser(read_shapes(services.settings.config_dir / "nlu" / "entities.yml")),
        suggest=partial(suggestions, services.turn.dialogue.knowledge), connections=Looking(services).connections(),
        webhook_key=derived_key(services.key, WEBHOOKS),
        can_mail=services.letters is not None, planning=planning_ports(),
    )  # fmt: skip
    _add(app, desk_router(desk))
    app.mount(API, api_app(api_services(services)))
    app.mount("/static", static_files())
    return app


def api_services(services: Services) -> ApiServices:
    return ApiServices(services.sessions, services.business, services.erp, services.settings, services.turn.now)


def _add_inboxes(app: FastAPI, services: Services, door: IntakeDoor) -> None:
    def count_unknown(channel: str) -> None:
        services.metrics.unknown_payloads.labels(channel).inc()

    channels = {key: inbox.channel for key, inbox in services.inboxes.items()}
    _add(app, webhook_routes(channels, WebhookPorts(door.take, count_unknown)))
    _add(app, *(routes for inbox in services.inboxes.values() for routes in inbox.routes))
    _add(app, *phone_routers(services, door))


def _add(app: FastAPI, *routers: APIRouter) -> None:
    """Their routes as they are: FastAPI builds what is included a second time, and looks through it for every call."""
    app.router.routes.extend(route for router in routers for route in router.routes)


def chat_settings(services: Services) -> ChatSettings:
    company = services.business.company
    inboxes = {
        inbox.key: ChatInbox(
            inbox.key, company.name, tuple(str(origin) for origin in inbox.origins), company.accent_colour,
            tuple(company.languages), identity_secret=services.settings.secret_named(inbox.identity_secret_env),
        )
        for inbox in services.business.channels.widgets
    }  # fmt: skip
    token_key = derived_key(services.key, "visitor")
    return ChatSettings(services.settings.base_url, token_key, inboxes, limits_of(services.settings.chat))


def limits_of(chat: ChatLimitSettings) -> ChatLimits:
    return ChatLimits(
        messages=Rate(chat.visitor_per_s, chat.visitor_burst), visitors=Rate(chat.source_per_s, chat.source_burst)
    )


def _add_operations(app: FastAPI, running: Running) -> None:
    services = running.services

    @app.get("/healthz")
    async def healthz() -> Response:
        """The process lives."""
        return JSONResponse({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> Response:
        """The process can do its work: database, model, live signals."""
        try:
            async with unit_of_work(services.sessions) as session:
                await session.execute(text("select 1"))
        except (DBAPIError, OSError):
            return JSONResponse({"status": "unavailable", "part": "database"}, 503)
        if not running.listener.listening.is_set():
            return JSONResponse({"status": "unavailable", "part": "signals"}, 503)
        return JSONResponse({"status": "ok", "model": services.nlu.model_id})

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        """For Prometheus: from this machine, or with the configured token."""
        token = services.settings.metrics_token
        given = request.headers.get("authorization", "").encode()
        granted = token is not None and compare_digest(given, f"Bearer {token.get_secret_value()}".encode())
        if not granted and (request.client is None or request.client.host not in LOOPBACK):
            return JSONResponse({"error": "forbidden"}, 403)
        return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)


ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]


async def _tell_error(_request: Request, error: Exception) -> Response:
    """What a route did not answer itself: a code and our own sentence, never text of an exception."""
    assert isinstance(error, SwitchboardError)  # noqa: S101 - registered for this type only
    headers = {"Retry-After": "1"} if error.retryable else {}
    return JSONResponse({"error": error.code, "message": str(error)}, error.status, headers)
