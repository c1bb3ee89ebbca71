"""A person's data: all of it handed over, or all of it forgotten (GDPR articles 15, 17 and 20)."""

import base64
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from crm_core import models
from crm_core.contacts import standing_contact
from crm_core.contracts import ContactId, Json, JsonObject
from crm_core.errors import Conflict
from crm_core.events import Actor, Event, EventKind, record
from crm_core.schema import Base
from crm_core.states import ConversationState

ERASED = "erased"
# what an event may keep of its data: numbers, and words of our own that name nobody
KEPT_EVENT_KEYS = (
    "message_id", "message_ids", "through", "intent", "confidence", "zone", "language", "model", "flow", "slot",
    "action", "ms", "code", "reason", "queue", "agent_id", "waited_s", "first", "disposition", "score", "survey",
    "from_queue", "to_queue", "merge_id", "tries", "how", "source",
)  # fmt: skip
_Key = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
_OF_CONTACT: dict[str, tuple[type[Base], _Key]] = {
    "contacts": (models.Contact, models.Contact.id),
    "addresses": (models.Address, models.Address.contact_id),
    "conversations": (models.Conversation, models.Conversation.contact_id),
    "received": (models.InboundPayload, models.InboundPayload.contact_id),
    "events": (models.Event, models.Event.contact_id),
}
_OF_CONVERSATION: dict[str, tuple[type[Base], _Key]] = {
    "messages": (models.Message, models.Message.conversation_id),
    "attachments": (models.AttachmentRow, models.AttachmentRow.conversation_id),
    "surveys": (models.Survey, models.Survey.conversation_id),
}


async def family_of(session: AsyncSession, contact_id: ContactId) -> list[int]:
    """The contact that stands and all that were ever merged into it: one person."""
    standing = int(await standing_contact(session, contact_id))
    found, fresh = {standing}, {standing}
    while fresh:
        merged = await session.scalars(select(models.Contact.id).where(models.Contact.merged_into.in_(fresh)))
        fresh = set(merged) - found
        found |= fresh
    return sorted(found)


async def _conversations_of(session: AsyncSession, family: Sequence[int]) -> list[int]:
    statement = select(models.Conversation.id).where(models.Conversation.contact_id.in_(family))
    return list((await session.scalars(statement)).all())


async def collect_contact(session: AsyncSession, now: datetime, actor: Actor, contact_id: ContactId) -> JsonObject:
    """Everything stored about the person, table by table, as plain JSON. That it was exported is recorded."""
    family = await family_of(session, contact_id)
    conversations = await _conversations_of(session, family)
    content: JsonObject = {"exported_at": now.isoformat()}
    for tables, ids in ((_OF_CONTACT, family), (_OF_CONVERSATION, conversations)):
        for name, (model, key) in tables.items():
            rows = await session.execute(select(*model.__table__.columns).where(key.in_(ids)))
            content[name] = [_plain(row) for row in rows.mappings()]
    await record(session, now, [Event(EventKind.CONTACT_EXPORTED, actor, None, contact_id)])
    return content


def _plain(row: RowMapping) -> JsonObject:
    return {str(name): _plain_value(value) for name, value in row.items()}


def _plain_value(value: object) -> Json:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value  # type: ignore[return-value]  # every other column type is JSON already


async def erase_contact(session: AsyncSession, now: datetime, actor: Actor, contact_id: ContactId) -> list[str]:
    """Forget the person; figures stay, and name nobody. Returns the tokens of files that are to be deleted.

    Raises Conflict while a conversation is open: close it first, or the next message would be stored again.
    """
    family = await family_of(session, contact_id)
    conversations = await _conversations_of(session, family)
    await _require_closed(session, family)
    tokens = list(await session.scalars(
        delete(models.AttachmentRow)
        .where(models.AttachmentRow.conversation_id.in_(conversations))
        .returning(models.AttachmentRow.token)
    ))  # fmt: skip
    await session.execute(delete(models.InboundPayload).where(models.InboundPayload.contact_id.in_(family)))
    await session.execute(delete(models.Address).where(models.Address.contact_id.in_(family)))
    await session.execute(delete(models.Job).where(models.Job.conversation_id.in_(conversations)))
    await _blank(session, now, conversations, family)
    await _blank_events(session, conversations, family)
    for erased in family:
        await session.execute(insert(models.Erasure).values(contact_id=erased, actor=actor.name, at=now))
    await record(session, now, [Event(EventKind.CONTACT_ERASED, actor, None, contact_id)])
    return tokens


async def _require_closed(session: AsyncSession, family: Sequence[int]) -> None:
    statement = select(models.Conversation.id).where(
        models.Conversation.contact_id.in_(family),
        models.Conversation.state.not_in([ConversationState.CLOSED, ConversationState.BOT]),
    )
    if await session.scalar(statement.limit(1)) is not None:
        raise Conflict("A colleague still works on a conversation with this person: resolve it first.")


async def _blank(session: AsyncSession, now: datetime, conversations: Sequence[int], family: Sequence[int]) -> None:
    message, conversation, survey = models.Message, models.Conversation, models.Survey
    blanks: list[tuple[type[Base], ColumnElement[bool], dict[str, object]]] = [
        (message, message.conversation_id.in_(conversations),
         {"text": ERASED, "content": {}, "nlu": None, "external_id": None}),
        (conversation, conversation.id.in_(conversations),
         {"subject": None, "customer_ref": None, "bot_memory": {}, "handoff": None,
          "thread_key": func.concat(ERASED, conversation.id)}),
        (survey, survey.conversation_id.in_(conversations), {"comment": None}),
        (models.Contact, models.Contact.id.in_(family),
         {"name": None, "customer_ref": None, "time_zone": None, "erased_at": now}),
    ]  # fmt: skip
    for model, condition, values in blanks:
        await session.execute(
            update(model).where(condition).values(**values).execution_options(synchronize_session=False)
        )


async def _blank_events(session: AsyncSession, conversations: Sequence[int], family: Sequence[int]) -> None:
    """Event rows are never changed but here: the law asks for it, and no figure is touched."""
    event = models.Event
    mine = event.contact_id.in_(family) | event.conversation_id.in_(conversations)
    for row in (await session.execute(select(event.id, event.data).where(mine, event.data != {}))).all():
        kept = {key: value for key, value in row.data.items() if key in KEPT_EVENT_KEYS}
        if kept != row.data:
            await session.execute(update(event).where(event.id == row.id).values(data=kept))
    merge = models.ContactMerge
    mine_too = merge.source_id.in_(family) | merge.target_id.in_(family)
    await session.execute(update(merge).where(mine_too).values(evidence=ERASED))


async def replay_erasures(session: AsyncSession, now: datetime, actor: Actor) -> int:
    """After a restore of an older backup: erase again whoever the ledger names and the backup brought back."""
    back = select(models.Contact.id).where(
        models.Contact.id.in_(select(models.Erasure.contact_id)), models.Contact.erased_at.is_(None)
    )
    found = list((await session.scalars(back)).all())
    for contact_id in found:
        await erase_contact(session, now, actor, ContactId(contact_id))
    return len(found)
