"""`python -m bot check`: each part is tried, and what is wrong is told with its remedy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiosmtplib
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.erps import open_erp
from bot.inboxes.opening import open_inboxes
from bot.inboxes.parts import InboxTools
from bot.secret import server_key
from bot.services import database_url, open_nlu, open_rasa, read_dialogue
from config.business import Business, read_business
from config.documents import DocumentError
from config.settings import NluEngineName, Settings
from crm_core.blobs import FolderBlobStore
from crm_core.db import open_engine, open_readers
from crm_core.erp.diagnosis import diagnosed
from crm_core.errors import SwitchboardError
from crm_core.migrate import pending_revisions
from crm_core.settings_store import held_documents
from nlu.rasa_server import RasaUnavailableError

MAIL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is None when all is well."""

    part: str
    state: str
    remedy: str | None = None


async def check_all(settings: Settings, say: Callable[[str], None]) -> int:
    """Tell every finding; the number of parts to mend."""
    failures = 0
    async for finding in findings(settings):
        mark = "ok  " if finding.remedy is None else "MEND"
        say(f"{mark}  {finding.part:<14}{finding.state}")
        if finding.remedy is not None:
            failures += 1
            say(f"      {'':<14}→ {finding.remedy}")
    return failures


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    try:
        business = read_business(settings.config_dir)
        yield Finding("company", f"{business.company.name}, {', '.join(business.company.languages)}")
    except DocumentError as error:
        yield Finding("company", "cannot be used", str(error))
        return
    looks = {
        "dialogue": _dialogue,
        "nlu": _nlu,
        "rasa": _rasa,
        "database": _database,
        "settings": _settings_of_desk,
        "erp": _erp,
        "mail": _mail,
    }
    for part, look in looks.items():
        if part != "rasa" or settings.nlu.engine is NluEngineName.RASA:
            yield await _tried(part, look, settings, business)
    async for finding in _inboxes(settings, business):
        yield finding


async def _inboxes(settings: Settings, business: Business) -> AsyncIterator[Finding]:
    tools = InboxTools(settings, business, server_key(settings), FolderBlobStore(settings.blobs_dir))
    opened, closed = open_inboxes(tools)
    for key, inbox in opened.items():
        if inbox.probe is not None:
            probe = await inbox.probe()
            yield Finding(f"channel {key}", probe.state, probe.remedy)
        if inbox.close is not None:
            await inbox.close()
    for off in closed:
        yield Finding(f"channel {off.key}", "off", off.reason)


Look = Callable[[Settings, Business], Awaitable[Finding]]


async def _tried(part: str, look: Look, settings: Settings, business: Business) -> Finding:
    try:
        return await look(settings, business)
    except (SwitchboardError, DocumentError) as error:
        return Finding(part, "does not work", str(error))
    except (SQLAlchemyError, OSError) as error:
        return Finding(
            part, "does not answer", f"{type(error).__name__}: is the database at SWITCHBOARD_DATABASE_URL up?"
        )


async def _dialogue(settings: Settings, business: Business) -> Finding:
    flows, _, _ = read_dialogue(settings, business)
    languages = ", ".join(business.company.languages)
    return Finding("dialogue", f"{len(flows)} flows, replies and knowledge in {languages}")


async def _nlu(settings: Settings, business: Business) -> Finding:
    engine = await asyncio.to_thread(open_nlu, settings)
    result = engine.parse("where is my order 100234?", languages=business.company.languages)
    if result.intent != "order_status":
        return Finding("nlu", f"model {engine.model_id}", "it does not know “where is my order”: train it anew")
    return Finding("nlu", f"model {engine.model_id} answers")


