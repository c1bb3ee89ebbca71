"""One conversation as its reader sees it: head, handoff card, timeline, and what may be done."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.call_recording import recording_of
from crm_core.contracts import Json
from crm_core.conversation_head import ConversationHead
from crm_core.held_replies import Held, held_replies
from crm_core.states import ConversationState as State
from crm_core.states import Role
from crm_core.transcripts import MOST_ENTRIES, transcript
from desk.orders import money_text
from desk.people import (
    Chip,
    Wait,
    channel_icon,
    initials,
    intent_name,
    mood_chips,
    offered_until,
    person_name,
    promise,
    routing_reason,
)
from desk.reader import Reader
from desk.services import Desk
from desk.timeline import timeline
from desk.views import ConversationPage, HandoffCard, Head, May, Option, ShownHeld
from desk.words import Words, in_language, queue_names

_GATES: Mapping[State, str] = {
    State.BOT: "conversation.gate_bot", State.QUEUED: "conversation.gate_queue",
    State.CLOSED: "conversation.gate_closed",
}  # fmt: skip
_OWNED = (State.ASSIGNED, State.WRAP_UP)


async def read_conversation(
    desk: Desk, session: AsyncSession, reader: Reader, conversation_id: int
) -> ConversationPage:
    """Raises NotFound for what the reader may not see."""
    found = await transcript(session, reader.reach, conversation_id)
    company, language = desk.services.business.company, reader.words.language
    held = await held_replies(session, conversation_id)
    recording = await recording_of(session, conversation_id)
    dispositions = {key: in_language(names, language) for key, names in company.dispositions.items()}
    queues = queue_names(desk.services.business.queues.queues, language)
    return ConversationPage(
        head=replace(_head(found.conversation, reader), recording=recording.value),
        entries=timeline(found.conversation, found.entries, reader.clock, dispositions),
        is_cut=len(found.entries) >= MOST_ENTRIES,
        queues=tuple(Option(key, name, key == found.conversation.queue_key) for key, name in queues.items()),
        dispositions=tuple(Option(key, name) for key, name in dispositions.items()),
        intents=tuple(
            sorted((Option(key, intent_name(key, reader.words)) for key in desk.services.intents()), key=_name)
        ),
        held=tuple(_held(one, conversation_id, reader) for one in held),
    )


def _held(held: Held, conversation_id: int, reader: Reader) -> ShownHeld:
    is_own = held.agent_id == reader.viewer.user_id
    undo = f"/desk/c/{conversation_id}/undo" if is_own else ""
    files = tuple((str(file["token"]), str(file["name"])) for file in held.files)
    return ShownHeld(held.id, held.text, held.agent_name, undo, files, closes=held.closes_as is not None)


def _name(option: Option) -> str:
    return option.name.casefold()


def _head(head: ConversationHead, reader: Reader) -> Head:
    words = reader.words
    name = person_name(head.contact_name, head.addresses[0].uri if head.addresses else None, words)
    return Head(
        id=head.id, state=head.state, name=name, first_name=name.split(" ")[0] if head.contact_name else name,
        initials=initials(name), channel_icon=channel_icon(head.channel), subtitle=_subtitle(head, words),
        wait=_wait(head, reader), may=may_of(head, reader), gate=_gate(head, reader),
        language_in=words.known(f"languages_in.{head.language}", ""), handoff=_handoff(head, reader),
        escalated=head.escalated_at is not None and head.state != State.CLOSED,
        left=words("conversation.left", time=reader.clock.day_and_time(head.left_at)) if head.left_at else "",
        follows=f"/desk/c/{head.follows_id}" if head.follows_id is not None else "",
    )  # fmt: skip


def _subtitle(head: ConversationHead, words: Words) -> str:
    parts = [words.known(f"channels.{head.channel}", head.inbox_name)]
    if head.subject:
        parts.append(head.subject)
    if head.call_s is not None:
        parts.append(words("conversation.call_took", time=f"{head.call_s // 60}:{head.call_s % 60:02d}"))
    if head.language:
        parts.append(words.known(f"languages.{head.language}", head.language))
    if head.verified_at is not None:
        how = words.known(f"verified_how.{head.verified_how}", "")
        parts.append(words("conversation.verified", how=how).strip())
    else:
        parts.append(words("conversation.unverified"))
    return " · ".join(parts)


def _is_offered(head: ConversationHead, reader: Reader) -> bool:
    return head.state == State.OFFERED and head.agent_id == reader.viewer.user_id


def _wait(head: ConversationHead, reader: Reader) -> Wait | None:
    if _is_offered(head, reader):
        return offered_until(reader.clock, head.offer)
    if head.queued_at is None or head.due_at is None or head.first_replied_at or head.state == State.CLOSED:
        return None
    return promise(reader.clock, head.queued_at, head.due_at)


def may_of(head: ConversationHead, reader: Reader) -> May:
    """Which buttons are shown; whether they work is decided by `crm_core.access` again."""
    is_mine, state = head.agent_id == reader.viewer.user_id, State(head.state)
    takes_over = reader.viewer.role in (Role.SUPERVISOR, Role.ADMIN)
    owns = is_mine and state in _OWNED
    return May(
        accept=state is State.QUEUED or (state is State.OFFERED and is_mine) or (state is State.BOT and takes_over),
        decline=_is_offered(head, reader),
        reply=owns, note=True, transfer=is_mine and state in (State.ASSIGNED, State.SNOOZED), resolve=owns,
        snooze=is_mine and state is State.ASSIGNED, wake=is_mine and state is State.SNOOZED,
        reopen=state is State.CLOSED,
        take_over=takes_over and not is_mine and state in (State.OFFERED, *_OWNED, State.SNOOZED),
        whisper=takes_over and not is_mine and state in (State.OFFERED, *_OWNED, State.SNOOZED),
    )  # fmt: skip


def _gate(head: ConversationHead, reader: Reader) -> str:
    """Why one cannot reply; empty when one can."""
    words, state = reader.words, State(head.state)
    is_mine = head.agent_id == reader.viewer.user_id
    if is_mine and state in _OWNED:
        return ""
    if _is_offered(head, reader):
        return words("conversation.gate_offered")
    if state in (State.OFFERED, *_OWNED) and not is_mine:
        return words("conversation.gate_other", name=head.agent_name or words("message.someone"))
    if state is State.BOT and reader.viewer.role not in (Role.SUPERVISOR, Role.ADMIN):
        return words("conversation.gate_bot_only")
    if state is State.SNOOZED and head.snoozed_until is not None:
        return words("conversation.gate_snoozed", time=reader.clock.day_and_time(head.snoozed_until))
    return words(_GATES.get(state, "conversation.gate_queue"))


def _handoff(head: ConversationHead, reader: Reader) -> HandoffCard | None:
    stored, words = head.handoff, reader.words
    if stored is None:
        return None
    reason = str(stored.get("reason") or "")
    said = words.known(f"reasons.{reason}", reason.replace("_", " "))
    slots = stored.get("slots")
    given = slots.items() if isinstance(slots, dict) else ()
    return HandoffCard(
        words("handoff.titled", reason=said) if said else words("handoff.title"), str(stored.get("wants") or ""),
        _lines(stored.get("found")), _lines(stored.get("told")),
        tuple((words.known(f"slots.{name}", name.replace("_", " ")), str(value)) for name, value in given),
        _signals(stored.get("signals"), words), routing_reason(head.offer, reader.clock),
    )  # fmt: skip


def _signals(stored: Json, words: Words) -> tuple[Chip, ...]:
    if not isinstance(stored, dict):
        return ()
    chips = list(mood_chips(stored, words))
    earlier, value = stored.get("earlier_contacts"), stored.get("order_value")
    if isinstance(earlier, int) and earlier > 0:
        chips.append(Chip(words("signals.earlier", n=earlier)))
    if isinstance(value, str):
        chips.append(Chip(words("signals.order_value", amount=money_text(value, words)), "num"))
    if stored.get("at_risk") is True:
        chips.append(Chip(words("signals.at_risk"), "warn"))
    return tuple(chips)


def _lines(stored: Json) -> tuple[str, ...]:
    return tuple(str(line) for line in stored) if isinstance(stored, list) else ()
