"""Days, times and money as people say them, by Babel, in the company's time zone."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, get_day_names
from babel.numbers import format_currency, format_decimal

from bot.replies import Replies
from config.business import Hours
from crm_core.erp.port import Money

LONG_DAY = {"en": "d MMMM", "ru": "d MMMM", "es": "d 'de' MMMM"}
WEEK_DAY = {"en": "EEEE, d MMMM", "ru": "EEEE, d MMMM", "es": "EEEE, d 'de' MMMM"}
LONGEST_LOOK_DAYS = 21


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


def quantity(amount: Decimal, language: str) -> str:
    """“2”, “2.5”, «2,5»."""
    return str(format_decimal(amount.normalize(), locale=language))


def week(hours: Hours, language: str) -> str:
    """“Mon–Fri 09:00–20:00, Sat 10:00–14:00”."""
    names = get_day_names("abbreviated", locale=language)
    return ", ".join(
        f"{_days(sorted(window.days), names)} {window.start:%H:%M}–{window.end:%H:%M}" for window in hours.windows
    )


def _days(days: Sequence[int], names: Mapping[int, str]) -> str:
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:  # noqa: PLR2004 - a run of days
        return f"{names[days[0]]}–{names[days[-1]]}"
    return ", ".join(names[number] for number in days)


def is_open(hours: Hours, local: datetime) -> bool:
    """Whether people are here at `local`, an aware time in the company's zone."""
    return any(start <= local < end for start, end in windows_on(hours, local))


def windows_on(hours: Hours, local: datetime) -> list[tuple[datetime, datetime]]:
    """When people are here on the day of `local`, in order."""
    if local.date().isoformat() in hours.closed_on:
        return []
    return sorted(
        (
            datetime.combine(local.date(), window.start, local.tzinfo),
            datetime.combine(local.date(), window.end, local.tzinfo),
        )
        for window in hours.windows
        if local.weekday() in window.days
    )


def next_opening(hours: Hours, local: datetime) -> datetime | None:
    """The next time after `local` at which people come; None within three weeks of holidays."""
    days = (local + timedelta(days=ahead) for ahead in range(LONGEST_LOOK_DAYS))
    starts = (start for on_day in days for start, _ in windows_on(hours, on_day))
    return next((start for start in starts if start > local), None)
