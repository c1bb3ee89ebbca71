"""The read view of a conversation: for the desk by permission, for a visitor only what is theirs and public."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, hears, kept_from, require, visible_conversations
from crm_core.contracts import Card, Choice, JsonObject, Tone
from crm_core.conversation_head import ConversationHead, conversation_head, rating_of
from crm_core.errors import NotFound
from crm_core.states import Author, CorrectionState, Visibility
from crm_core.surveys import CSAT
from crm_core.wait_estimates import wait_from

MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An attachment as the reader sees it."""

    token: str
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One message or note. `nlu` is what the bot understood; `choice` the button that was pressed."""

    id: int
    at: datetime
    direction: str
    author: str
    visibility: str
    text: str
    agent_id: int | None = None
    agent_name: str | None = None
    choices: tuple[Choice, ...] = ()
    card: Card | None = None
    choice: str | None = None
    delivery: str | None = None
    delivery_code: str | None = None
    nlu: JsonObject | None = None
    language: str | None = None
    external_id: str | None = None
    attachments: tuple[FileEntry, ...] = ()
    corrected_intent: str | None = None
    extra: JsonObject = field(default_factory=dict)  # marks, and what only this channel has; for staff
    whisper_to: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as staff read it."""

    conversation: ConversationHead
    entries: tuple[TranscriptEntry, ...]


@dataclass(frozen=True, slots=True)
class PastConversation:
    """A line of the contact's timeline."""

    id: int
    channel: str
    intent: str | None
    state: str
    opened_at: datetime
    disposition: str | None
    survey_score: int | None


@dataclass(frozen=True, slots=True)
class VisitorUpdates:
    """What a visitor's widget shows; `state` is None before the first message."""

    conversation_id: int | None = None
    state: str | None = None
    entries: tuple[TranscriptEntry, ...] = ()
    queue_position: int | None = None
    estimated_wait_s: float | None = None
    longest_wait_s: float | None = None  # eight of ten wait no longer
    agent_name: str | None = None
    survey_due: bool = False
    answered: bool = False  # the rating


_ENTRY_COLUMNS = (
    models.Message.id, models.Message.created_at, models.Message.direction, models.Message.author,
    models.Message.visibility, models.Message.text, models.Message.agent_id, models.Message.content,
    models.Message.delivery, models.Message.delivery_code, models.Message.nlu, models.Message.language,
    models.Message.external_id, models.User.name.label("agent_name"),
    models.NluCorrection.intent.label("corrected_intent"),
)  # fmt: skip


async def transcript(session: AsyncSession, reach: Reach, conversation_id: int) -> Transcript:
    """Raises NotFound for a conversation that is not there or that the viewer may not know of."""
    statement = select(models.Conversation).where(models.Conversation.id == conversation_id)
    conversation = await session.scalar(statement.execution_options(populate_existing=True))
    if conversation is None:
        raise NotFound("There is no such conversation.")
    require(reach, Action.READ, conversation)
    head = await conversation_head(session, conversation_id)
    if head is None:
        raise NotFound("There is no such conversation.")
    entries = await entries_after(session, conversation_id)
    return Transcript(head, tuple(entry for entry in entries if _is_for(reach, entry)))


def _is_for(reach: Reach, entry: TranscriptEntry) -> bool:
    if entry.visibility in kept_from(reach.viewer):
        return False
    return entry.visibility != Visibility.WHISPER or hears(reach, entry.agent_id, entry.whisper_to)


