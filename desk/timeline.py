"""The entries of a conversation as the agent reads them: who said what when, what the bot understood, what arrived."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from babel.numbers import format_decimal

from crm_core.contracts import Card, DeliveryState, Json, JsonObject
from crm_core.conversation_head import ConversationHead
from crm_core.parked_sends import PARKED
from crm_core.states import Author, Direction, Visibility
from crm_core.transcripts import FileEntry, TranscriptEntry
from desk.letters import has_remote_pictures
from desk.moments import Clockface
from desk.orders import web_address
from desk.people import intent_name, mood_chips
from desk.views import Delivery, Entry, File, Mark, Moment, SmallCard, Understood
from desk.words import Words

_DELIVERY: Mapping[str, tuple[str, str]] = {
    DeliveryState.PENDING: ("clock", ""), DeliveryState.SENDING: ("clock", ""), DeliveryState.SENT: ("check", ""),
    DeliveryState.DELIVERED: ("check-check", ""), DeliveryState.READ: ("check-check", "ok"),
    DeliveryState.FAILED: ("circle-alert", "bad"), DeliveryState.IN_DOUBT: ("circle-help", "warn"),
}  # fmt: skip
_MARK_TONES = {"different_sender": "bad", "unverified_sender": "warn", "unreadable": "warn"}
_UNITS = ("B", "kB", "MB", "GB")
THOUSAND = 1000
MOST_ENTITIES = 4
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def timeline(
    head: ConversationHead, found: Sequence[TranscriptEntry], clock: Clockface, dispositions: Mapping[str, str]
) -> tuple[Entry, ...]:
    """All entries in order; the first of each day carries the day's name. `dispositions`: key to name."""
    entries, day = list[Entry](), ""
    for entry in found:
        heading = clock.long_day(entry.at)
        shown = _message(head.id, entry, clock, "" if heading == day else heading)
        entries.append(_settled(shown, entry, head.id, clock.words))
        day = heading
    return (*entries, *_end(head, clock, dispositions))


def _message(conversation_id: int, entry: TranscriptEntry, clock: Clockface, day: str) -> Entry:
    is_note = entry.visibility != Visibility.PUBLIC
    is_in = entry.direction == Direction.IN
    return Entry(
        key=f"m-{entry.id}", id=str(entry.id), kind=_kind(entry), side="in" if is_in else "out",
        author=entry.author, by=_said_by(entry, clock.words), text=entry.text, at=_moment(entry.at, clock), day=day,
        language=entry.language or "", card=_card(entry.card) if entry.card else None,
        choices=tuple(choice.label for choice in entry.choices),
        attachments=tuple(_file(file, clock) for file in entry.attachments),
        understood=_understood(entry, clock) if is_in else None,
        delivery=None if is_in or is_note else _delivery(entry.delivery, clock.words),
        marks=_marks(entry.extra, clock.words), quoted=str(entry.extra.get("quoted") or ""),
        formatted=_formatted(entry, conversation_id), has_remote=has_remote_pictures(entry.extra),
        wrote_into=_conversation_address(entry.extra.get("wrote_into")),
        before=_wordings(entry.extra.get("before")),
    )  # fmt: skip


def _marks(extra: JsonObject, words: Words) -> tuple[Mark, ...]:
    stored = extra.get("marks")
    known = [str(mark) for mark in stored] if isinstance(stored, list) else []
    return tuple(
        Mark(words.known(f"marks.{mark}", mark), words.known(f"marks_hint.{mark}", ""), _MARK_TONES.get(mark, ""))
        for mark in known
    )


def _wordings(stored: Json) -> tuple[str, ...]:
    return tuple(str(text) for text in stored) if isinstance(stored, list) else ()


def _formatted(entry: TranscriptEntry, conversation_id: int) -> str:
    return f"/desk/c/{conversation_id}/letters/{entry.id}" if entry.extra.get("html") else ""


def _conversation_address(stored: Json) -> str:
    return f"/desk/c/{stored}" if isinstance(stored, int) else ""


def _kind(entry: TranscriptEntry) -> str:
    kinds = {Visibility.INTERNAL: "note", Visibility.WHISPER: "whisper"}
    return kinds.get(Visibility(entry.visibility), "message")


def _moment(at: datetime, clock: Clockface) -> Moment:
    return Moment(at.isoformat(), clock.clock(at), clock.full(at))


