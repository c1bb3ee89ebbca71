"""The company, and how long what it stores is kept: documents of one form each."""

from collections.abc import Mapping

from config.retention import Retention
from config.sources import Document
from crm_core.contracts import JsonObject
from desk.forms import (
    Field,
    Group,
    Labels,
    WrongField,
    checks,
    clean,
    read_checks,
    read_number,
    read_translated,
    translated,
)
from desk.settings_kinds import WHOLE, Kind, Seat
from desk.words import LANGUAGES

KEPT = tuple(Retention.model_fields)
PLAIN = ("name", "country", "time_zone", "currency", "accent_colour", "email", "phone")


def company_form(seat: Seat, company: JsonObject) -> tuple[Group, ...]:
    words, label = seat.reader.words, Labels(seat.reader.words, "company")
    languages = {code: words(f"languages.{code}") for code in LANGUAGES}

    def plain(name: str, kind: str = "text") -> Field:
        return Field(name, label(name), str(company.get(name) or ""), kind, label.hint(name), is_required=True)

    return (
        Group(label("who"), (plain("name"), plain("email"), plain("phone"), plain("accent_colour", "colour"))),
        Group(label("where"), (plain("country"), plain("time_zone"), plain("currency"))),
        Group(label("languages"), (
            checks("language", label("languages"), languages, company.get("languages"), label("languages_hint")),
        )),
        Group(label("texts"), (
            *translated("tagline", label("tagline"), company.get("tagline"), words),
            *translated("address", label("address"), company.get("address"), words),
        ), is_folded=True),
    )  # fmt: skip


def read_company(_seat: Seat, fields: Mapping[str, str], company: JsonObject) -> JsonObject:
    """The order of languages stays: the first is used until we know better. Raises WrongField."""
    given: JsonObject = {name: clean(fields[name]) for name in PLAIN if name in fields}
    empty = next((name for name, value in given.items() if not value), None)
    if empty is not None:
        raise WrongField(empty, "empty")
    texts = {name: read_translated(fields, name) for name in ("tagline", "address") if f"{name}_en" in fields}
    return company | given | texts | languages_of(fields, company)


def languages_of(fields: Mapping[str, str], company: JsonObject) -> JsonObject:
    """Raises WrongField when none is chosen."""
    before = company.get("languages")
    order = dict.fromkeys([*(map(str, before) if isinstance(before, list) else ()), *LANGUAGES])
    chosen = read_checks(fields, "language", order)
    if not chosen:
        raise WrongField("languages", "choose")
    return {"languages": chosen}


def retention_form(seat: Seat, retention: JsonObject) -> tuple[Group, ...]:
    label = Labels(seat.reader.words, "retention")
    fields = (
        Field(name, label(name), str(retention.get(name) or ""), "number", label(f"{name}_hint")) for name in KEPT
    )
    return (Group(label("days"), tuple(fields)),)


def read_retention(_seat: Seat, fields: Mapping[str, str], _retention: JsonObject) -> JsonObject:
    """Raises WrongField."""
    return {name: read_number(fields, name) for name in KEPT}


COMPANY = Kind("company", Document.COMPANY, company_form, read_company, WHOLE)
RETENTION = Kind("retention", Document.RETENTION, retention_form, read_retention, WHOLE)