async def contact_timeline(
    session: AsyncSession, reach: Reach, contact_id: int, limit: int = 20
) -> list[PastConversation]:
    """The contact's conversations that the viewer may see, newest first."""
    conversation = models.Conversation
    statement = (
        select(
            conversation.id, models.Inbox.channel, conversation.intent, conversation.state,
            conversation.opened_at, conversation.disposition, models.Survey.score,
        )
        .select_from(conversation)
        .join(models.Inbox, models.Inbox.id == conversation.inbox_id)
        .join(models.Survey, rating_of(conversation), isouter=True)
        .where(conversation.contact_id == contact_id, visible_conversations(reach))
        .order_by(conversation.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [PastConversation(*row) for row in await session.execute(statement)]


_MOST_RECENT = 5_000


async def recent_customer_texts(session: AsyncSession, *, days: int) -> list[tuple[str, str]]:
    """Text and language of what customers wrote in the last `days`, the latest first; at most 5,000.

    For the operator of the machine: no access is checked here.
    """
    found = await session.execute(
        text("""
            select m.text, coalesce(m.language, c.language, '') from message m
            join conversation c on c.id = m.conversation_id
            where m.direction = 'in' and m.text <> '' and m.created_at > now() - make_interval(days => :days)
            order by m.id desc limit :most
        """),
        {"days": days, "most": _MOST_RECENT},
    )
    return [(str(said), str(language)) for said, language in found]


async def entries_after(
    session: AsyncSession, conversation_id: int, after_message_id: int = 0
) -> tuple[TranscriptEntry, ...]:
    """Messages and notes of one conversation in order; the caller has asked for access."""
    return await _entries(session, models.Message.conversation_id == conversation_id, after_message_id)


async def public_entries(session: AsyncSession, conversation_id: int) -> tuple[TranscriptEntry, ...]:
    """What the customer of one conversation may see of it: no notes, no whispers, of agents the first name."""
    theirs = (models.Message.conversation_id == conversation_id) & (models.Message.visibility == Visibility.PUBLIC)
    return tuple(_for_visitor(entry) for entry in await _entries(session, theirs, 0))


async def _entries(session: AsyncSession, condition: ColumnElement[bool], after: int) -> tuple[TranscriptEntry, ...]:
    correction = models.NluCorrection
    is_corrected = (correction.message_id == models.Message.id) & (correction.state != CorrectionState.DISMISSED)
    newest = (
        select(*_ENTRY_COLUMNS)
        .join(models.User, models.User.id == models.Message.agent_id, isouter=True)
        .join(models.NluCorrection, is_corrected, isouter=True)
        .where(condition, models.Message.id > after)
        .order_by(models.Message.id.desc())
        .limit(MOST_ENTRIES)
    )
    rows = (await session.execute(newest)).mappings().all()[::-1]
    files = await _files(session, [row["id"] for row in rows])
    return tuple(entry_of(row, files.get(row["id"], ())) for row in rows)


async def _files(session: AsyncSession, message_ids: Sequence[int]) -> dict[int, tuple[FileEntry, ...]]:
    if not message_ids:
        return {}
    statement = select(models.AttachmentRow).where(models.AttachmentRow.message_id.in_(message_ids))
    found: defaultdict[int, tuple[FileEntry, ...]] = defaultdict(tuple)
    for row in await session.scalars(statement.order_by(models.AttachmentRow.id)):
        found[row.message_id] += (FileEntry(row.token, row.name, row.content_type, row.size),)
    return found


_SHOWN = frozenset({"choices", "card", "choice"})  # in fields of their own


def entry_of(row: RowMapping, files: tuple[FileEntry, ...] = ()) -> TranscriptEntry:
    content = row["content"]
    return TranscriptEntry(
        row["id"], row["created_at"], row["direction"], row["author"], row["visibility"], row["text"],
        row["agent_id"], row["agent_name"], _choices(content), _card(content), content.get("choice"),
        row["delivery"], row["delivery_code"], row["nlu"], row["language"], row["external_id"], files,
        row.get("corrected_intent"), {key: value for key, value in content.items() if key not in _SHOWN},
        content.get("whisper_to"),
    )  # fmt: skip


def _choices(content: JsonObject) -> tuple[Choice, ...]:
    found = content.get("choices")
    if not isinstance(found, list):
        return ()
    return tuple(Choice(str(item["label"]), str(item["value"])) for item in found if isinstance(item, dict))


def _card(content: JsonObject) -> Card | None:
    card = content.get("card")
    if not isinstance(card, dict):
        return None
    lines = card.get("lines")
    values = {**card, "tone": Tone(str(card["tone"])), "lines": tuple(lines) if isinstance(lines, list) else ()}
    return Card(**values)  # type: ignore[arg-type]


_VISITOR_UPDATES = text("""
with head as (
    select c.id, c.contact_id, c.state, c.queue_key, c.route_by, c.estimate, s.sent_at, s.answered_at,
           case when c.state <> 'offered' then u.name end as owner_name
    from address a
    join conversation c on c.contact_id = a.contact_id
    left join app_user u on u.id = c.agent_id
    left join survey s on s.conversation_id = c.id and s.kind = :rating
    where a.uri = :uri and c.inbox_id = :inbox_id
    order by c.id desc
    limit 1
)
select head.id as head_id, head.state as conversation_state, head.owner_name, head.sent_at as survey_sent_at,
       head.answered_at, head.estimate,
       case when head.state in ('queued', 'offered') then (
           select count(*) + 1 from conversation o
           where o.queue_key = head.queue_key and o.state in ('queued', 'offered')
           and (o.route_by, o.id) < (head.route_by, head.id)
       ) end as position,
       m.*, w.name as agent_name,
       (select json_agg(json_build_array(f.token, f.name, f.content_type, f.size) order by f.id)
        from attachment f where f.message_id = m.id) as files
from head
left join lateral (
    select m.id, m.created_at, m.direction, m.author, m.visibility, m.text, m.agent_id, m.content, m.delivery,
           m.delivery_code, m.nlu, m.language, m.external_id
    from message m
    where m.conversation_id in (
        select id from conversation where contact_id = head.contact_id and inbox_id = :inbox_id
    ) and m.visibility = 'public' and m.id > :after
    order by m.id desc
    limit :most
) m on true
left join app_user w on w.id = m.agent_id
order by m.id
""")


async def visitor_updates(session: AsyncSession, inbox_id: int, address_uri: str, after_id: int) -> VisitorUpdates:
    """What the visitor at `address_uri` has not seen yet, over all their conversations here, and how things stand.

    Only public messages; of an agent only the first name. One statement: it runs for every live message.
    """
    bound = {"uri": address_uri, "inbox_id": inbox_id, "after": after_id, "most": MOST_ENTRIES, "rating": CSAT}
    rows = (await session.execute(_VISITOR_UPDATES, bound)).mappings().all()
    if not rows:
        return VisitorUpdates()
    head = rows[0]
    position, wait = head["position"], wait_from(head["estimate"], head["position"])
    entries = (entry_of(row, _files_of(row)) for row in rows if row["id"] is not None)
    return VisitorUpdates(
        head["head_id"], head["conversation_state"], tuple(_for_visitor(entry) for entry in entries), position,
        wait.p50_s if wait else None, wait.p80_s if wait else None, _first_name(head["owner_name"]),
        survey_due=head["survey_sent_at"] is not None and head["answered_at"] is None,
        answered=head["answered_at"] is not None,
    )  # fmt: skip


def _files_of(row: RowMapping) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(*file) for file in row["files"] or ())


def _first_name(name: str | None) -> str | None:
    return name.split()[0] if name else None


def _for_visitor(entry: TranscriptEntry) -> TranscriptEntry:
    name = _first_name(entry.agent_name) if entry.author == Author.AGENT else None
    return TranscriptEntry(
        entry.id, entry.at, entry.direction, entry.author, entry.visibility, entry.text, None, name,
        entry.choices, entry.card, entry.choice, None, None, None, entry.language, entry.external_id,
        entry.attachments,
    )  # fmt: skip