async def _rasa(settings: Settings, _business: Business) -> Finding:
    url, token, timeout_s = settings.nlu.rasa_url, "SWITCHBOARD_NLU__RASA_TOKEN", settings.nlu.rasa_timeout_s
    server = await asyncio.to_thread(open_rasa, settings)
    assert server is not None  # noqa: S101 - only looked at where it is chosen
    try:
        (answer,) = await asyncio.to_thread(server.parse, ["where is my order?"])
    except RasaUnavailableError as error:
        remedy = (
            f"start it (`make rasa-serve`), or look at SWITCHBOARD_NLU__RASA_URL and {token}; ours answers meanwhile"
        )
        return Finding("rasa", f"{url} does not answer: {error.fault.value}", remedy)
    finally:
        server.close()
    too_long = "SWITCHBOARD_NLU__RASA_TIMEOUT_S must be less than SWITCHBOARD_TURN__NLU_TIMEOUT_S"
    is_late = timeout_s >= settings.turn.nlu_timeout_s
    return Finding("rasa", f"{server.model_id} answers: {answer.intents[0][0]}", too_long if is_late else None)


async def _database(settings: Settings, _business: Business) -> Finding:
    url = await asyncio.to_thread(database_url, settings)
    pending = await asyncio.to_thread(pending_revisions, url)
    if pending:
        return Finding("database", f"revision {pending[0]} is missing", "run `python -m bot migrate`")
    engine = open_engine(url, pool_size=1)
    try:
        async with engine.connect() as connection:
            version = await connection.scalar(text("show server_version"))
            durable = await connection.scalar(text("show fsync"))
    finally:
        await engine.dispose()
    remedy = None if durable == "on" else "fsync is off: a power cut would lose acknowledged messages; turn it on"
    return Finding("database", f"PostgreSQL {version}", remedy)


async def _settings_of_desk(settings: Settings, business: Business) -> Finding:
    engine = open_engine(await asyncio.to_thread(database_url, settings), pool_size=1)
    try:
        async with open_readers(engine)() as session:
            held = await held_documents(session)
    finally:
        await engine.dispose()
    try:
        business.adopt(business.with_held(held))
    except DocumentError as error:
        return Finding("settings", f"{error}; the files hold", "save it anew, or let the file hold, at /desk/admin")
    return Finding("settings", f"of the desk: {', '.join(sorted(held))}" if held else "of the files alone")


async def _erp(settings: Settings, business: Business) -> Finding:
    engine = open_engine(await asyncio.to_thread(database_url, settings), pool_size=1)
    erp = open_erp(settings, business, open_readers(engine))
    try:
        tried = await diagnosed(erp)
    finally:
        await erp.aclose()
        await engine.dispose()
    wrong = next((one for one in tried if one.remedy is not None), None)
    if wrong is not None:
        return Finding("erp", f"{erp.name}: {wrong.question}: {wrong.state}", wrong.remedy)
    return Finding("erp", f"{erp.name}: {tried[0].state}")


async def _mail(settings: Settings, business: Business) -> Finding:
    smtp = settings.smtp
    box = next((inbox.key for inbox in business.channels.inboxes if inbox.channel == "email"), None)
    if smtp.host is None and box is not None:
        return Finding("mail", f"codes and transcripts go out by the inbox “{box}”")
    if smtp.host is None:
        return Finding("mail", "off: codes and transcripts are not mailed (set SWITCHBOARD_SMTP__HOST to turn it on)")
    client = aiosmtplib.SMTP(hostname=smtp.host, port=smtp.port, start_tls=smtp.starttls, timeout=MAIL_TIMEOUT_S)
    try:
        async with client:
            if smtp.username and smtp.password:
                await client.login(smtp.username, smtp.password.get_secret_value())
    except aiosmtplib.SMTPAuthenticationError:
        return Finding("mail", "the server refuses the password", "check SWITCHBOARD_SMTP__USERNAME and __PASSWORD")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Finding(
            "mail", f"no answer ({type(error).__name__})", "check SWITCHBOARD_SMTP__HOST, __PORT, __STARTTLS"
        )
    return Finding("mail", f"{smtp.host} takes letters")
