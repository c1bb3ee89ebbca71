"""What is written beforehand: macros, how a conversation ended, and what customers are asked to agree to."""

from collections.abc import Mapping

from config.macros import VARIABLES
from config.sources import Document
from crm_core.contracts import JsonObject
from desk.forms import Field, Group, Labels, first_text, part_of, read_translated, select, translated
from desk.settings_kinds import Entries, Kind, Line, Seat, listed

MOST_SHOWN = 120
CONSENT_PLACES = ("recording",)  # where one is asked
BLANK: JsonObject = {"key": "", "name": {}, "text": {}}


def macro_form(seat: Seat, macro: JsonObject) -> tuple[Group, ...]:
    words, label = seat.reader.words, Labels(seat.reader.words, "macros")
    blanks = ", ".join(f"{{{name}}}" for name in sorted(VARIABLES))
    texts = translated("text", label("text"), macro.get("text"), words, "area")
    hint = Field("", "", words("settings.macros.blanks", names=blanks), "told")
    return (
        Group(label("name"), translated("name", label("name"), macro.get("name"), words)),
        Group(label("text"), (*texts, hint)),
    )


def read_text(_seat: Seat, fields: Mapping[str, str], entry: JsonObject) -> JsonObject:
    """Raises WrongField."""
    return entry | {"name": read_translated(fields, "name"), "text": read_translated(fields, "text")}


def text_line(seat: Seat, entry: JsonObject) -> Line:
    language = seat.reader.words.language
    return Line(first_text(entry.get("name"), language), first_text(entry.get("text"), language)[:MOST_SHOWN])


def consent_form(seat: Seat, consent: JsonObject) -> tuple[Group, ...]:
    words, label = seat.reader.words, Labels(seat.reader.words, "consents")
    places = {place: label(f"at_{place}") for place in CONSENT_PLACES}
    place = () if consent.get("key") else (select("key", label("place"), places, ""),)
    return (
        Group(label("name"), (*place, *translated("name", label("name"), consent.get("name"), words))),
        Group(label("text"), translated("text", label("text"), consent.get("text"), words, "area")),
    )


def read_consent(seat: Seat, fields: Mapping[str, str], consent: JsonObject) -> JsonObject:
    """Raises WrongField."""
    key = consent.get("key") or fields.get("key", "")
    return read_text(seat, fields, consent) | {"key": key if key in CONSENT_PLACES else CONSENT_PLACES[0]}


def disposition_form(seat: Seat, disposition: JsonObject) -> tuple[Group, ...]:
    words, label = seat.reader.words, Labels(seat.reader.words, "dispositions")
    return (Group(label("name"), translated("name", label("name"), disposition.get("name"), words)),)


def read_disposition(_seat: Seat, fields: Mapping[str, str], disposition: JsonObject) -> JsonObject:
    """Raises WrongField."""
    return disposition | {"name": read_translated(fields, "name")}


def disposition_line(seat: Seat, disposition: JsonObject) -> Line:
    return Line(first_text(disposition.get("name"), seat.reader.words.language), str(disposition["key"]))


def _dispositions(content: JsonObject) -> Entries:
    return [{"key": key, "name": names} for key, names in part_of(content, "dispositions").items()]


def _with_dispositions(content: JsonObject, entries: Entries) -> JsonObject:
    return content | {"dispositions": {str(each["key"]): each["name"] for each in entries}}


MACROS = Kind("macros", Document.MACROS, macro_form, read_text, listed("macros"), text_line, blank=BLANK,
              is_ordered=True)  # fmt: skip
CONSENTS = Kind("consents", Document.CONSENTS, consent_form, read_consent, listed("consents"), text_line, blank=BLANK)
DISPOSITIONS = Kind(
    "dispositions", Document.COMPANY, disposition_form, read_disposition, (_dispositions, _with_dispositions),
    disposition_line, blank={"key": "", "name": {}}, is_ordered=True,
)  # fmt: skip
