"""Days, times and money as people say them, by Babel, in the company's time zone."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, get_day_names
from babel.numbers import format_currency

from bot.replies import Replies
from config.routing_files import Calendar
from crm_core.erp.port import Money

LONG_DAY = {"en": "d MMMM", "ru": "d MMMM", "es": "d 'de' MMMM"}
WEEK_DAY = {"en": "EEEE, d MMMM", "ru": "EEEE, d MMMM", "es": "EEEE, d 'de' MMMM"}


def day(when: date, today: date, language: str, replies: Replies) -> str:
    """“tomorrow, 24 November”: the word where there is one, always the date, the year only when it is another."""
    pattern = LONG_DAY[language] + (" y" if when.year != today.year else "")
    written = format_date(when, pattern, locale=language)
    word = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((when - today).days)
    return f"{replies.say(f'day_{word}', language)}, {written}" if word else written


def week_day(when: date, language: str) -> str:
    return format_date(when, WEEK_DAY[language], locale=language)


def clock(when: datetime, language: str, zone: ZoneInfo) -> str:
    return format_time(when.astimezone(zone), "HH:mm" if language != "en" else "H:mm", locale=language)


def moment(when: datetime, language: str, zone: ZoneInfo) -> str:
    return format_skeleton("MMMdHm", when.astimezone(zone), locale=language)


def money(amount: Money, language: str) -> str:
    return format_currency(amount.amount, amount.currency, locale=language)


def week(calendar: Calendar, language: str) -> str:
    """“Mon–Fri 09:00–20:00, Sat 10:00–14:00”."""
    names = get_day_names("abbreviated", locale=language)
    return ", ".join(
        f"{_days(sorted(window.days), names)} {window.start:%H:%M}–{window.end:%H:%M}" for window in calendar.windows
    )


def _days(days: Sequence[int], names: Mapping[int, str]) -> str:
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:  # noqa: PLR2004 - a run of days
        return f"{names[days[0]]}–{names[days[-1]]}"
    return ", ".join(names[number] for number in days)
