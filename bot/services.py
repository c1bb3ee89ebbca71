"""Everything a process of ours needs, opened once from the settings and written out here by hand."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dialogue.actions import ACTIONS
from bot.dialogue.context import DialogueServices
from bot.dialogue.schema import Flows, Vocabulary, read_flows
from bot.erps import open_erp
from bot.inboxes.opening import open_inboxes
from bot.inboxes.parts import ClosedInbox, InboxTools, OpenInbox
from bot.knowledge import Knowledge
from bot.letters import Letterhead
from bot.metrics import Metrics
from bot.product_names import read_product_names
from bot.replies import Replies
from bot.secret import derived_key, server_key
from bot.settings_follower import as_held
from bot.swappable_engine import SwappableEngine, follow_pointer
from bot.turn import TurnServices
from channels.email import EmailChannel, letters
from config.business import Business, read_business
from config.inboxes import WebChatInbox, reopens_within_days
from config.settings import NluEngineName, Settings
from crm_core.blobs import FolderBlobStore
from crm_core.contracts import InboxId
from crm_core.db import Sessions, open_engine, open_readers, open_sessions, unit_of_work, utc_now
from crm_core.embedded import EmbeddedPostgres
from crm_core.erp.port import Erp
from crm_core.errors import SetupRequired
from crm_core.intake import inbox_ids
from crm_core.routing_rules import RoutingFiles, sync_rules
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from nlu.encoders.shelf import EncoderShelf, Remote
from nlu.engine import NluEngine
from nlu.model_store import current_model
from nlu.native import NativeEngine
from nlu.rasa_http import RasaEngine, RasaThresholds
from nlu.rasa_server import RasaAddress, RasaFault, RasaServer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """The composition of one process."""

    settings: Settings
    business: Business
    database_url: str
    engine: AsyncEngine
    sessions: Sessions
    readers: Sessions
    erp: Erp
    nlu: NluEngine
    metrics: Metrics
    key: bytes
    inbox_ids: dict[str, InboxId]
    turn: TurnServices
    blobs: FolderBlobStore
    letters: EmailChannel | None
    inboxes: Mapping[str, OpenInbox]
    closed: tuple[ClosedInbox, ...] = ()

    @property
    def letterhead(self) -> Letterhead:
        company = self.business.company
        return Letterhead(self.turn.dialogue.replies, company.name, company.languages[0])


def postgres_directory(settings: Settings) -> Path:
    return settings.var_dir / "postgres"


def embedded_postgres(settings: Settings) -> EmbeddedPostgres | None:
    """Our own server, started if it is not running; None when the settings name another."""
    if settings.database_url is not None:
        return None
    postgres = EmbeddedPostgres(postgres_directory(settings))
    postgres.ensure_running()
    postgres.create_database()
    return postgres


def database_url(settings: Settings) -> str:
    """Where the database is; starts the embedded one when that is meant and it is down."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    postgres = embedded_postgres(settings)
    assert postgres is not None  # noqa: S101 - without a URL there is always one
    return postgres.url()


def open_nlu(settings: Settings) -> NativeEngine:
    """The promoted model. Raises SetupRequired when there is none yet."""
    directory = current_model(settings.models_dir)
    if directory is None:
        raise SetupRequired("There is no NLU model yet: run `python -m bot train` (or `make run`).")
    return NativeEngine.load(directory, encoder_shelf(settings))


def open_rasa(settings: Settings) -> RasaServer | None:
    """The server that names intents; None when our own engine does. Its model's name is asked here, if it is up."""
    chosen = settings.nlu
    if chosen.engine is not NluEngineName.RASA:
        return None
    token = chosen.rasa_token.get_secret_value() if chosen.rasa_token else None
    server = RasaServer(RasaAddress(str(chosen.rasa_url), token, chosen.rasa_timeout_s))
    server.ask_model()
    return server


def chosen_engine(
    settings: Settings, native: NluEngine, rasa: RasaServer | None, metrics: Metrics | None = None
) -> NluEngine:
    """Our own engine, or a Rasa server with ours to stand in for it."""
    if rasa is None:
        return native

    def count(fault: RasaFault) -> None:
        if metrics is not None:
            metrics.nlu_fallbacks.labels(fault.value).inc()

    chosen = settings.nlu
    thresholds = RasaThresholds(chosen.rasa_answer, chosen.rasa_clarify, chosen.rasa_ambiguity)
    return RasaEngine(native, rasa, thresholds, count)


