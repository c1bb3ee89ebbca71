from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desk.moments import Clockface, Urgency, urgency
from desk.words import read_catalogues

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
WORDS = read_catalogues()


def clock(language: str = "en", zone: str = "Europe/Madrid") -> Clockface:
    return Clockface(NOW, ZoneInfo(zone), WORDS[language])


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(0.5, "now"), (5, "5 min ago"), (59, "59 min ago"), (61, "14:01"), (60 * 20, "22 Nov"),
     (60 * 24 * 400, "19 Oct 2025")],
)  # fmt: skip
def test_times_are_relative_then_clock_then_date(minutes: float, expected: str) -> None:
    assert clock("en").ago(NOW - timedelta(minutes=minutes)) == expected


def test_the_reader_s_zone_decides_where_a_day_ends() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert clock("en", "Europe/Madrid").long_day(late) == "Today"
    assert clock("en", "America/Bogota").long_day(late) == "Yesterday"


def test_dates_follow_the_language() -> None:
    moment = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
    assert clock("ru").day(moment) == "3 нояб."
    assert clock("es").long_day(moment) == "martes, 3 de noviembre de 2026"


@pytest.mark.parametrize(
    ("left_s", "expected"),
    [(72, "1:12 left"), (0, "0:00 left"), (3 * 3600 + 5, "3 h left"), (-250, "late 4 min"),
     (-7300, "late 2 h"), (-90000, "late 1 day")],
)  # fmt: skip
def test_a_promise_is_told_in_words(left_s: int, expected: str) -> None:
    assert clock().due(NOW + timedelta(seconds=left_s)) == expected


@pytest.mark.parametrize(
    ("left_s", "expected"), [(100, Urgency.CALM), (39, Urgency.SOON), (0, Urgency.SOON), (-1, Urgency.LATE)]
)
def test_a_promise_becomes_urgent_in_its_last_third(left_s: int, expected: Urgency) -> None:
    assert urgency(NOW, NOW + timedelta(seconds=left_s), 120) is expected
