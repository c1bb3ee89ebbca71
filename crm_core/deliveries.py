"""What providers and customers say later of a message: delivered, read, failed, edited, no longer reachable."""

from datetime import datetime

from sqlalchemy import RowMapping, Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.cards import without_card_numbers
from crm_core.contracts import DeliveryState, DeliveryUpdate, Edit, InboxId, Mark, MessageId, Reachability
from crm_core.events import CONTACT, SYSTEM, Event, EventKind, record
from crm_core.plain_text import storable
from crm_core.signals import Signal, Topic, publish
from crm_core.states import Direction

# reports overtake each other on the way: only a later stage replaces an earlier one
_STAGE = {
    DeliveryState.PENDING: 0, DeliveryState.SENDING: 1, DeliveryState.IN_DOUBT: 2, DeliveryState.SENT: 3,
    DeliveryState.FAILED: 4, DeliveryState.DELIVERED: 5, DeliveryState.READ: 6,
}  # fmt: skip
_EVENTS = {
    DeliveryState.SENT: EventKind.MESSAGE_SENT,
    DeliveryState.DELIVERED: EventKind.MESSAGE_DELIVERED,
    DeliveryState.READ: EventKind.MESSAGE_READ,
    DeliveryState.FAILED: EventKind.MESSAGE_FAILED,
}
_TIMES = {DeliveryState.SENT: "sent_at", DeliveryState.DELIVERED: "delivered_at", DeliveryState.READ: "read_at"}
EDITS_KEPT = 20


async def note_delivery(session: AsyncSession, now: datetime, inbox_id: InboxId, report: DeliveryUpdate) -> bool:
    """False when it changes nothing: an unknown message, a repeated report, one that was overtaken."""
    row = await _outgoing(session, inbox_id, report)
    if row is None:
        return False
    state = await _with_its_parts(session, row, report) if report.part else report.state
    if _STAGE[state] <= _STAGE[DeliveryState(row["delivery"])]:
        return False
    values: dict[str, object] = {"delivery": state.value, "delivery_code": report.code}
    if state in _TIMES:
        values[_TIMES[state]] = now
    await session.execute(update(models.Message).where(models.Message.id == row["id"]).values(**values))
    if state in _EVENTS:
        detail = {"message_id": row["id"], "code": report.code}
        happened = Event(_EVENTS[state], SYSTEM, row["conversation_id"], row["contact_id"], {**detail})
        await record(session, now, [happened])
    await publish(session, Signal(Topic.CONVERSATION, row["conversation_id"]))
    return True


async def _with_its_parts(session: AsyncSession, row: RowMapping, report: DeliveryUpdate) -> DeliveryState:
    """What is so of the whole: failed when any part did, delivered or read once all are; each part is kept."""
    assert report.part is not None  # noqa: S101 - asked by the caller
    kept, number = row["content"].get("parts", {}), str(report.part.number)
    if _STAGE[report.state] > _STAGE[DeliveryState(kept.get(number, DeliveryState.PENDING))]:
        kept = {**kept, number: report.state.value}
        content = {**row["content"], "parts": kept}
        await session.execute(update(models.Message).where(models.Message.id == row["id"]).values(content=content))
    states = [DeliveryState(state) for state in kept.values()]
    if DeliveryState.FAILED in states:
        return DeliveryState.FAILED
    whole = min(states, key=_STAGE.__getitem__)
    return whole if len(states) >= report.part.of else min(whole, DeliveryState.SENT, key=_STAGE.__getitem__)


async def _outgoing(session: AsyncSession, inbox_id: InboxId, report: DeliveryUpdate) -> RowMapping | None:
    message = models.Message
    by_id = message.id == report.message_id if report.message_id else message.external_id == report.external_id
    statement = (
        select(message.id, message.conversation_id, message.delivery, message.content, models.Conversation.contact_id)
        .join(models.Conversation, models.Conversation.id == message.conversation_id)
        .where(by_id, message.inbox_id == inbox_id, message.direction == Direction.OUT, message.delivery.is_not(None))
        .with_for_update(of=message)
    )
    return (await session.execute(statement)).mappings().one_or_none()


async def note_edit(session: AsyncSession, now: datetime, inbox_id: InboxId, edit: Edit) -> bool:
    """Keep what was written before beside the new words; the bot's answer to the old ones stands."""
    message = models.Message
    statement = select(message).where(
        message.inbox_id == inbox_id, message.external_id == edit.external_id, message.direction == Direction.IN
    )
    found = (await session.scalars(statement.with_for_update())).one_or_none()
    said = without_card_numbers(storable(edit.text))
    if found is None or found.text == said:
        return False
    before = found.content.get("before")
    earlier = [*(before if isinstance(before, list) else []), found.text][-EDITS_KEPT:]
    marks = found.content.get("marks")
    marked = sorted({*(marks if isinstance(marks, list) else []), Mark.EDITED.value}, key=str)
    found.content, found.text = {**found.content, "before": earlier, "marks": [*marked]}, said
    await session.flush()
    detail = {"message_id": found.id}
    await record(session, now, [Event(EventKind.MESSAGE_EDITED, CONTACT, found.conversation_id, None, {**detail})])
    await publish(session, Signal(Topic.CONVERSATION, found.conversation_id))
    return True


async def note_reachability(session: AsyncSession, now: datetime, report: Reachability) -> bool:
    """Mark the address, or clear its mark; False when nobody has it or it is so already."""
    address = models.Address
    wrong_now = address.unreachable_at.is_not(None) if report.is_reachable else address.unreachable_at.is_(None)
    meant = address.uri == report.address.uri
    if report.message_id is not None:
        meant &= address.id.in_(_address_of(report.message_id))
    statement = (
        update(address)
        .where(meant, wrong_now)
        .values(
            unreachable_at=None if report.is_reachable else now,
            unreachable_why=None if report.is_reachable else report.reason,
        )
        .returning(address.contact_id)
        .execution_options(synchronize_session=False)
    )
    contact_id = await session.scalar(statement)
    if contact_id is None:
        return False
    kind = EventKind.ADDRESS_REACHABLE if report.is_reachable else EventKind.ADDRESS_UNREACHABLE
    await record(session, now, [Event(kind, SYSTEM, None, contact_id, {"reason": report.reason})])
    return True


def _address_of(message_id: MessageId) -> Select[int | None]:
    conversation = models.Conversation
    by_message = models.Message.conversation_id == conversation.id
    return select(conversation.address_id).join(models.Message, by_message).where(models.Message.id == message_id)
