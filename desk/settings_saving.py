"""Saving settings: read from the form, checked with everything else, stored as a version, and in force at once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import ValidationError

from config.business import Business
from config.documents import DocumentError
from config.sources import MODELS, Document
from crm_core.contracts import JsonObject
from crm_core.db import unit_of_work
from crm_core.routing_rules import RoutingFiles, sync_rules
from crm_core.settings_store import (
    Edit,
    EditedMeanwhile,
    StillUsed,
    content_of,
    held_documents,
    keep,
    lock_settings,
    require_no_waiting,
)
from desk.change import number_of
from desk.forms import WrongField, new_key
from desk.settings_file import dumped
from desk.settings_kinds import Entries, Kind, Seat

NEW = "new"
STEM = {"macros": "macro", "dispositions": "ended", "queues": "queue"}
Written = dict[str, str]
Refused = tuple[Exception, Mapping[str, str]]  # why, and what had been written
Deed = Callable[[Seat, Kind, Written], Awaitable[None]]


def base_of(newest: int, refused: Refused | None) -> int:
    """The version a form is written against: a refused one keeps its own, unless its writer was told of a newer one."""
    if refused is None or isinstance(refused[0], EditedMeanwhile):
        return newest
    return number_of(refused[1], "base")


async def save(seat: Seat, kind: Kind, fields: Written) -> None:
    """Raises WrongField, StillUsed, EditedMeanwhile."""
    key = fields.get("key_of", "")
    before = dumped(seat.desk.services.business.sources.raw(kind.document))
    entries = [*kind.entries(before)]
    if kind.blank is None:
        entries = [kind.read(seat, fields, entries[0])]
    elif key == NEW:
        entries.append(_named(kind, kind.read(seat, fields, kind.blank), entries))
    else:
        entries = [kind.read(seat, fields, each) if each.get("key") == key else each for each in entries]
    await keep_content(seat, kind.document, kind.placed(before, entries), number_of(fields, "base"))


def _named(kind: Kind, entry: JsonObject, entries: Entries) -> JsonObject:
    """Raises WrongField for a key that is taken."""
    taken = {str(each.get("key")) for each in entries}
    key = str(entry.get("key") or "")
    if key in taken:
        raise WrongField("key", "taken")
    return entry | {"key": key or new_key(entry.get("name"), STEM.get(kind.key, kind.key), {*taken, NEW})}


async def remove(seat: Seat, kind: Kind, fields: Written) -> None:
    """Raises StillUsed for what something else names, and for a queue in which somebody waits."""
    key = fields.get("key_of", "")
    before = dumped(seat.desk.services.business.sources.raw(kind.document))
    entries = [each for each in kind.entries(before) if each.get("key") != key]
    if kind.document is Document.QUEUES:
        async with unit_of_work(seat.desk.services.sessions) as session:
            await require_no_waiting(session, key)
    if not entries and kind.key not in ("macros", "consents"):
        raise StillUsed("One has to stay.")
    try:
        await keep_content(seat, kind.document, kind.placed(before, entries), number_of(fields, "base"))
    except WrongField as error:
        raise StillUsed("Something else names it.") from error


async def earlier(seat: Seat, kind: Kind, fields: Written) -> None:
    """One place up: the first that fits is taken."""
    before = dumped(seat.desk.services.business.sources.raw(kind.document))
    entries = [*kind.entries(before)]
    keys = [each.get("key") for each in entries]
    place = keys.index(fields.get("key_of")) if fields.get("key_of") in keys else 0
    if place > 0:
        entries[place - 1], entries[place] = entries[place], entries[place - 1]
        await keep_content(seat, kind.document, kind.placed(before, entries), number_of(fields, "base"))


def deed_of(fields: Written) -> Deed:
    deeds: dict[str, Deed] = {"remove": remove, "up": earlier}
    return deeds.get(fields.get("verb", ""), save)


async def to_file(seat: Seat, kind: Kind, fields: Written) -> None:
    """The file holds again."""
    await keep_content(seat, kind.document, None, number_of(fields, "base"))


async def to_version(seat: Seat, kind: Kind, fields: Written) -> None:
    """An earlier version holds again, as a new one. Raises NotFound."""
    async with unit_of_work(seat.desk.services.sessions) as session:
        version = number_of(fields, "version")
        content = await content_of(session, seat.reader.viewer, kind.document, version)
    await keep_content(seat, kind.document, content, number_of(fields, "base"))


async def keep_content(seat: Seat, document: Document, content: JsonObject | None, base: int) -> None:
    """Raises WrongField, StillUsed, EditedMeanwhile; with an error nothing is changed."""
    services = seat.desk.services
    _validate(document, content)
    async with unit_of_work(services.sessions) as session:
        await lock_settings(session)
        held = await held_documents(session)
        before = dumped(services.business.sources.raw(document))
        fresh = _together(services.business, held, document, content)
        await sync_rules(session, files_of(fresh))
        await keep(session, seat.reader.now, seat.reader.viewer, Edit(document, content, base, before))
    services.business.adopt(fresh)


def files_of(business: Business) -> RoutingFiles:
    return RoutingFiles(business.queues.queues, business.hours.calendars, business.sla.policies)


def _validate(document: Document, content: JsonObject | None) -> None:
    """Raises WrongField."""
    if content is None:
        return
    try:
        MODELS[document].model_validate(content)
    except ValidationError as error:
        raise _wrong(error.errors()[0]["loc"]) from error


def _wrong(place: Sequence[int | str]) -> WrongField:
    """Of an entry in a list its field; the rest of the way is inside that."""
    names = [str(part) for part in place if isinstance(part, str)]
    is_entry = any(isinstance(part, int) for part in place[:2])
    name = names[1] if is_entry and len(names) > 1 else names[0] if names else "key"
    return WrongField(name, name)


def _together(
    business: Business, held: dict[str, JsonObject], document: Document, content: JsonObject | None
) -> Business:
    """Raises StillUsed for what no longer fits the other documents."""
    wanted = {name: value for name, value in held.items() if name != document}
    if content is not None:
        wanted[document.value] = content
    try:
        return business.with_held(wanted)
    except DocumentError as error:
        raise StillUsed("Something else names what this takes away.") from error
