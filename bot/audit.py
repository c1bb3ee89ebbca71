"""The audit trail, checked from the command line."""

from bot.services import database_url
from config.settings import Settings
from crm_core.audit import ChainVerdict, holds_since, verify_chain
from crm_core.db import open_engine, open_sessions, unit_of_work
from crm_core.errors import InvalidInput


async def verify(settings: Settings, noted: str | None) -> tuple[ChainVerdict, bool]:
    """The verdict, and whether the row noted as `number:hash` is still what it was. Raises InvalidInput."""
    engine = open_engine(database_url(settings), pool_size=1)
    try:
        async with unit_of_work(open_sessions(engine)) as session:
            still = noted is None or await holds_since(session, *_noted(noted))
            return await verify_chain(session), still
    finally:
        await engine.dispose()


def _noted(text: str) -> tuple[int, str]:
    number, _, head = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 19 and head):  # noqa: PLR2004 - bigint
        raise InvalidInput("Write what was noted as number:hash, as this command prints it.")
    return int(number), head


def verdict_text(verdict: ChainVerdict, *, still: bool) -> str:
    if verdict.broken is not None:
        return f"Broken at row {verdict.broken}: it, or the row before it, was changed or taken out."
    if not still:
        return "The rows follow each other, but the noted one is not among them: rows were cut off or written anew."
    noted = f" Keep this outside the database: {verdict.entries}:{verdict.head}" if verdict.entries else ""
    return f"All {verdict.entries} rows hold.{noted}"
