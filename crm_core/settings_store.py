"""The documents an administrator edits at the desk: stored whole, as versions, each with who changed what."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import Json, JsonObject
from crm_core.errors import Conflict, NotFound
from crm_core.events import Actor
from crm_core.models_settings import SettingVersion
from crm_core.signals import Signal, Topic, publish
from crm_core.states import ConversationState

LOCK = 7_316_005  # any constant: two edits at once would each lose the other's
MOST_CHANGES = 20
SHOWN_VERSIONS = 20


class EditedMeanwhile(Conflict):
    code = "edited_meanwhile"


class StillUsed(Conflict):
    code = "still_used"


@dataclass(frozen=True, slots=True)
class Edit:
    """`content` None: the file holds again. `base` is the version that was looked at (0 for the file)."""

    document: str
    content: JsonObject | None
    base: int
    before: JsonObject


@dataclass(frozen=True, slots=True)
class Version:
    """`is_file`: from then on the file held again."""

    id: int
    at: datetime
    by: str
    changed: tuple[str, ...]
    is_file: bool


async def lock_settings(session: AsyncSession) -> None:
    """Until the end of the transaction nobody else edits."""
    await session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})


async def held_documents(session: AsyncSession) -> dict[str, JsonObject]:
    """What the desk holds in the place of files, by the document's name."""
    newest = select(func.max(SettingVersion.id)).group_by(SettingVersion.document)
    columns = (SettingVersion.document, SettingVersion.content)
    rows = await session.execute(
        select(*columns).where(SettingVersion.id.in_(newest), SettingVersion.content.is_not(None))
    )
    return {document: content for document, content in rows if content is not None}


async def newest_version(session: AsyncSession, document: str) -> int:
    """0 while nobody has edited it."""
    found = await session.scalar(select(func.max(SettingVersion.id)).where(SettingVersion.document == document))
    return found or 0


async def keep(session: AsyncSession, now: datetime, viewer: Viewer, edit: Edit) -> bool:
    """Every process follows once this is committed. False when nothing changed. Raises EditedMeanwhile, Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    await lock_settings(session)
    if await newest_version(session, edit.document) != edit.base:
        raise EditedMeanwhile("Somebody else has changed this meanwhile: look at it again.")
    changed = list(changes(edit.before, edit.content or {})) if edit.content is not None else ["file"]
    if not changed:
        return False
    shown = [*changed[:MOST_CHANGES], *(["…"] if len(changed) > MOST_CHANGES else [])]
    session.add(
        SettingVersion(document=edit.document, content=edit.content, changed=shown, user_id=viewer.user_id, at=now)
    )
    await session.flush()
    await publish(session, Signal(Topic.SETTINGS))
    told: JsonObject = {"changed": [*shown]}
    deed = Deed(AuditAction.CONFIGURATION_CHANGED, Actor.agent(viewer.user_id), f"settings:{edit.document}", None, told)
    await append(session, now, deed)
    return True


async def versions(session: AsyncSession, viewer: Viewer, document: str) -> list[Version]:
    """The last of them, newest first. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    row = SettingVersion
    columns = (row.id, row.at, models.User.name, row.changed, row.content.is_(None))
    statement = select(*columns).join(models.User, models.User.id == row.user_id).where(row.document == document)
    rows = await session.execute(statement.order_by(row.id.desc()).limit(SHOWN_VERSIONS))
    return [Version(number, at, by, tuple(changed), is_file) for number, at, by, changed, is_file in rows]


async def content_of(session: AsyncSession, viewer: Viewer, document: str, version: int) -> JsonObject:
    """As it was in that version. Raises Forbidden, NotFound."""
    require_role(viewer, Action.ADMINISTER)
    row = SettingVersion
    found = await session.scalar(select(row.content).where(row.id == version, row.document == document))
    if found is None:
        raise NotFound("There is no such version.")
    return found


async def require_no_waiting(session: AsyncSession, queue_key: str) -> None:
    """Raises StillUsed while somebody waits, or is served, in the queue."""
    conversation = models.Conversation
    ended = (ConversationState.CLOSED, ConversationState.BOT)
    statement = select(func.count()).where(conversation.queue_key == queue_key, conversation.state.not_in(ended))
    if await session.scalar(statement):
        raise StillUsed("Customers are still in this queue: resolve or transfer their conversations first.")


def changes(before: Json, after: Json, path: str = "") -> Iterator[str]:
    """The paths at which two documents differ; entries of a list go by their `key` where they have one."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from changes(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif _is_keyed(before) and _is_keyed(after):
        yield from changes(_by_key(before), _by_key(after), path)
        if [*_by_key(before)] != [*_by_key(after)] and {*_by_key(before)} == {*_by_key(after)}:
            yield f"{path}.order"
    elif before != after:
        yield path


def _is_keyed(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and "key" in each for each in value)


def _by_key(value: Json) -> dict[str, Json]:
    entries = value if isinstance(value, list) else []
    return {str(each["key"]): each for each in entries if isinstance(each, dict)}
