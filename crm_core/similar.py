"""What colleagues answered to the like of a question, in conversations that were solved and that the viewer may see."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import cast, func, literal, select, text, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from crm_core import models
from crm_core.access import Reach, audible, visible_conversations
from crm_core.plain_text import storable
from crm_core.states import Author, ConversationState, Direction, Visibility

SINCE = timedelta(days=365)
UNSOLVED = ("spam", "no_answer", "duplicate")
MOST_LOOKED_AT = 400  # the latest that share a word
LEAST_SHARED, LEAST_SHARE = 2, 0.5  # of the words of the question
MOST_CHARACTERS = 1_000
BLANKS = frozenset({"name", "number", "address"})  # what stands for another customer's own
_message, _conversation = models.Message, models.Conversation

_LEXEMES = text("select tsvector_to_array(message_vector(cast(:language as text), cast(:said as text)))")
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w+")
_NUMBER = re.compile(r"(?<!\w)\+?\w{0,4}-?\d[\d\s-]{2,}\d(?!\w)")


@dataclass(frozen=True, slots=True)
class Solved:
    """What was asked and what was answered; what belongs to that customer alone is a blank to fill in."""

    conversation_id: int
    asked: str
    answer: str
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in a conversation, and the language it is in."""

    conversation_id: int
    text: str
    language: str


async def similar_solved(
    session: AsyncSession, now: datetime, reach: Reach, asked: Asked, limit: int = 1
) -> list[Solved]:
    """The nearest first; nothing where too few words are shared."""
    bound = {"language": asked.language, "said": storable(asked.text)[:MOST_CHARACTERS]}
    lexemes = set(await session.scalar(_LEXEMES, bound) or ())
    if len(lexemes) < LEAST_SHARED:
        return []
    found = (await session.execute(_candidates(now, reach, asked, sorted(lexemes)))).all()
    near = [(len(lexemes & set(row.lexemes)) / len(lexemes), row) for row in found]
    best = sorted((each for each in near if _is_near(each[0], len(lexemes))), key=lambda each: -each[0])
    answers = dict.fromkeys(_solved(row) for _, row in best)  # the same macro is one answer
    return list(answers)[:limit]


def _is_near(share: float, lexemes: int) -> bool:
    return share >= LEAST_SHARE and share * lexemes >= LEAST_SHARED


def _candidates(now: datetime, reach: Reach, asked: Asked, lexemes: list[str]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    wanted = cast(literal(" | ".join(_quoted(lexeme) for lexeme in lexemes)), TSQUERY)
    answer = aliased(_message)
    reply = (
        select(answer.text)
        .where(
            answer.conversation_id == _message.conversation_id, answer.id > _message.id,
            answer.author == Author.AGENT, answer.visibility == Visibility.PUBLIC,
        )
        .order_by(answer.id)
        .limit(1)
        .lateral()
    )  # fmt: skip
    return (
        select(
            _conversation.id, _message.text.label("asked"), reply.c.text.label("answer"), _conversation.closed_at,
            models.Contact.name, func.tsvector_to_array(_message.search).label("lexemes"),
        )
        .join(_conversation, _conversation.id == _message.conversation_id)
        .join(models.Contact, models.Contact.id == _conversation.contact_id)
        .join(reply, true())
        .where(
            _message.search.op("@@")(wanted), _message.direction == Direction.IN, visible_conversations(reach),
            audible(reach, _message), _conversation.state == ConversationState.CLOSED,
            _conversation.id != asked.conversation_id, _conversation.closed_at > now - SINCE,
            _conversation.disposition.not_in(UNSOLVED), models.Contact.erased_at.is_(None),
            func.coalesce(_message.language, _conversation.language) == asked.language,
        )
        .order_by(_message.id.desc())
        .limit(MOST_LOOKED_AT)
    )  # fmt: skip


def _quoted(lexeme: str) -> str:
    doubled = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _solved(row: object) -> Solved:
    return Solved(
        row.id, row.asked, without_their_own(row.answer, row.name), row.closed_at,  # type: ignore[attr-defined]
    )  # fmt: skip


def without_their_own(said: str, name: str | None) -> str:
    """Addresses, numbers and the name of that customer become blanks, which nobody can send unfilled."""
    said = _NUMBER.sub("{number}", _MAIL.sub("{address}", said))
    for part in sorted((name or "").split(), key=len, reverse=True):
        said = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "{name}", said, flags=re.IGNORECASE)
    return re.sub(r"\{name\}(?:\s+\{name\})+", "{name}", said)
