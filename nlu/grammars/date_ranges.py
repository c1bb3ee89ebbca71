"""Spans of days as `first/last`, both days belonging to them."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from nlu.engine import Entity
from nlu.grammars.calendar_words import MONTHS, WEEKDAYS
from nlu.grammars.dates import nearest_day, weekday_number

_FROM = r"(?<!\w)(?:from|between|с|со|между|del|desde|entre)\s(?:the\s|el\s)?"
_TO = r"\s?(?:to|and|till|until|through|по|до|и|al|hasta|y|-|–|—)\s?(?:the\s|el\s)?"
_ORDINAL = r"(?:st|nd|rd|th|-?(?:го|е))?"
_MONTH = rf"\s(?:of\s|de\s)?(?P<{{name}}>{'|'.join(MONTHS)})\.?"
_RANGE = re.compile(
    rf"{_FROM}(?P<first>\d{{1,2}}){_ORDINAL}(?:{_MONTH.format(name='first_month')})?{_TO}"
    rf"(?P<last>\d{{1,2}}){_ORDINAL}{_MONTH.format(name='month')}(?:,?\s(?:de\s|del\s)?(?P<year>20\d\d))?(?!\w)",
    re.IGNORECASE,
)
_DAY = f"(?:{'|'.join(WEEKDAYS)})"
_WEEKDAYS = re.compile(rf"(?:{_FROM}|(?<!\w)de\s)(?P<first>{_DAY})(?:{_TO}|\sa\s)(?P<last>{_DAY})(?!\w)", re.IGNORECASE)
_NAMED = re.compile(
    r"(?<!\w)(?:(?P<next_weekend>next\sweekend|следующи\w{1,2}\sвыходны\w{1,2}|(?:el\s)?(?:pr[oó]ximo\s)fin\sde\ssemana|(?:el\s)?fin\sde\ssemana\s(?:que\sviene|pr[oó]ximo))"
    r"|(?P<after_next>(?:the\s)?week\safter\snext|la\ssemana\sdespu[eé]s\sde\sla\spr[oó]xima)"
    r"|(?P<weekend>(?:this|the)\sweekend|(?:эти|этих|на)\sвыходны\w{1,2}|(?:este|el)\sfin\sde\ssemana)"
    r"|(?P<next>next\sweek|следующ\w{2,3}\sнедел\w|(?:la\s)?pr[oó]xima\ssemana|la\ssemana\s(?:que\sviene|pr[oó]xima))"
    r"|(?P<this>this\sweek|эт\w{1,2}\sнедел\w|esta\ssemana))(?!\w)",
    re.IGNORECASE,
)
_SATURDAY = 5
_MONTH_NAMES = tuple(re.compile(words, re.IGNORECASE) for words in MONTHS)


def date_ranges(text: str, today: date) -> Iterator[Entity]:
    for match in _RANGE.finditer(text):
        days = _days(match, today)
        if days is not None and days[0] < days[1]:
            yield _entity(match, *days)
    for match in _WEEKDAYS.finditer(text):
        first, last = (weekday_number(match[name]) for name in ("first", "last"))
        begin = today + timedelta(days=(first - today.weekday()) % 7 or 7)
        yield _entity(match, begin, begin + timedelta(days=(last - first) % 7))
    for match in _NAMED.finditer(text):
        yield _entity(match, *_named(match, today))


def _days(match: re.Match[str], today: date) -> tuple[date, date] | None:
    month = _month(match["month"])
    last = nearest_day((int(match["year"]) if match["year"] else None, month, int(match["last"])), today)
    if last is None:
        return None
    first_month = _month(match["first_month"]) if match["first_month"] else month
    first = nearest_day((last.year - (first_month > month), first_month, int(match["first"])), today)
    return None if first is None else (first, last)


def _month(written: str) -> int:
    return next(number for number, names in enumerate(_MONTH_NAMES, start=1) if names.fullmatch(written))


def _named(match: re.Match[str], today: date) -> tuple[date, date]:
    monday = today - timedelta(days=today.weekday())
    if match["next"] or match["next_weekend"]:
        monday += timedelta(days=7)
    if match["after_next"]:
        monday += timedelta(days=14)
    weekend = match["weekend"] or match["next_weekend"]
    return monday + timedelta(days=_SATURDAY if weekend else 0), monday + timedelta(days=6)


def _entity(match: re.Match[str], first: date, last: date) -> Entity:
    return Entity("date_range", f"{first}/{last}", match[0], match.start(), match.end())
