"""Queues as a form: who is served, by whom, and when others may help."""

from collections.abc import Mapping, Sequence

from config.routing_files import AfterHours, Queue
from config.sources import Document
from crm_core.contracts import JsonObject
from crm_core.routing_rules import rings_of
from crm_core.routing_values import Ring
from desk.forms import (
    Field,
    Group,
    Labels,
    WrongField,
    checks,
    comma,
    first_text,
    part_of,
    read_checks,
    read_number,
    read_span,
    read_translated,
    read_words,
    select,
    span_field,
    span_text,
    translated,
)
from desk.people import intent_name
from desk.people_form import skills_of, teams_of
from desk.settings_kinds import Kind, Line, Seat, listed
from desk.words import LANGUAGES

BLANK: JsonObject = {**Queue(key="new", name={}, teams=["new"]).model_dump(mode="json"), "key": "", "teams": []}
LEVELS = ("1", "2", "3", "4", "5")


def queue_form(seat: Seat, queue: JsonObject) -> tuple[Group, ...]:
    label = Labels(seat.reader.words, "queues")
    return (
        Group(label("who"), _served(seat, queue, label)),
        Group(label("by_whom"), _serving(seat, queue, label)),
        Group(label("promise"), _promised(seat, queue, label)),
        Group(label("rings"), _relaxing(seat, queue, label), is_folded=True),
    )


def _served(seat: Seat, queue: JsonObject, label: Labels) -> tuple[Field, ...]:
    words = seat.reader.words
    languages = {code: words(f"languages.{code}") for code in LANGUAGES}
    intents = {intent: intent_name(intent, words) for intent in _intents(seat, queue)}
    return (
        *translated("name", label("name"), queue.get("name"), words),
        checks("language", label("languages"), languages, queue.get("languages"), label("languages_hint")),
        checks("intent", label("intents"), intents, queue.get("intents"), label("intents_hint")),
    )


def _serving(seat: Seat, queue: JsonObject, label: Labels) -> tuple[Field, ...]:
    words, known = seat.reader.words, skills_of(seat.desk)
    hint = words("settings.queues.skills_hint", known=", ".join(known) or "–")
    levels = {level: words("people.level", level=level) for level in LEVELS}
    return (
        checks("team", label("teams"), {team: team for team in _teams(seat, queue)}, queue.get("teams")),
        Field("more_teams", label("more_teams"), hint=label("more_teams_hint")),
        Field("skills", label("skills"), comma(queue.get("skills")), hint=hint),
        select("skill_level", label("skill_level"), levels, str(queue.get("skill_level"))),
    )


def _promised(seat: Seat, queue: JsonObject, label: Labels) -> tuple[Field, ...]:
    words, business = seat.reader.words, seat.desk.services.business
    policies = {"": label("first"), **{each.key: each.key for each in business.sla.policies}}
    calendars = {"": label("first"), **{each.key: each.key for each in business.hours.calendars}}
    after = {each.value: label(f"after_{each}") for each in AfterHours}
    offered, kept = queue.get("offer_timeout_s"), queue.get("last_agent_s")
    return (
        select("sla", label("sla"), policies, queue.get("sla")),
        select("hours", label("hours"), calendars, queue.get("hours")),
        select("after_hours", label("after_hours"), after, queue.get("after_hours")),
        span_field("offer_timeout_s", label("offer_timeout"), offered, words, label("offer_timeout_hint")),
        span_field("last_agent_s", label("last_agent"), kept, words, label("last_agent_hint")),
    )


def _relaxing(seat: Seat, queue: JsonObject, label: Labels) -> tuple[Field, ...]:
    words, overflow = seat.reader.words, part_of(queue, "overflow")
    skills, language = queue.get("relax_skills_at_slack_s"), queue.get("relax_language_at_slack_s")
    others = {"": label("nowhere"), **_names(seat)}
    length = overflow.get("longer_than")
    return (
        span_field("relax_skills", label("relax_skills"), skills, words, label("relax_hint")),
        span_field("relax_language", label("relax_language"), language, words, label("relax_hint")),
        checks("help", label("helpers"), {team: team for team in _teams(seat, queue)}, overflow.get("teams")),
        span_field("help_slack", label("help_slack"), overflow.get("slack_s"), words),
        select("overflow", label("overflow"), others, overflow.get("queue")),
        Field("longer_than", label("longer_than"), str(length or ""), "number"),
    )


