"""Quality of service: a supervisor reviews an agent's conversation by a scorecard, and the agent reads it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from config.scorecards import Scorecard
from crm_core import models
from crm_core.access import Action, Reach, require, require_role
from crm_core.cards import without_card_numbers
from crm_core.contracts import ConversationId, JsonObject
from crm_core.conversations import lock_conversation
from crm_core.errors import Conflict, InvalidInput
from crm_core.events import Actor, Event, EventKind, record
from crm_core.models_oversight import QualityReview
from crm_core.plain_text import is_storable

MOST_COMMENT_CHARACTERS = 4_000
MOST_LISTED = 100


class NobodyToReview(Conflict):
    """Only the bot ever answered."""

    code = "nobody_to_review"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the supervisor says: answers by the key of their question, or a comment alone."""

    card: Scorecard | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """`score` is a percentage; None for a comment alone."""

    id: int
    conversation_id: int
    agent_name: str
    reviewer_name: str
    scorecard: str | None
    answers: Mapping[str, int]
    score: int | None
    comment: str | None
    at: datetime


def score_of(card: Scorecard, answers: Mapping[str, int]) -> int | None:
    """Percent of what could be had, weighted; questions left out do not count. Raises InvalidInput."""
    earned = possible = 0.0
    for question in card.questions:
        if question.key not in answers:
            continue
        if answers[question.key] not in question.answers:
            raise InvalidInput("Choose one of the answers.")
        worst, best = question.answers[0], question.answers[-1]
        earned += question.weight * (answers[question.key] - worst) / (best - worst)
        possible += question.weight
    return round(100 * earned / possible) if possible else None


async def review_conversation(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, verdict: Verdict
) -> None:
    """About whoever has the conversation, else whoever wrote last. Raises Forbidden, Conflict, InvalidInput."""
    require_role(reach.viewer, Action.SUPERVISE)
    conversation = await lock_conversation(session, conversation_id)
    require(reach, Action.READ, conversation)
    agent_id = await _reviewed(session, conversation)
    score = score_of(verdict.card, verdict.answers) if verdict.card is not None else None
    comment = _comment(verdict.comment)
    if score is None and comment is None:
        raise InvalidInput("Answer at least one question, or write a comment.")
    card = verdict.card.key if verdict.card is not None and score is not None else None
    known = {question.key for question in verdict.card.questions} if verdict.card is not None else set()
    await session.execute(
        insert(QualityReview).values(
            conversation_id=conversation_id, agent_id=agent_id, reviewer_id=reach.viewer.user_id, scorecard=card,
            answers={key: value for key, value in verdict.answers.items() if key in known}, score=score,
            comment=comment, at=now,
        )
    )  # fmt: skip
    told: JsonObject = {"agent_id": agent_id, "score": score, "scorecard": card}
    event = Event(EventKind.SCORED, Actor.agent(reach.viewer.user_id), conversation_id, conversation.contact_id, told)
    await record(session, now, [event])


async def _reviewed(session: AsyncSession, conversation: models.Conversation) -> int:
    message = models.Message
    wrote_last = (
        select(message.agent_id)
        .where(message.conversation_id == conversation.id, message.agent_id.is_not(None))
        .order_by(message.id.desc())
        .limit(1)
    )
    agent_id = conversation.agent_id or await session.scalar(wrote_last)
    if agent_id is None:
        raise NobodyToReview("No colleague has worked on this conversation yet.")
    return agent_id


def _comment(text: str) -> str | None:
    said = text.strip()
    if len(said) > MOST_COMMENT_CHARACTERS or not is_storable(said):
        raise InvalidInput(f"Write a comment of at most {MOST_COMMENT_CHARACTERS} characters.")
    return without_card_numbers(said) or None


async def reviews_of(session: AsyncSession, reach: Reach, conversation_id: int) -> list[Review]:
    """What was said of one conversation, newest first. Raises Forbidden."""
    require_role(reach.viewer, Action.SUPERVISE)
    return await _reviews(session, QualityReview.conversation_id == conversation_id)


async def reviews_for(session: AsyncSession, reach: Reach) -> list[Review]:
    """For an agent what was said of their own work, for a supervisor of everybody's; newest first."""
    own = QualityReview.agent_id == reach.viewer.user_id
    return await _reviews(session, QualityReview.id > 0 if reach.sees_all else own)


async def _reviews(session: AsyncSession, condition: ColumnElement[bool]) -> list[Review]:
    review, agent, reviewer = QualityReview, aliased(models.User), aliased(models.User)
    statement = (
        select(
            review.id, review.conversation_id, agent.name, reviewer.name, review.scorecard, review.answers,
            review.score, review.comment, review.at,
        )
        .join(agent, agent.id == review.agent_id)
        .join(reviewer, reviewer.id == review.reviewer_id)
        .where(condition)
        .order_by(review.id.desc())
        .limit(MOST_LISTED)
    )  # fmt: skip
    rows: Iterable[Sequence[Any]] = await session.execute(statement)
    return [Review(*row) for row in rows]
