"""Opening hours and promises as forms: a line a weekday, and times as people write them."""

import re
from collections.abc import Mapping
from datetime import date

from config.routing_files import Calendar, Policy, Promise, PromiseTime
from config.sources import Document
from crm_core.contracts import Json, JsonObject
from desk.forms import (
    Field,
    Group,
    Labels,
    WrongField,
    first_text,
    key_of,
    part_of,
    read_number,
    read_span,
    select,
    span_field,
    span_text,
)
from desk.settings_kinds import Kind, Line, Seat, listed

_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)")
DAYS = range(7)
PROMISES = ("first_response", "next_response", "resolution")
WAYS = ("call_s", "chat_s", "mail_s")
MOST_HOLIDAYS = 400
BLANK_CALENDAR: JsonObject = {**Calendar(windows=[]).model_dump(mode="json"), "key": ""}
BLANK_POLICY: JsonObject = {**Policy(key="new", first_response=Promise()).model_dump(mode="json"), "key": ""}


def calendar_form(seat: Seat, calendar: JsonObject) -> tuple[Group, ...]:
    words, label = seat.reader.words, Labels(seat.reader.words, "hours")
    names = words.locale.days["stand-alone"]["wide"]
    days = tuple(
        Field(
            f"day_{day}",
            str(names[day]).capitalize(),
            ", ".join(_spans(calendar, day)),
            hint="" if day else label("closed"),
        )
        for day in DAYS
    )
    closed = calendar.get("closed_on")
    written = "\n".join(map(str, closed)) if isinstance(closed, list) else ""
    file = calendar.get("holidays_file")
    hint = words("settings.hours.holidays_file", file=file) if file else label("holidays_hint")
    zone = seat.desk.services.business.company.time_zone
    return (
        Group(label("week"), days),
        Group(label("about"), (
            *_key_field(calendar, label),
            Field("time_zone", label("time_zone"), str(calendar.get("time_zone") or ""),
                  hint=words("settings.hours.time_zone_hint", zone=zone)),
            Field("closed_on", label("holidays"), written, "area", hint),
        )),
    )  # fmt: skip


def _key_field(entry: JsonObject, label: Labels) -> tuple[Field, ...]:
    """A name is given once: queues name it."""
    return () if entry.get("key") else (Field("key", label("key"), hint=label("key_hint"), is_required=True),)


def _key_of(fields: Mapping[str, str], entry: JsonObject) -> str:
    """Raises WrongField."""
    key = str(entry.get("key") or "") or key_of(fields.get("key", ""))
    if not key:
        raise WrongField("key", "word")
    return key


def _windows(calendar: JsonObject) -> list[JsonObject]:
    found = calendar.get("windows")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _spans(calendar: JsonObject, day: int) -> list[str]:
    found = []
    for window in _windows(calendar):
        days = window.get("days")
        if isinstance(days, list) and day in days:
            found.append(f"{str(window['start'])[:5]}–{str(window['end'])[:5]}")
    return found


def read_calendar(_seat: Seat, fields: Mapping[str, str], calendar: JsonObject) -> JsonObject:
    """Raises WrongField."""
    days_of: dict[tuple[str, str], list[Json]] = {}
    for day in DAYS:
        for span in _day_spans(fields.get(f"day_{day}", ""), f"day_{day}"):
            days_of.setdefault(span, []).append(day)
    windows: list[Json] = [{"days": days, "start": span[0], "end": span[1]} for span, days in days_of.items()]
    return calendar | {
        "key": _key_of(fields, calendar), "windows": windows, "closed_on": [*_dates(fields.get("closed_on", ""))],
        "time_zone": fields.get("time_zone", "").strip() or None,
    }  # fmt: skip


def _day_spans(written: str, name: str) -> list[tuple[str, str]]:
    """“9:00–13:00, 15:00–19:00”."""
    spans = []
    for part in (part.strip() for part in written.split(",")):
        found = _SPAN.fullmatch(part) if part else None
        if part and found is None:
            raise WrongField(name, "day")
        if found is not None:
            spans.append((_clock(found[1], found[2]), _clock(found[3], found[4])))
    return spans


