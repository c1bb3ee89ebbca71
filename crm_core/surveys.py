"""The question after a conversation, and its answer."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId, JsonObject
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import CONTACT, SYSTEM, Event, EventKind, record
from crm_core.plain_text import storable
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


async def _asked(session: AsyncSession, conversation_id: ConversationId) -> tuple[models.Survey, int]:
    """The locked question, and whom it was put to."""
    statement = (
        select(models.Survey, models.Conversation.contact_id)
        .join(models.Conversation, models.Conversation.id == models.Survey.conversation_id)
        .where(models.Survey.conversation_id == conversation_id, models.Survey.kind == CSAT)
        .with_for_update(of=models.Survey)
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound("There is no question to answer here.")
    return found.Survey, found.contact_id


async def answer_survey(
    session: AsyncSession, now: datetime, conversation_id: ConversationId, score: int, comment: str | None
) -> None:
    """Store the rating; it may be changed for an hour, and saying the same again changes nothing.

    Raises NotFound when nothing was asked, Conflict when it stands already.
    """
    if not LOWEST <= score <= HIGHEST:
        raise InvalidInput(f"A rating is a number from {LOWEST} to {HIGHEST}.")
    survey, contact_id = await _asked(session, conversation_id)
    said = (score, storable(comment)[:MOST_COMMENT_CHARACTERS] if comment else None)
    changes = survey.answered_at is not None
    if changes and said == (survey.score, survey.comment):
        return
    if survey.answered_at is not None and now - survey.answered_at > CHANGE_WITHIN:
        raise Conflict("This rating was given a while ago and stands.")
    survey.score, survey.comment = said
    survey.answered_at = survey.answered_at or now  # the hour runs from the first answer
    await session.flush()
    detail: JsonObject = {"survey": CSAT, "score": score, "changed": changes}
    await record(session, now, [Event(EventKind.SURVEY_ANSWERED, CONTACT, conversation_id, contact_id, detail)])
    await publish(session, Signal(Topic.CONVERSATION, conversation_id))