def encoder_shelf(settings: Settings, *, threads: int = 1) -> EncoderShelf:
    """The sentence encoders of this machine."""
    key = settings.nlu.encoder_key
    url = settings.nlu.encoder_url
    remote = Remote(str(url), key.get_secret_value() if key else None) if url else None
    return EncoderShelf(settings.encoders_dir, remote, threads)


def mail_channel(settings: Settings, inboxes: Mapping[str, OpenInbox]) -> EmailChannel | None:
    """What carries codes and transcripts: the submission server of the settings, else the first mailbox; or None."""
    if settings.smtp.host is None:
        return next((box.channel for box in inboxes.values() if isinstance(box.channel, EmailChannel)), None)
    return letters(settings.smtp, derived_key(server_key(settings), "message-id"))


def read_dialogue(settings: Settings, business: Business) -> tuple[Flows, Replies, Knowledge]:
    """The files that make the dialogue, checked against each other. Raises DocumentError."""
    languages = business.company.languages
    replies = Replies.load(settings.config_dir / "replies", languages)
    vocabulary = Vocabulary(frozenset(ACTIONS), replies.keys())
    flows = read_flows(settings.config_dir / "flows", vocabulary)
    return flows, replies, Knowledge.load(settings.config_dir / "knowledge", languages)


def _dialogue(
    settings: Settings, business: Business, sessions: tuple[Sessions, Sessions], erp: Erp, carrier: EmailChannel | None
) -> DialogueServices:
    transactions, readers = sessions
    flows, replies, knowledge = read_dialogue(settings, business)
    return DialogueServices(
        flows, replies, knowledge, erp, business, transactions, readers,
        derived_key(server_key(settings), "verification"), mail_available=carrier is not None,
    )  # fmt: skip


def _configured(business: Business, opened: Mapping[str, OpenInbox]) -> list[ConfiguredInbox]:
    return [
        ConfiguredInbox(
            inbox.key, inbox.channel, inbox.name, pulled=opened[inbox.key].channel.capabilities.pulled,
            reopens_within_days=reopens_within_days(inbox),
            leaves_after_s=inbox.leaves_after_s if isinstance(inbox, WebChatInbox) else None,
        )
        for inbox in business.channels.inboxes
        if inbox.key in opened
    ]  # fmt: skip


def routing_files(business: Business) -> RoutingFiles:
    return RoutingFiles(business.queues.queues, business.hours.calendars, business.sla.policies)


async def _configure(sessions: Sessions, business: Business, inboxes: Mapping[str, OpenInbox]) -> dict[str, InboxId]:
    """Bring the rows in step with the business files; the ids of the inboxes."""
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, _configured(business, inboxes))
        await sync_rules(session, routing_files(business))
        return await inbox_ids(session)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open everything; closed again at the end of the block."""
    business = read_business(settings.config_dir)
    url = database_url(settings)
    metrics = Metrics()
    engine = open_engine(url, pool_size=settings.pool_size)
    sessions, readers = open_sessions(engine), open_readers(engine)
    business = await as_held(business, readers)
    erp = open_erp(settings, business, readers, metrics)
    products = await read_product_names(erp)

    rasa = await asyncio.to_thread(open_rasa, settings)

    def load_nlu() -> NluEngine:
        return chosen_engine(settings, replace(open_nlu(settings), products=products), rasa, metrics)

    nlu = SwappableEngine(load_nlu())
    following = asyncio.create_task(follow_pointer(settings.models_dir, nlu, load_nlu))
    key = server_key(settings)
    blobs = FolderBlobStore(settings.blobs_dir)
    inboxes, closed = open_inboxes(InboxTools(settings, business, key, blobs, sessions))
    carrier = mail_channel(settings, inboxes)
    for off in closed:
        log.warning("inbox.off", inbox=off.key, reason=off.reason)
    try:
        ids = await _configure(sessions, business, inboxes)
        dialogue = _dialogue(settings, business, (sessions, readers), erp, carrier)
        turn = TurnServices(dialogue, nlu, settings.turn, metrics, utc_now)
        yield Services(
            settings, business, url, engine, sessions, readers, erp, nlu, metrics, key, ids, turn,
            blobs, carrier, inboxes, tuple(closed),
        )  # fmt: skip
    finally:
        following.cancel()
        if rasa is not None:
            rasa.close()
        await erp.aclose()
        for inbox in inboxes.values():
            if inbox.close is not None:
                await inbox.close()
        await engine.dispose()
