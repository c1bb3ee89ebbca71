"""`serve` and `worker` as processes: uvicorn around the app, the job loop around the handlers."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn

from bot.app import build_app
from bot.campaigns import CAMPAIGNS_EVERY_S, LEADS_EVERY_S, UnsubscribeLinks, campaigning
from bot.extraction import PLAN_EVERY_S, Nightly, open_sources
from bot.faxes import Faxes
from bot.fetching import Fetching
from bot.forecasting import FORECAST_EVERY_S, Forecasting
from bot.intake_door import IntakeDoor
from bot.letters import write_transcript
from bot.phone.wiring import CALLBACKS_EVERY_S, pause_recording, place_callbacks
from bot.postman import Postman, Sender
from bot.printing import Printer
from bot.process import end_with_parent, keep_what_is_loaded, process_name
from bot.pullers import run_pullers
from bot.retention import EVERY_S, Retaining
from bot.returns import ask_for_return
from bot.routing_jobs import RoutingJobs
from bot.secret import WEBHOOKS, derived_key
from bot.sending import Sending
from bot.services import Services, open_services
from bot.settings_follower import SettingsFollower
from bot.surveys import ask_for_rating
from bot.turn import run_turn
from bot.typing_signs import TypingSigns
from bot.upkeep import CLOSE_EVERY_S, close_idle, every
from bot.valuing import VALUE_EVERY_S, Valuing
from bot.warehousing import KEEP_EVERY_S, keep_facts, nightly_warehouse
from bot.weekly_letters import EVERY_S as WEEKLY_EVERY_S
from bot.weekly_letters import WeeklyLetters
from bot.worker import Worker
from config.settings import Settings
from crm_core.dispatcher import Dispatcher
from crm_core.jobs import ClaimedJob, JobKind
from crm_core.signals import SignalListener

GRACE_S = 8


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT: then no new requests, the running turns end, and what is left goes to the workers."""
    async with open_services(settings) as services:
        config = uvicorn.Config(
            build_app(services), host=settings.host, port=settings.port, log_config=None, access_log=False,
            server_header=False, proxy_headers=False, ws_max_size=65_536, timeout_graceful_shutdown=GRACE_S,
            ws="websockets-sansio", ws_per_message_deflate=False,
        )  # fmt: skip
        orphaned = asyncio.create_task(end_with_parent())
        keep_what_is_loaded()
        await uvicorn.Server(config).serve()
        orphaned.cancel()


def weekly_letters(services: Services) -> WeeklyLetters:
    """Where no mail goes out, nobody could subscribe."""
    settings = services.settings
    return WeeklyLetters(
        services.sessions, services.business, services.blobs, Printer(settings.chromium), settings.base_url,
        services.nlu.intents,
    )  # fmt: skip


def build_worker(services: Services, nightly: Nightly) -> Worker:
    channels = {key: inbox.channel for key, inbox in services.inboxes.items()}
    sending = Sending(services.sessions, channels, services.metrics, services.letters, services.blobs)

    async def turn(job: ClaimedJob) -> None:
        if job.conversation_id is not None:
            await run_turn(services.turn, job.conversation_id, job)

    async def survey(job: ClaimedJob) -> None:
        await ask_for_rating(services, job)

    async def erp_return(job: ClaimedJob) -> None:
        await ask_for_return(services.turn.dialogue, job)

    async def transcript(job: ClaimedJob) -> None:
        await write_transcript(services.sessions, services.letterhead, job)

    async def pause(job: ClaimedJob) -> None:
        await pause_recording(services, IntakeDoor(services), job)

    routing = RoutingJobs(services.sessions, services.turn.dialogue.replies, services.business.company.languages[0])
    handlers = {
        JobKind.TURN: turn, JobKind.SEND: sending.send, JobKind.MAIL: sending.mail, JobKind.SURVEY: survey,
        JobKind.TRANSCRIPT: transcript,
        JobKind.OFFER: routing.offer, JobKind.SLA: routing.sla, JobKind.TELL_WAIT: routing.tell_wait,
        JobKind.WAKE: routing.wake, JobKind.RELEASE: routing.release, JobKind.TELL: routing.tell,
        JobKind.PRESENCE: routing.presence, JobKind.PAUSE_RECORDING: pause,
        JobKind.ERP_RETURN: erp_return, JobKind.ERP_EXTRACT: nightly.carry_out,
        JobKind.FETCH: Fetching(services.sessions, channels, services.blobs).fetch,
        JobKind.FAX: Faxes(
            services.sessions, services.blobs, IntakeDoor(services).receive, services.business.company.languages
        ).read,
    }  # fmt: skip
    return Worker(services.sessions, handlers, process_name("worker"))


async def work(settings: Settings) -> None:
    """Until SIGTERM or SIGINT: then what is held is finished and nothing new is claimed."""
    async with (
        open_services(settings) as services,
        open_sources(settings, services.business, services.readers) as sources,
    ):
        nightly = Nightly(services.sessions, sources, ZoneInfo(services.business.company.time_zone))
        worker = build_worker(services, nightly)
        listener = SignalListener(services.database_url)
        listener.subscribe(worker.on_signal)
        listener.subscribe(SettingsFollower(services.business, services.readers).on_signal)
        dispatcher = Dispatcher(services.sessions)
        listener.subscribe(dispatcher.on_signal)
        postman = Postman(Sender(services.sessions, derived_key(services.key, WEBHOOKS), settings.webhooks))
        listener.subscribe(postman.on_signal)
        listener.subscribe(TypingSigns(services.readers, services.inboxes).on_signal)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        chores = [
            asyncio.create_task(listener.run()),
            asyncio.create_task(dispatcher.run(services.database_url)),
            asyncio.create_task(postman.run()),
            asyncio.create_task(end_with_parent()),
            asyncio.create_task(run_pullers(services.inboxes, IntakeDoor(services), services.database_url)),
            *(asyncio.create_task(chore) for chore in _by_the_clock(services, nightly)),
        ]
        keep_what_is_loaded()
        await worker.run()
        postman.stop()
        for chore in chores:
            chore.cancel()
            with suppress(asyncio.CancelledError):
                await chore


def _by_the_clock(services: Services, nightly: Nightly) -> list[Coroutine[Any, Any, None]]:
    """Each for ever; any number of workers may do them."""
    sessions, business = services.sessions, services.business
    retaining = Retaining(sessions, business, services.blobs)
    marketing = campaigning(sessions, business, UnsubscribeLinks(services.settings.base_url, services.key))
    return [
        every(CALLBACKS_EVERY_S, lambda _: place_callbacks(services, IntakeDoor(services)), "callbacks"),
        every(CLOSE_EVERY_S, lambda now: close_idle(sessions, now), "close_idle"),
        every(PLAN_EVERY_S, nightly.plan, "plan_night"),
        every(EVERY_S, retaining.by_night, "retention"),
        every(WEEKLY_EVERY_S, weekly_letters(services).write, "weekly_letters"),
        every(VALUE_EVERY_S, Valuing(sessions).keep, "value_customers"),
        every(FORECAST_EVERY_S, Forecasting(sessions, business).by_night, "forecast"),
        every(PLAN_EVERY_S, nightly_warehouse(services).extract_if_due, "warehouse"),
        every(KEEP_EVERY_S, lambda now: keep_facts(sessions, now), "keep_facts"),
        every(CAMPAIGNS_EVERY_S, marketing.carry_on, "campaigns"),
        every(LEADS_EVERY_S, marketing.settle_leads, "leads"),
    ]