def _teams(seat: Seat, queue: JsonObject) -> list[str]:
    own = queue.get("teams")
    return sorted({*teams_of(seat.desk), *(map(str, own) if isinstance(own, list) else ())})


def _intents(seat: Seat, queue: JsonObject) -> list[str]:
    own = queue.get("intents")
    topics = seat.desk.services.connections.topics() or seat.desk.services.intents()
    return sorted({*topics, *(map(str, own) if isinstance(own, list) else ())})


def _names(seat: Seat) -> dict[str, str]:
    language = seat.reader.words.language
    return {each.key: first_text({**each.name}, language) for each in seat.desk.services.business.queues.queues}


def read_queue(seat: Seat, fields: Mapping[str, str], queue: JsonObject) -> JsonObject:
    """Raises WrongField."""
    teams = [*read_checks(fields, "team", _teams(seat, queue)), *read_words(fields, "more_teams")]
    languages = read_checks(fields, "language", LANGUAGES)
    for name, given in (("teams", teams), ("languages", languages)):
        if not given:
            raise WrongField(name, "choose")
    return queue | {
        "name": read_translated(fields, "name"), "languages": languages, "teams": [*dict.fromkeys(map(str, teams))],
        "intents": read_checks(fields, "intent", _intents(seat, queue)), "skills": read_words(fields, "skills"),
        "skill_level": int(fields.get("skill_level", "1")) if fields.get("skill_level") in LEVELS else 1,
        "sla": fields.get("sla") or None, "hours": fields.get("hours") or None,
        "after_hours": fields.get("after_hours", AfterHours.OFFER.value),
        "offer_timeout_s": read_span(fields, "offer_timeout_s") or 30,
        "last_agent_s": read_span(fields, "last_agent_s") or 0,
        "relax_skills_at_slack_s": read_span(fields, "relax_skills"),
        "relax_language_at_slack_s": read_span(fields, "relax_language"),
        "overflow": _overflow(seat, fields, queue),
    }  # fmt: skip


def _overflow(seat: Seat, fields: Mapping[str, str], queue: JsonObject) -> JsonObject:
    elsewhere, length = fields.get("overflow") or None, read_number(fields, "longer_than")
    if elsewhere == queue.get("key"):
        raise WrongField("overflow", "itself")
    if (elsewhere is None) != (length is None):
        raise WrongField("longer_than", "together")
    helpers = read_checks(fields, "help", _teams(seat, queue))
    slack_s = read_span(fields, "help_slack") or 0
    return {"teams": helpers, "slack_s": slack_s, "queue": elsewhere, "longer_than": length}


def queue_line(seat: Seat, queue: JsonObject) -> Line:
    words = seat.reader.words
    languages = queue.get("languages")
    codes = [str(code) for code in languages] if isinstance(languages, list) else []
    skills = queue.get("skills")
    known = [str(skill) for skill in skills] if isinstance(skills, list) else []
    chips = (*(words(f"languages.{code}") for code in codes), *known)
    return Line(first_text(queue.get("name"), words.language), comma(queue.get("teams")), chips)


def queue_steps(seat: Seat, queue: JsonObject) -> Sequence[str]:
    """The rings in sentences, the strictest first."""
    if not queue.get("key"):
        return ()
    model = Queue.model_validate(queue)
    return [_ring(seat, model, ring) for ring in rings_of(model)]


def _ring(seat: Seat, queue: Queue, ring: Ring) -> str:
    words = seat.reader.words
    is_first = ring.slack_s == float("inf")
    since = "" if is_first else span_text(int(ring.slack_s), words)
    needs = [words("settings.queues.ring_language")] if ring.needs_language else []
    if ring.needs_skills and (queue.skills or queue.intent_skills):
        needs.append(words("settings.queues.ring_skills"))
    told = ", ".join(needs) or words("settings.queues.ring_anybody")
    teams = ", ".join(sorted(ring.teams))
    key = "settings.queues.ring_first" if is_first else "settings.queues.ring_then"
    return words(key, teams=teams, needs=told, time=since)


QUEUES = Kind(
    "queues", Document.QUEUES, queue_form, read_queue, listed("queues"), queue_line, queue_steps, BLANK,
    is_ordered=True,
)  # fmt: skip
