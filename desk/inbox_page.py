"""The list of conversations as its reader sees it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.inbox_view import InboxRow, InboxTab, inbox_counts, inbox_rows
from crm_core.states import Author, ConversationState
from desk.people import (
    Chip,
    Wait,
    channel_icon,
    elapsed,
    initials,
    intent_name,
    mood_chips,
    offered_until,
    person_name,
    promise,
)
from desk.reader import Reader
from desk.views import Inbox, Me, Row, Tab

MOST_ROWS = 100
MOST_LINE = 140


def tab_of(key: object) -> InboxTab:
    """The tab of that name; anything else is the first one."""
    return next((tab for tab in InboxTab if tab == key), InboxTab.MINE)


async def read_inbox(session: AsyncSession, reader: Reader, tab: InboxTab) -> Inbox:
    counts = await inbox_counts(session, reader.reach)
    mine = await inbox_rows(session, reader.reach, InboxTab.MINE, MOST_ROWS)
    found = mine if tab is InboxTab.MINE else await inbox_rows(session, reader.reach, tab, MOST_ROWS)
    rows = shown_rows(found, reader)
    tabs = tuple(Tab(item.value, counts.get(item)) for item in InboxTab)
    waiting = counts[InboxTab.QUEUE] + sum(_waits_for_us(row) for row in mine)
    return Inbox(tab.value, tabs, waiting, rows)


def shown_rows(found: Sequence[InboxRow], reader: Reader) -> tuple[Row, ...]:
    return tuple(_row(row, reader) for row in found)


def me(reader: Reader, inbox: Inbox) -> Me:
    """The reader, with how many conversations they have open."""
    load = next(tab.count or 0 for tab in inbox.tabs if tab.key == InboxTab.MINE)
    viewer = reader.viewer
    return Me(viewer.name, initials(viewer.name), viewer.role.value, reader.state.value, load)


def _waits_for_us(row: InboxRow) -> bool:
    return row.last_author == Author.CONTACT and row.state not in (ConversationState.CLOSED, ConversationState.BOT)


def _row(row: InboxRow, reader: Reader) -> Row:
    words = reader.words
    name = person_name(row.contact_name, row.address_uri, words)
    return Row(
        row.conversation_id, name, initials(name), channel_icon(row.channel),
        words.known(f"channels.{row.channel}", row.channel), wait_of(row, reader),
        _said_by(row, reader), _one_line(row.last_line) or words("inbox.no_text"), _chips(row, reader),
        unread=_waits_for_us(row),
    )  # fmt: skip


def _is_offered(row: InboxRow, reader: Reader) -> bool:
    return row.state == ConversationState.OFFERED and row.agent_id == reader.viewer.user_id


def wait_of(row: InboxRow, reader: Reader) -> Wait:
    """How long an offer holds; the promised first reply while it is due; else how long ago something was said."""
    offered = offered_until(reader.clock, row.offer) if _is_offered(row, reader) else None
    if offered is not None:
        return offered
    if row.due_at is None or row.waiting_since is None or row.state == ConversationState.CLOSED:
        return elapsed(reader.clock, row.last_message_at)
    return promise(reader.clock, row.waiting_since, row.due_at)


def _said_by(row: InboxRow, reader: Reader) -> str:
    if row.last_author == Author.BOT:
        return reader.words("inbox.bot")
    if row.last_author != Author.AGENT:
        return ""
    own = row.agent_id == reader.viewer.user_id
    return reader.words("inbox.you") if own else (row.agent_name or "").split(" ")[0]


def _chips(row: InboxRow, reader: Reader) -> tuple[Chip, ...]:
    words, chips = reader.words, list(mood_chips(row.signals, reader.words))
    if _is_offered(row, reader):
        chips.insert(0, Chip(words("inbox.offered"), "ok"))
    if row.escalated and row.state != ConversationState.CLOSED:
        chips.insert(0, Chip(words("inbox.escalated"), "warn"))
    if row.snoozed_until is not None:
        chips.insert(0, Chip(words("inbox.snoozed", time=reader.clock.day_and_time(row.snoozed_until))))
    if row.intent:
        chips.append(Chip(intent_name(row.intent, words), "accent"))
    if row.language:
        chips.append(Chip(row.language))
    if row.order_number:
        chips.append(Chip(row.order_number, "num"))
    if row.state == ConversationState.BOT:
        chips.append(Chip(words("inbox.with_bot")))
    elif row.agent_name and row.agent_id != reader.viewer.user_id:
        chips.append(Chip(words("inbox.with_agent", name=row.agent_name.split(" ")[0])))
    return tuple(chips)


def _one_line(text: str) -> str:
    return " ".join(text[: 4 * MOST_LINE].split())[:MOST_LINE]
