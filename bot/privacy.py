"""A customer's data, exported or erased from the command line."""

import asyncio
import json
from pathlib import Path

from bot.services import database_url
from config.settings import Settings
from crm_core.blobs import FolderBlobStore
from crm_core.contacts import find_contact
from crm_core.contracts import Address, AddressKind, ContactId
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work, utc_now
from crm_core.errors import InvalidInput, NotFound
from crm_core.events import SYSTEM
from crm_core.privacy import collect_contact, erase_contact


def _address(uri: str) -> Address:
    kind, _, value = uri.partition(":")
    try:
        return Address(AddressKind(kind), value)
    except ValueError as error:
        kinds = ", ".join(f"{known}:…" for known in AddressKind)
        raise InvalidInput(f"Write the address with its kind: {kinds}.") from error


async def _contact_id(sessions: Sessions, uri: str) -> ContactId:
    async with unit_of_work(sessions) as session:
        contact = await find_contact(session, _address(uri))
    if contact is None:
        raise NotFound("Nobody with this address is stored here.")
    return contact.id


async def export_to(settings: Settings, uri: str, file: Path) -> None:
    engine = open_engine(database_url(settings), pool_size=1)
    sessions = open_sessions(engine)
    try:
        contact_id = await _contact_id(sessions, uri)
        async with unit_of_work(sessions) as session:
            content = await collect_contact(session, utc_now(), SYSTEM, contact_id)
    finally:
        await engine.dispose()
    await asyncio.to_thread(file.write_text, json.dumps(content, ensure_ascii=False, indent=2))


async def erase(settings: Settings, uri: str) -> None:
    engine = open_engine(database_url(settings), pool_size=1)
    sessions = open_sessions(engine)
    try:
        contact_id = await _contact_id(sessions, uri)
        async with unit_of_work(sessions) as session:
            tokens = await erase_contact(session, utc_now(), SYSTEM, contact_id)
    finally:
        await engine.dispose()
    blobs = FolderBlobStore(settings.blobs_dir)
    for token in tokens:
        await blobs.delete(token)
