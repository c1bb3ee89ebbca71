"""Holidays from an iCalendar file."""

from datetime import date
from pathlib import Path

import pytest

from config.business import resolved_hours
from config.documents import DocumentError, read_document
from config.holidays import read_holidays
from config.routing_files import Hours
from config.sources import Document, Sources

TODAY = date(2026, 11, 23)
ICAL = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Holidays//EN
BEGIN:VEVENT
UID:1@example.com
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20201225
RRULE:FREQ=YEARLY
SUMMARY:Christmas
END:VEVENT
BEGIN:VEVENT
UID:2@example.com
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20270402
DTEND;VALUE=DATE:20270404
SUMMARY:Easter
END:VEVENT
END:VCALENDAR
"""
HOURS = """calendars:
  - windows:
      - days: [0]
        start: "09:00"
        end: "17:00"
    closed_on: [2027-04-03]
    holidays_file: holidays.ics
"""


def written(directory: Path, text: str) -> Path:
    path = directory / "holidays.ics"
    path.write_text(text.replace("\n", "\r\n"), encoding="utf-8")
    return path


def test_repeated_and_longer_holidays_are_days(tmp_path: Path) -> None:
    days = read_holidays(written(tmp_path, ICAL), TODAY)
    assert {date(2026, 12, 25), date(2027, 12, 25), date(2027, 4, 2), date(2027, 4, 3)} <= set(days)
    assert date(2027, 4, 4) not in days


def test_they_join_the_days_of_the_calendar(tmp_path: Path) -> None:
    written(tmp_path, ICAL)
    (tmp_path / "hours.yml").write_text(HOURS, encoding="utf-8")
    calendar = resolved_hours(
        Sources(tmp_path, {Document.HOURS: read_document(tmp_path / "hours.yml", Hours)}), "Europe/Madrid"
    ).main
    assert calendar.time_zone == "Europe/Madrid"
    assert calendar.closed_on.count(date(2027, 4, 3)) == 1
    assert date(2026, 12, 25) in calendar.closed_on


@pytest.mark.parametrize("text", ["nothing of the kind", ICAL.replace("DTSTART;VALUE=DATE:20201225\n", "")])
def test_another_file_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentError, match=r"holidays.ics:1: not an iCalendar file"):
        read_holidays(written(tmp_path, text), TODAY)
