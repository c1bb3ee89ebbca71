"""Transcript search: words stemmed in three languages, phrases, filters; only what the viewer may see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Float,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from crm_core import models
from crm_core.access import Reach, audible, visible_conversations
from crm_core.errors import InvalidInput
from crm_core.plain_text import storable
from crm_core.surveys import CSAT

# Spanish twice: without accents, as people type, and with them, as its stemmer needs “-ción”
CONFIGURATIONS: Mapping[str, tuple[str, ...]] = {
    "en": ("switchboard_en",), "ru": ("switchboard_ru",), "es": ("spanish", "switchboard_es"),
}  # fmt: skip
PAGE = 25
MOST_QUERY_CHARACTERS = 300
HIT_STARTS, HIT_ENDS = "\x02", "\x03"
_MARKS = f"StartSel={HIT_STARTS}, StopSel={HIT_ENDS}"
_WHOLE = f"{_MARKS}, HighlightAll=true"
_PARTS = f'{_MARKS}, MaxFragments=2, MinWords=12, MaxWords=28, FragmentDelimiter=" … "'
_EXCERPT_CHARACTERS = 240
# what is rare and what is frequent need different plans, and few pages are read from a disk
_PLANNING = {"plan_cache_mode": "force_custom_plan", "random_page_cost": "1.1"}
_HIDDEN = "\ue000\ue001"  # for < and >, since ts_headline leaves out what looks like a tag
_SHOWN = str.maketrans(_HIDDEN, "<>")
_WINDOW = 5_000  # messages
Messages = type[models.Message]  # all of them, or an alias for some
_message, _conversation = models.Message, models.Conversation


class NothingToLookFor(InvalidInput):
    """Only words that every text holds, or only words that must not occur."""

    code = "nothing_to_look_for"


@dataclass(frozen=True, slots=True)
class TranscriptQuery:
    """`words` as typed into a search engine: "a phrase", -without, this OR that. None does not narrow."""

    words: str = ""
    language: str | None = None
    channel: str | None = None
    queue: str | None = None
    agent_id: int | None = None
    intent: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    rated_at_most: int | None = None
    confidence_below: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `excerpt` is plain text as people wrote it; hits in it stand between marks."""

    message_id: int
    conversation_id: int
    at: datetime
    author: str
    visibility: str
    excerpt: str
    language: str | None
    channel: str
    contact_name: str | None
    author_name: str | None
    queue_key: str | None
    intent: str | None
    state: str
    rating: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """One page, newest first; `before` asks for the next one, None when this is the last."""

    hits: tuple[Hit, ...]
    before: int | None = None


async def search_transcripts(
    session: AsyncSession, reach: Reach, query: TranscriptQuery, before: int | None = None
) -> Found:
    """Without words, the latest message of every conversation that the filters leave. Raises NothingToLookFor."""
    end, wanted = await _bounds(session, query, before)
    recent = _page(reach, query, _lately(wanted, end)).cte("recent")
    is_filled = select(func.count()).select_from(recent).scalar_subquery() > PAGE
    rest = _page(reach, query, _ever(wanted, end)).where(~is_filled).cte("rest")  # not even begun where it is filled
    page = union_all(select(recent.c.id).where(is_filled), select(rest.c.id))
    rows = (await session.execute(_excerpts(page, wanted))).all()
    hits = tuple(_hit(row) for row in rows[:PAGE])
    return Found(hits, hits[-1].message_id if len(rows) > PAGE else None)


def _lately(wanted: ColumnElement[Any] | None, end: int) -> Messages:
    """What is frequent fills a page from the last thousands."""
    recent = select(_message).where(_message.id < end, _message.id > end - _WINDOW)
    return _those(recent, wanted)


def _ever(wanted: ColumnElement[Any] | None, end: int) -> Messages:
    """What is rare comes out of its index: the offset keeps the planner from walking through all messages for it."""
    everything = select(_message).where(_message.id < end)
    return _those(everything if wanted is None else everything.offset(literal_column("0")), wanted)


def _those(messages: Select[Any], wanted: ColumnElement[Any] | None) -> Messages:
    matching = messages if wanted is None else messages.where(_message.search.op("@@")(wanted))
    return aliased(_message, matching.subquery())


async def _bounds(
    session: AsyncSession, query: TranscriptQuery, before: int | None
) -> tuple[int, ColumnElement[Any] | None]:
    """The first message that is no longer looked at, and what is looked for: values by the time a search is planned.

    Stemmed in the chosen language or else in each. One journey to the database, which on a busy machine is what a
    search spends its time with.
    """
    words = storable(query.words)[:MOST_QUERY_CHARACTERS]
    is_worded = bool(query.words.strip())
    chosen = CONFIGURATIONS.get(query.language or "")
    names = chosen or [name for each in CONFIGURATIONS.values() for name in each]
    stems = [func.websearch_to_tsquery(_configuration(name), words) for name in names] if is_worded else []
    planning = [func.set_config(name, value, true()) for name, value in _PLANNING.items()]
    asked = [cast(part, Text) for part in (*stems, *map(func.querytree, stems))]
    latest, *rest = (await session.execute(select(func.max(_message.id), *asked, *planning))).one()
    end = before if before is not None else 1 + (latest or 0)
    if not is_worded:
        return end, None
    texts, trees = rest[: len(names)], rest[len(names) : 2 * len(names)]
    found = {stem for stem, tree in zip(texts, trees, strict=True) if tree not in ("", "T")}
    if not found:
        raise NothingToLookFor("Write at least one word that is rarer.")
    return end, cast(literal(" | ".join(f"({stem})" for stem in sorted(found))), TSQUERY)