def _clock(hour: str, minute: str) -> str:
    return f"{int(hour) % 24:02d}:{minute}:00"


def _dates(written: str) -> list[str]:
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    try:
        days = sorted({date.fromisoformat(line) for line in lines})
    except ValueError as error:
        raise WrongField("closed_on", "date") from error
    if len(days) > MOST_HOLIDAYS:
        raise WrongField("closed_on", "date")
    return [day.isoformat() for day in days]


def calendar_line(seat: Seat, calendar: JsonObject) -> Line:
    names = seat.reader.words.locale.days["stand-alone"]["abbreviated"]
    chips = tuple(f"{names[day]} {', '.join(spans)}" for day in DAYS if (spans := _spans(calendar, day)))
    zone = calendar.get("time_zone") or seat.desk.services.business.company.time_zone
    return Line(str(calendar["key"]), str(zone), chips)


def policy_form(seat: Seat, policy: JsonObject) -> tuple[Group, ...]:
    label = Labels(seat.reader.words, "sla")
    groups = (Group(label(name), _promise_fields(seat, policy, name, label)) for name in PROMISES)
    return (*groups, Group(label("about"), _about(seat, policy, label)))


def _promise_fields(seat: Seat, policy: JsonObject, name: str, label: Labels) -> tuple[Field, ...]:
    promise = part_of(policy, name)
    times = {each.value: label(f"time_{each}") for each in PromiseTime}
    hint = label("span_hint")
    spans = (
        span_field(f"{name}_{way}", label(way), promise.get(way), seat.reader.words, hint if way == "call_s" else "")
        for way in WAYS
    )
    return (*spans, select(f"{name}_time", label("time"), times, promise.get("time")))


def _about(seat: Seat, policy: JsonObject, label: Labels) -> tuple[Field, ...]:
    language = seat.reader.words.language
    queues = seat.desk.services.business.queues.queues
    names = {"": label("nobody"), **{queue.key: first_text({**queue.name}, language) for queue in queues}}
    share = policy.get("warn_at")
    percent = str(round(share * 100)) if isinstance(share, float | int) else ""
    return (
        *_key_field(policy, label),
        Field("warn_at", label("warn_at"), percent, "number", label("warn_at_hint")),
        select("escalate_to", label("escalate_to"), names, policy.get("escalate_to"), label("escalate_hint")),
    )


def read_policy(_seat: Seat, fields: Mapping[str, str], policy: JsonObject) -> JsonObject:
    """Raises WrongField."""
    percent = read_number(fields, "warn_at")
    if percent is None or not 1 <= percent <= 99:  # noqa: PLR2004 - a part of the time
        raise WrongField("warn_at", "percent")
    promises = {name: _promise(fields, name) for name in PROMISES}
    key = _key_of(fields, policy)
    return policy | promises | {"key": key, "warn_at": percent / 100, "escalate_to": fields.get("escalate_to") or None}


def _promise(fields: Mapping[str, str], name: str) -> JsonObject:
    spans: JsonObject = {way: read_span(fields, f"{name}_{way}") for way in WAYS}
    zero = next((way for way, seconds in spans.items() if seconds == 0), None)
    if zero is not None:
        raise WrongField(f"{name}_{zero}", "span")
    return spans | {"time": fields.get(f"{name}_time", PromiseTime.BUSINESS.value)}


def policy_line(seat: Seat, policy: JsonObject) -> Line:
    words, label = seat.reader.words, Labels(seat.reader.words, "sla")
    first = part_of(policy, "first_response")
    chips = tuple(f"{label(way)}: {span_text(first[way], words)}" for way in WAYS if first.get(way))
    return Line(str(policy["key"]), label("first_response"), chips)


HOURS = Kind(
    "hours", Document.HOURS, calendar_form, read_calendar, listed("calendars"), calendar_line, blank=BLANK_CALENDAR,
)  # fmt: skip
SLA = Kind("sla", Document.SLA, policy_form, read_policy, listed("policies"), policy_line, blank=BLANK_POLICY)
