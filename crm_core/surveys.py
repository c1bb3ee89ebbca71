"""The question after a conversation, and its answer."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import CONTACT, SYSTEM, Event, EventKind, record
from crm_core.signals import Signal, Topic, publish
from crm_core.states import Author, ConversationState, Direction

CSAT = "csat"
CHANGE_WITHIN = timedelta(hours=1)
LOWEST, HIGHEST = 1, 5
MOST_COMMENT_CHARACTERS = 2_000
UNASKED_DISPOSITIONS = frozenset({"spam", "no_answer", "bot_finished"})


async def send_survey(session: AsyncSession, now: datetime, conversation_id: ConversationId) -> bool:
    """Ask for a rating once; False when it was asked before or there is nothing to rate.

    Nobody is asked about spam, about silence, or about a conversation in which nobody answered them.
    """
    conversation = await session.get(models.Conversation, conversation_id)
    if conversation is None or conversation.state != ConversationState.CLOSED:
        return False
    if conversation.disposition in UNASKED_DISPOSITIONS or not await _was_answered(session, conversation_id):
        return False
    statement = insert(models.Survey).values(conversation_id=conversation_id, kind=CSAT, sent_at=now)
    survey_id = await session.scalar(statement.on_conflict_do_nothing().returning(models.Survey.id))
    if survey_id is None:
        return False
    event = Event(EventKind.SURVEY_SENT, SYSTEM, conversation_id, conversation.contact_id, {"survey": CSAT})
    await record(session, now, [event])
    await publish(session, Signal(Topic.CONVERSATION, conversation_id))
    return True


async def _was_answered(session: AsyncSession, conversation_id: ConversationId) -> bool:
    statement = select(models.Message.id).where(
        models.Message.conversation_id == conversation_id, models.Message.direction == Direction.OUT,
        models.Message.author.in_([Author.AGENT, Author.BOT]),
    )  # fmt: skip
    return await session.scalar(statement.limit(1)) is not None


async def answer_survey(
    session: AsyncSession, now: datetime, conversation_id: ConversationId, score: int, comment: str | None
) -> None:
    """Store the rating; it may be changed for an hour. Raises NotFound when nothing was asked."""
    if not LOWEST <= score <= HIGHEST:
        raise InvalidInput(f"A rating is a number from {LOWEST} to {HIGHEST}.")
    statement = select(models.Survey).where(
        models.Survey.conversation_id == conversation_id, models.Survey.kind == CSAT
    )
    survey = await session.scalar(statement.with_for_update())
    if survey is None:
        raise NotFound("There is no question to answer here.")
    if survey.answered_at is not None and now - survey.answered_at > CHANGE_WITHIN:
        raise Conflict("This rating was given a while ago and stands.")
    survey.score, survey.answered_at = score, now
    survey.comment = comment[:MOST_COMMENT_CHARACTERS].replace("\x00", "") if comment else None
    await session.flush()
    event = Event(EventKind.SURVEY_ANSWERED, CONTACT, conversation_id, None, {"survey": CSAT, "score": score})
    await record(session, now, [event])
    await publish(session, Signal(Topic.CONVERSATION, conversation_id))