def _configuration(name: str) -> ColumnElement[Any]:
    return cast(literal(name), REGCONFIG)


def _page(reach: Reach, query: TranscriptQuery, message: Messages) -> Select[Any]:
    listed = true() if query.words.strip() else _is_latest(message)
    return (
        select(message.id)
        .join(_conversation, _conversation.id == message.conversation_id)
        .join(models.Contact, models.Contact.id == _conversation.contact_id)
        .join(models.Inbox, models.Inbox.id == _conversation.inbox_id)
        .where(listed, visible_conversations(reach), audible(reach, message), models.Contact.erased_at.is_(None))
        .where(*_filters(query, message))
        .order_by(message.id.desc())
        .limit(PAGE + 1)
    )


def _is_latest(message: Messages) -> ColumnElement[bool]:
    later = aliased(_message)
    return ~exists().where(later.conversation_id == message.conversation_id, later.id > message.id)


def _filters(query: TranscriptQuery, message: Messages) -> Iterator[ColumnElement[bool]]:
    equal = (
        (func.coalesce(message.language, _conversation.language), query.language),
        (models.Inbox.channel, query.channel),
        (_conversation.queue_key, query.queue),
        (_conversation.agent_id, query.agent_id),
        (_conversation.state, query.state),
    )
    yield from (column == value for column, value in equal if value is not None)
    if query.intent is not None:
        yield or_(_conversation.intent == query.intent, message.nlu["intent"].astext == query.intent)
    if query.since is not None:
        yield message.created_at >= query.since
    if query.until is not None:
        yield message.created_at < query.until
    if query.rated_at_most is not None:
        yield _is_rated(query.rated_at_most)
    if query.confidence_below is not None:
        yield _is_unsure(query, message)


def _is_rated(at_most: int) -> ColumnElement[bool]:
    survey = models.Survey
    return exists().where(
        survey.conversation_id == _conversation.id, survey.kind == CSAT, survey.score <= at_most
    )  # fmt: skip


def _is_unsure(query: TranscriptQuery, message: Messages) -> ColumnElement[bool]:
    """The message itself, or any of its conversation where conversations are listed."""
    if query.words.strip():
        return cast(message.nlu["confidence"].astext, Float) < query.confidence_below
    said = aliased(_message)
    unsure = cast(said.nlu["confidence"].astext, Float) < query.confidence_below
    return exists().where(said.conversation_id == _conversation.id, unsure)


def _excerpts(page: CompoundSelect[Any], wanted: ColumnElement[Any] | None) -> Select[Any]:
    """Highlighting reads the whole text again, so only what is shown is highlighted."""
    found: Subquery = page.subquery()
    survey = models.Survey
    spoken = func.coalesce(_message.language, _conversation.language)
    by_language = ((spoken == language, _configuration(names[0])) for language, names in CONFIGURATIONS.items())
    configuration = case(*by_language, else_=_configuration("switchboard_en"))
    shown = func.translate(_message.text, "<>", _HIDDEN)
    plain = func.left(shown, _EXCERPT_CHARACTERS)
    options = case((func.length(_message.text) <= _EXCERPT_CHARACTERS, _WHOLE), else_=_PARTS)
    excerpt = plain if wanted is None else func.ts_headline(configuration, shown, wanted, options)
    return (
        select(
            _message.id, _message.conversation_id, _message.created_at, _message.author, _message.visibility, excerpt,
            spoken, models.Inbox.channel, models.Contact.name, models.User.name, _conversation.queue_key,
            _conversation.intent, _conversation.state, survey.score,
        )
        .select_from(found)
        .join(_message, _message.id == found.c.id)
        .join(_conversation, _conversation.id == _message.conversation_id)
        .join(models.Contact, models.Contact.id == _conversation.contact_id)
        .join(models.Inbox, models.Inbox.id == _conversation.inbox_id)
        .join(models.User, models.User.id == _message.agent_id, isouter=True)
        .join(survey, and_(survey.conversation_id == _conversation.id, survey.kind == CSAT), isouter=True)
        .order_by(_message.id.desc())
    )  # fmt: skip


def _hit(row: Sequence[Any]) -> Hit:
    hit = Hit(*row)
    return replace(hit, excerpt=hit.excerpt.translate(_SHOWN))


def pieces(excerpt: str) -> tuple[tuple[str, bool], ...]:
    """The excerpt in parts, each with whether it is what was looked for; still plain text, to be escaped."""
    parts: list[tuple[str, bool]] = []
    for number, part in enumerate(excerpt.split(HIT_STARTS)):
        hit, mark, rest = part.partition(HIT_ENDS)
        parts += [(hit, True), (rest, False)] if number and mark else [(part, False)]
    return tuple((text.replace(HIT_ENDS, ""), is_hit) for text, is_hit in parts if text)
