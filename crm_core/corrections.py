"""What the bot understood wrong: corrected in the transcript, reviewed, and then demanded of every model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Executable, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require, require_role
from crm_core.cards import without_card_numbers
from crm_core.contracts import ConversationId, JsonObject, MessageId
from crm_core.conversations import lock_conversation
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import Actor, Event, EventKind, record
from crm_core.plain_text import is_storable
from crm_core.signals import Signal, Topic, publish
from crm_core.states import CorrectionState, Direction

MOST_CHARACTERS = 500
MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class OpenCorrection:
    """One line of the review list. `intent_was` is the bot's reading, `intent` the colleague's."""

    id: int
    conversation_id: int
    text: str
    language: str
    intent_was: str
    intent: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """A sentence that every model must understand from now on, in the words the reviewer approved."""

    id: int
    text: str
    language: str
    intent: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a colleague says a message meant: the key of an intent."""

    message_id: MessageId
    intent: str


async def correct_intent(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, reading: Reading
) -> None:
    """Note what the customer meant; the bot's own reading takes a correction back.

    Anybody who sees the conversation may. Raises NotFound for a message the bot never read, Conflict once it was
    reviewed. Which intents there are the caller knows.
    """
    conversation = await lock_conversation(session, conversation_id)
    require(reach, Action.NOTE, conversation)
    was = await _intent_of(session, conversation_id, reading.message_id)
    change = _taken_back(reading) if reading.intent == was else _noted(now, reach, conversation_id, (reading, was))
    if (await session.execute(change)).one_or_none() is None and reading.intent != was:
        raise Conflict("This correction was reviewed already.")
    detail: JsonObject = {"message_id": reading.message_id, "from_intent": was, "intent": reading.intent}
    actor = Actor.agent(reach.viewer.user_id)
    event = Event(EventKind.INTENT_CORRECTED, actor, conversation.id, conversation.contact_id, detail)
    await record(session, now, [event])
    await publish(session, Signal(Topic.CONVERSATION, conversation.id))


def _taken_back(reading: Reading) -> Executable:
    correction = models.NluCorrection
    is_open = (correction.message_id == reading.message_id) & (correction.state == CorrectionState.OPEN)
    return delete(correction).where(is_open).returning(correction.id)


def _noted(now: datetime, reach: Reach, conversation_id: int, change: tuple[Reading, str]) -> Executable:
    (reading, was), correction = change, models.NluCorrection
    values = {"intent": reading.intent, "corrected_by": reach.viewer.user_id, "at": now}
    row = {"message_id": reading.message_id, "conversation_id": conversation_id, "intent_was": was, **values}
    is_open = correction.state == CorrectionState.OPEN
    statement = insert(correction).values(**row)
    return statement.on_conflict_do_update(index_elements=["message_id"], set_=values, where=is_open).returning(
        correction.id
    )


async def _intent_of(session: AsyncSession, conversation_id: int, message_id: int) -> str:
    message = models.Message
    found = await session.scalar(
        select(message.nlu).where(
            message.id == message_id, message.conversation_id == conversation_id, message.direction == Direction.IN
        )
    )
    intent = (found or {}).get("intent")
    if not isinstance(intent, str):
        raise NotFound("The bot did not read this message.")
    return intent


async def open_corrections(session: AsyncSession, reach: Reach) -> list[OpenCorrection]:
    """What waits for a review, oldest first; at most 200. Raises Forbidden."""
    require_role(reach.viewer, Action.SUPERVISE)
    correction, message = models.NluCorrection, models.Message
    statement = (
        select(
            correction.id, correction.conversation_id, message.text, message.language, correction.intent_was,
            correction.intent, models.User.name, correction.at,
        )
        .join(message, message.id == correction.message_id)
        .join(models.User, models.User.id == correction.corrected_by)
        .where(correction.state == CorrectionState.OPEN)
        .order_by(correction.id)
        .limit(MOST_OPEN)
    )  # fmt: skip
    return [
        OpenCorrection(number, conversation_id, text, language or "en", was, intent, by, at)
        for number, conversation_id, text, language, was, intent, by, at in await session.execute(statement)
    ]


async def accept_correction(session: AsyncSession, now: datetime, reach: Reach, correction_id: int, text: str) -> None:
    """Demand `text` of every model: the customer's sentence, without what tells who wrote it."""
    said = without_card_numbers(text.strip())
    if not said or len(said) > MOST_CHARACTERS or not is_storable(said):
        raise InvalidInput(f"Write the sentence to learn: 1 to {MOST_CHARACTERS} characters.")
    await _reviewed(session, now, reach, correction_id, {"state": CorrectionState.ACCEPTED, "text": said})


async def dismiss_correction(session: AsyncSession, now: datetime, reach: Reach, correction_id: int) -> None:
    """The bot was right after all, or the sentence teaches nothing."""
    await _reviewed(session, now, reach, correction_id, {"state": CorrectionState.DISMISSED})


async def _reviewed(session: AsyncSession, now: datetime, reach: Reach, correction_id: int, values: JsonObject) -> None:
    """Raises Forbidden, and Conflict for the second of two reviewers."""
    require_role(reach.viewer, Action.SUPERVISE)
    correction = models.NluCorrection
    statement = (
        update(correction)
        .where(correction.id == correction_id, correction.state == CorrectionState.OPEN)
        .values(reviewed_by=reach.viewer.user_id, reviewed_at=now, **values)
        .returning(correction.conversation_id, correction.message_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise Conflict("Somebody has reviewed this already.")
    detail: JsonObject = {"message_id": row.message_id, "how": str(values["state"])}
    actor = Actor.agent(reach.viewer.user_id)
    await record(session, now, [Event(EventKind.CORRECTION_REVIEWED, actor, row.conversation_id, None, detail)])


async def accepted_corrections(session: AsyncSession) -> list[Accepted]:
    """All that was ever accepted, in order. For the operator of the machine: no access is checked here."""
    correction, message = models.NluCorrection, models.Message
    statement = (
        select(correction.id, correction.text, message.language, correction.intent)
        .join(message, message.id == correction.message_id)
        .where(correction.state == CorrectionState.ACCEPTED, correction.text.is_not(None))
        .order_by(correction.id)
    )
    rows = (await session.execute(statement)).all()
    return [Accepted(number, text or "", language or "en", intent) for number, text, language, intent in rows]


def as_regression(corrections: Sequence[Accepted]) -> dict[str, dict[str, list[str]]]:
    """The form of `regression.yml`: language, intent, texts."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in corrections:
        texts = found.setdefault(one.language, {}).setdefault(one.intent, [])
        if one.text not in texts:
            texts.append(one.text)
    return found
