"""Dates as ISO days. Day before month, as in Europe, unless only the other order is possible."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from nlu.engine import Entity
from nlu.grammars.calendar_words import COUNTS, MONTHS, RELATIVE, WEEKDAYS

_WEEK = timedelta(days=7)
_DECEMBER = 12
_CENTURY = 2000


def _numbered(names: tuple[str, ...]) -> str:
    return "|".join(rf"(?P<n{i}>{name})" for i, name in enumerate(names))


def _which(match: re.Match[str], names: tuple[object, ...]) -> int:
    return next(i for i in range(len(names)) if match[f"n{i}"])


_START, _END = r"(?<![\w.,/:#№€$-])", r"(?![\w/:-]|[.,]\d)"
_ISO = re.compile(rf"{_START}(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])")
_NUMERIC = re.compile(
    rf"{_START}(?!24/7)(?:(?P<day>\d{{1,2}})(?P<sign>[./-])(?P<month>\d{{1,2}})(?P=sign)(?P<year>20\d\d|\d\d)"
    # Without a year 4.5 and 3/4 are marks and fractions, so the month has two digits or the day is over twelve.
    rf"|(?P<short_day>\d{{1,2}})[./](?P<short_month>\d\d)|(?P<late_day>1[3-9]|[23]\d)/(?P<early_month>\d)){_END}"
)
_NUMERIC_GROUPS = (("day", "short_day", "late_day"), ("month", "short_month", "early_month"))
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|-?(?:го|е|ое))?"
_YEAR = r"(?:,?\s(?:de\s|del\s)?(?P<year>20\d\d))?"
_DAY_MONTH = re.compile(rf"{_START}{_DAY}\s{{0,2}}(?:of\s|de\s)?(?:{_numbered(MONTHS)})\.?{_YEAR}(?!\w)", re.IGNORECASE)
_MONTH_DAY = re.compile(
    rf"(?<![\w-])(?:{_numbered(MONTHS)})\.?\s(?:the\s)?{_DAY}{_YEAR}(?![\w/-]|[.,]\d)", re.IGNORECASE
)
_DAY_ALONE = re.compile(
    r"(?:(?:^|\b(?:on|by|for|until|till|before|after|from|about|day)\s)the\s(?P<en>\d{1,2})(?:st|nd|rd|th)"
    r"|\b(?P<ru>\d{1,2})(?:-?го|-?е)?\sчисл[аоу]|\b(?P<go>\d{1,2})-?го|\b(?:el\s)?d[ií]a\s(?P<es>\d{1,2}))"
    r"(?!\w|\s(?:floor|time|этаж))",
    re.IGNORECASE,
)
_NEXT_MONTH = re.compile(
    r"(?:the\s(?P<en>\d{1,2})(?:st|nd|rd|th)\sof\snext\smonth|\b(?P<ru>\d{1,2})(?:-?го|-?е)?(?:\sчисл[аоу])?\sследующего\sмесяца"
    r"|\bel\s(?P<es>\d{1,2})\sdel\s(?:mes\sque\sviene|pr[oó]ximo\smes))(?!\w)",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"(?<!\w)(?:{_numbered(tuple(words for words, _ in RELATIVE))})(?!\w)", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"(?<!\w)(?:(?P<after>next|следующ\w{2,3})\s|(?P<before>last|прошл\w{2,3})\s|(?:pr[oó]ximo|эт\w{1,2}|this)\s)?"
    rf"(?:{_numbered(WEEKDAYS)})(?P<pasado>\spasado)?(?!\w)",
    re.IGNORECASE,
)
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(COUNTS)})"
_UNIT = (
    r"(?:days?|d[ií]as?|дн\w{1,2}|день|(?P<weeks>weeks?|semanas?|недел\w)|(?P<months>months?|mes(?:es)?|месяц\w{0,2}))"
)
_AHEAD = re.compile(rf"(?<!\w)(?:in|within|через|dentro\sde|en)\s(?:{_COUNT}\s)?{_UNIT}(?!\w)", re.IGNORECASE)
_AGO = re.compile(rf"(?<!\w)(?:{_COUNT}\s)?{_UNIT}\s(?:ago|назад)(?!\w)", re.IGNORECASE)
_HACE = re.compile(rf"(?<!\w)hace\s{_COUNT}\s{_UNIT}(?!\w)", re.IGNORECASE)


def dates(text: str, today: date) -> Iterator[Entity]:
    """Each day named in the text, the fuller reading first; impossible days are none."""
    taken: list[tuple[int, int]] = []
    for pattern, resolve in _READINGS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            if pattern is _WEEKDAY and _names_the_day_of(text[end : end + 8], end, taken):
                continue
            taken.append((start, end))  # an impossible day is not read again as a smaller one
            day = resolve(match, today)
            if day is not None:
                yield Entity("date", day.isoformat(), match[0], start, end)


def _names_the_day_of(following: str, end: int, taken: list[tuple[int, int]]) -> bool:
    """Whether a weekday is only said along with a date: “Friday, 27 November”."""
    return any(
        0 < other_start - end <= len(following)
        and following[: other_start - end].strip(" ,(").lower() in {"", "the", "el", "on"}
        for other_start, _ in taken
    )


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest(month: int, day: int, today: date) -> date | None:
    """Without a year: the one that brings it closest to today."""
    possible = (_date(today.year + shift, month, day) for shift in (-1, 0, 1))
    return min((day for day in possible if day), key=lambda day: abs(day - today), default=None)


def nearest_day(written: tuple[int | None, int, int], today: date) -> date | None:
    """From year, month and day; without a year the one closest to today. None for an impossible day."""
    year, month, day = written
    return _nearest(month, day, today) if year is None else _date(year, month, day)


def _iso(match: re.Match[str], _: date) -> date | None:
    return _date(int(match["year"]), int(match["month"]), int(match["day"]))


def _numeric(match: re.Match[str], today: date) -> date | None:
    day, month = (int(match[full] or match[short] or match[late]) for full, short, late in _NUMERIC_GROUPS)
    if month > _DECEMBER and match["sign"] != ".":
        day, month = month, day
    if match["year"] is None:
        return _nearest(month, day, today)
    year = int(match["year"])
    return _date(year + (0 if year > _CENTURY else _CENTURY), month, day)


def _with_month(match: re.Match[str], today: date) -> date | None:
    month, day = _which(match, MONTHS) + 1, int(match["day"])
    return _date(int(match["year"]), month, day) if match["year"] else _nearest(month, day, today)


def _day_alone(match: re.Match[str], today: date) -> date | None:
    """“The 25th”: this month's, or the next one's when it is past."""
    day = int(next(group for group in match.groups() if group))
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    candidates = (_date(start.year, start.month, day) for start in (today, following))
    return next((found for found in candidates if found and found >= today), None)


def _next_month(match: re.Match[str], today: date) -> date | None:
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return _date(following.year, following.month, int(next(group for group in match.groups() if group)))


def _named(match: re.Match[str], today: date) -> date:
    return today + timedelta(days=RELATIVE[_which(match, RELATIVE)][1])


def _weekday(match: re.Match[str], today: date) -> date:
    """The coming one; “next” is next week's, “last” the latest one before today."""
    ahead = timedelta(days=(_which(match, WEEKDAYS) - today.weekday()) % 7)
    if match["before"] or match["pasado"]:
        return today + ahead - _WEEK
    if match["after"]:
        return today - timedelta(days=today.weekday()) + _WEEK + timedelta(days=_which(match, WEEKDAYS))
    return today + (ahead or _WEEK)


def _moved(match: re.Match[str], today: date, sign: int) -> date:
    """A month from the 31st is the last day of a shorter one."""
    written = (match["count"] or "1").lower()
    count = sign * (int(written) if written.isdigit() else COUNTS[written])
    if not match["months"]:
        return today + timedelta(days=count * (7 if match["weeks"] else 1))
    year, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return next(day for last in range(today.day, 0, -1) if (day := _date(year, month + 1, last)))


def weekday_number(written: str) -> int:
    """0 for Monday, in any of the languages."""
    return next(number for number, names in enumerate(WEEKDAYS) if re.fullmatch(names, written, re.IGNORECASE))


_READINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]], ...] = (
    (_ISO, _iso),
    (_NUMERIC, _numeric),
    (_DAY_MONTH, _with_month),
    (_MONTH_DAY, _with_month),
    (_NEXT_MONTH, _next_month),
    (_DAY_ALONE, _day_alone),
    (_AGO, lambda match, today: _moved(match, today, -1)),
    (_HACE, lambda match, today: _moved(match, today, -1)),
    (_AHEAD, lambda match, today: _moved(match, today, 1)),
    (_NAMED, _named),
    (_WEEKDAY, _weekday),
)
