"""When somebody may be written to: by their own clock, outside the quiet hours."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones

from config.campaign_files import QuietHours

_NUMBERS = ("tel:", "whatsapp:")
LONGEST_LOOK = 8  # days: a week, and the day it began in


def zone_of(own: str | None, uri: str | None, company: str) -> ZoneInfo:
    """The contact's own, else that of their number where it has just one, else the company's."""
    if own:
        return ZoneInfo(own)
    scheme, _, number = (uri or "").partition(":")
    if f"{scheme}:" in _NUMBERS and number.startswith("+"):
        zones = number_zones.time_zones_for_number(phonenumbers.parse(number))
        if len(zones) == 1 and zones[0] != "Etc/Unknown":
            return ZoneInfo(zones[0])
    return ZoneInfo(company)


def allowed_at(now: datetime, zone: ZoneInfo, quiet: QuietHours) -> datetime:
    """`now`, or the first moment after it that is not quiet; far off when every day is quiet."""
    local = now.astimezone(zone)
    for days in range(LONGEST_LOOK):
        day = local.date() + timedelta(days=days)
        found = _from(local.time() if days == 0 else time.min, quiet) if day.weekday() not in quiet.days else None
        if found is not None:
            asked = datetime.combine(day, found, zone)
            return max(now, asked.astimezone(now.tzinfo))
    return now + timedelta(days=LONGEST_LOOK)


def _from(earliest: time, quiet: QuietHours) -> time | None:
    """The first time of a day from `earliest` on; quiet hours may run over midnight."""
    if quiet.begin == quiet.end:
        return earliest
    if quiet.begin < quiet.end:
        return earliest if not quiet.begin <= earliest < quiet.end else quiet.end
    if earliest < quiet.end:
        return quiet.end
    return earliest if earliest < quiet.begin else None
