"""Small ways of showing people, channels and promises that list and conversation share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import phonenumbers

from crm_core.contracts import Json, JsonObject
from desk.moments import Clockface, Urgency, urgency
from desk.words import Words

_ICONS: Mapping[str, str] = {
    "webchat": "message-circle", "email": "mail", "telegram": "send", "whatsapp": "message-square", "sms": "smartphone",
    "phone": "phone", "fax": "printer",
}  # fmt: skip
INITIALS = 2
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Wait:
    """A promise, or when something last happened: ISO 8601 in `deadline` or `since`.

    The browser keeps text and urgency up to date by itself, so a later text alone is no change.
    """

    text: str = field(compare=False)
    urgency: Urgency = field(compare=False)
    title: str
    deadline: str = ""
    promised_s: int = 0
    since: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    text: str
    tone: str = ""


def channel_icon(channel: str) -> str:
    return _ICONS.get(channel, "message-circle")


def initials(name: str) -> str:
    """Two letters of a name, or the country code of a number."""
    if name.startswith("+"):
        return name.split(maxsplit=1)[0][:3] if " " in name else name[:3]
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    return "".join([*letters[:1], *letters[-1:]] if len(letters) >= INITIALS else letters).upper() or "?"


def shown_address(uri: str) -> str:
    """An address as people write it; a web visitor has none worth showing."""
    kind, _, value = uri.partition(":")
    if kind in ("tel", "fax", "whatsapp"):
        try:
            number = phonenumbers.parse(value)
        except phonenumbers.NumberParseException:
            return value
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return "" if kind == "web" else value


def person_name(name: str | None, address: str | None, words: Words) -> str:
    """The name, else the address, else a visitor."""
    return name or shown_address(address or "") or words("conversation.anonymous")


def promise(clock: Clockface, since: datetime, deadline: datetime) -> Wait:
    """The first reply that was promised when the conversation was queued."""
    return _until(clock, since, deadline, "clock.promise")


def offered_until(clock: Clockface, offer: JsonObject | None) -> Wait | None:
    """How long the reader has to answer an offer."""
    stored = offer or {}
    at, until = (stored.get(name) for name in ("at", "until"))
    if not isinstance(at, str) or not isinstance(until, str):
        return None
    return _until(clock, datetime.fromisoformat(at), datetime.fromisoformat(until), "clock.offer")


def _until(clock: Clockface, since: datetime, deadline: datetime, title: str) -> Wait:
    whole_s = int((deadline - since).total_seconds())
    return Wait(
        clock.due(deadline), urgency(clock.now, deadline, whole_s), clock.words(title, time=clock.clock(deadline)),
        deadline.isoformat(), whole_s,
    )  # fmt: skip


def routing_reason(offer: JsonObject | None, clock: Clockface) -> str:
    """Why routing chose this agent: “42 s to the promise · you know es, billing · idle for 5 min · 3 could take it”."""
    words = clock.words
    reason, giver = (offer or {}).get("reason"), (offer or {}).get("from_name")
    if not isinstance(reason, dict):
        return ""
    if giver is not None:
        return words(f"offer.by_{reason.get('how')}", name=giver)
    slack_s, idle_s, candidates = (_number(reason.get(name)) for name in ("slack_s", "idle_s", "candidates"))
    skills = reason.get("skills")
    known = [reason.get("language"), *(skills if isinstance(skills, list) else [])]
    names = ", ".join(str(word) for word in known if word)
    parts = [words("offer.slack" if slack_s >= 0 else "offer.overdue", time=_span(abs(slack_s), clock))]
    parts += [words("offer.knows", skills=names)] if names else []
    parts += [
        words("offer.last_agent") if reason.get("is_last_agent") else words("offer.idle", time=_span(idle_s, clock))
    ]
    return " · ".join([*parts, words("offer.candidates", n=candidates)])


def _span(seconds: int, clock: Clockface) -> str:
    return clock.words("offer.seconds", n=seconds) if seconds < MINUTE_S else clock.span(timedelta(seconds=seconds))


def _number(value: Json) -> int:
    return round(value) if isinstance(value, int | float) else 0


def elapsed(clock: Clockface, moment: datetime) -> Wait:
    """No promise runs: when something last happened."""
    return Wait(clock.ago(moment), Urgency.CALM, clock.full(moment), since=moment.isoformat())


def mood_chips(signals: Mapping[str, object], words: Words) -> tuple[Chip, ...]:
    """Urgent, upset: as stored with a message or a handoff."""
    chips = [Chip(words("signals.urgent"), "warn")] if signals.get("urgent") is True else []
    if signals.get("upset") is True or signals.get("sentiment") == "negative":
        chips.append(Chip(words("signals.upset"), "bad"))
    return tuple(chips)


def intent_name(intent: str, words: Words) -> str:
    return words.known(f"intents.{intent}", intent.replace("_", " "))
