"""When a snoozed conversation comes back: a few times people mean, or one they write, in their own zone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from crm_core.errors import InvalidInput
from desk.moments import Clockface

MORNING = 9


class Rest(StrEnum):
    """The choices of the dialog."""

    HOUR = "hour"
    THREE_HOURS = "three_hours"
    TOMORROW = "tomorrow"
    MONDAY = "monday"
    AT = "at"


class NotLater(InvalidInput):
    code = "not_later"


def wake_time(clock: Clockface, fields: Mapping[str, str]) -> datetime:
    """`rest` names the choice, `at` is a local date and time as a browser writes it. Raises NotLater."""
    chosen = next((rest for rest in Rest if rest == fields.get("rest")), None)
    local = clock.now.astimezone(clock.zone)
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    match chosen:
        case Rest.HOUR:
            return clock.now + timedelta(hours=1)
        case Rest.THREE_HOURS:
            return clock.now + timedelta(hours=3)
        case Rest.TOMORROW:
            return morning + timedelta(days=1)
        case Rest.MONDAY:
            return morning + timedelta(days=7 - local.weekday())
        case Rest.AT:
            return _written(clock, fields.get("at", ""))
    raise NotLater("Choose until when.")


def _written(clock: Clockface, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotLater("Write a date and a time.") from error
    at = at.replace(tzinfo=clock.zone)
    if at <= clock.now:
        raise NotLater("Choose a time that is still to come.")
    return at