def _said_by(entry: TranscriptEntry, words: Words) -> str:
    name = entry.agent_name or words("message.someone")
    if entry.visibility == Visibility.WHISPER:
        return words("message.whisper_by", name=name)
    if entry.visibility == Visibility.INTERNAL and entry.author != Author.SYSTEM:
        return words("message.note_by", name=name)
    system = words("message.campaign" if "campaign_id" in entry.extra else "message.system")
    known = {Author.BOT: words("message.bot"), Author.SYSTEM: system, Author.AGENT: name}
    return known.get(Author(entry.author), "")


def _card(card: Card) -> SmallCard:
    return SmallCard(
        card.title, card.badge, card.tone.value, card.steps_done, card.steps_total, card.lines, card.footnote,
        web_address(card.link), card.link_label,
    )  # fmt: skip


def _file(file: FileEntry, clock: Clockface) -> File:
    href = f"/files/{file.token}/{quote(file.name, safe='')}"
    kind = file.content_type
    return File(file.name, size_text(file.size, clock), href, kind in PICTURES, kind.startswith("audio/"))


def size_text(size: int, clock: Clockface) -> str:
    """“184 kB”; powers of a thousand, as SI has it."""
    value, unit = float(size), 0
    while value >= THOUSAND and unit < len(_UNITS) - 1:
        value, unit = value / THOUSAND, unit + 1
    rounded = round(value) if value >= 10 or not unit else round(value, 1)  # noqa: PLR2004 - two digits
    return f"{format_decimal(rounded, locale=clock.words.locale)} {_UNITS[unit]}"


def _delivery(state: str | None, words: Words) -> Delivery | None:
    if state is None or state not in _DELIVERY:
        return None
    icon, tone = _DELIVERY[state]
    return Delivery(words(f"delivery.{state}"), icon, tone)


def _settled(shown: Entry, entry: TranscriptEntry, conversation_id: int, words: Words) -> Entry:
    """A send that failed or is in doubt says why, and where it is settled."""
    if shown.delivery is None or entry.delivery not in PARKED:
        return shown
    why = words.known(f"delivery_codes.{entry.delivery_code}", entry.delivery_code or "")
    return replace(shown, delivery=replace(shown.delivery, why=why, settle=f"/desk/c/{conversation_id}"))


def _understood(entry: TranscriptEntry, clock: Clockface) -> Understood | None:
    """The stored NluResult; whatever else may stand there is left out rather than shown wrong."""
    nlu = entry.nlu or {}
    best = _best_intent(nlu)
    if best is None:
        return None
    name = intent_name(best[0], clock.words)
    confidence = str(format_decimal(best[1], "0.00", locale=clock.words.locale))
    title = clock.words("message.understood", intent=name, confidence=confidence)
    corrected = intent_name(entry.corrected_intent, clock.words) if entry.corrected_intent else ""
    return Understood(
        name, confidence, _entities(nlu.get("entities")), title, entry.corrected_intent or best[0], corrected,
        mood_chips(nlu, clock.words),
    )  # fmt: skip


def _best_intent(nlu: JsonObject) -> tuple[str, float] | None:
    intents = nlu.get("intents")
    if isinstance(intents, list) and intents and isinstance(intents[0], list):
        name, confidence = intents[0][:2]
    else:
        name, confidence = nlu.get("intent"), nlu.get("confidence")
    if isinstance(name, str) and isinstance(confidence, (int, float)):
        return name, float(confidence)
    return None


def _entities(found: Json) -> tuple[str, ...]:
    if isinstance(found, dict):
        return tuple(str(value) for value in found.values())[:MOST_ENTITIES]
    if not isinstance(found, list):
        return ()
    values = [item.get("value") for item in found if isinstance(item, dict)]
    return tuple(str(value) for value in values if value)[:MOST_ENTITIES]


def _end(head: ConversationHead, clock: Clockface, dispositions: Mapping[str, str]) -> list[Entry]:
    """How it was closed, and what the customer said about it."""
    if head.closed_at is None:
        return []
    words, at = clock.words, _moment(head.closed_at, clock)
    how = dispositions.get(head.disposition or "") or words("events.no_disposition")
    closed = words("events.closed_by_bot", disposition=how)
    if head.agent_name:
        closed = words("events.closed", name=head.agent_name, disposition=how)
    entries = [Entry("closed", "", "event", "", "system", "", closed, at)]
    if head.survey_score is not None:
        rated = words("events.rated", score=head.survey_score)
        entries.append(Entry("rated", "", "event", "", "contact", "", rated, at))
    return entries
