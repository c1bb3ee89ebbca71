"""Times of day as 24-hour HH:MM."""

import re
from collections.abc import Iterator

from nlu.engine import Entity

_CLOCK = r"(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?"
_CLOCK_ALONE = re.compile(r"(?<![\w:./,-])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\w:/-]|[.,]\d)")
_PART = (
    r"(?P<morning>a\.?m\.?(?!\w)|(?:o['’]?clock\s)?in\sthe\smorning|(?:час\w{0,2}\s)?утра|(?:час\w{0,2}\s)?ночи|de\sla\s(?:ma[nñ]ana|madrugada))"
    r"|(?P<later>p\.?m\.?(?!\w)|(?:o['’]?clock\s)?(?:in\sthe\s(?:afternoon|evening)|at\snight)|(?:час\w{0,2}\s)?(?:вечера|дня)|de\sla\s(?:tarde|noche))"
    r"|(?P<clock>o['’]?clock)"
)
_WITH_PART = re.compile(rf"(?<![\w:./,-]){_CLOCK}\s?(?:{_PART})(?!\w)", re.IGNORECASE)
_NAMED = re.compile(
    r"(?<!\w)(?:(?P<noon>noon|midday|полдень|(?:al?\s)?mediod[ií]a)|(?P<midnight>midnight|полночь|(?:a\s)?medianoche))(?!\w)",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\d\s?(?:дня|ночи)\Z", re.IGNORECASE)  # “через 3 дня” counts days, “в 3 дня” is a time
_TIMED = re.compile(r"(?<!\w)(?:в|до|после|к|с|около)\s\Z", re.IGNORECASE)
_NOON = 12
_FIRST_OFFICE_HOUR = 7


def times(text: str) -> Iterator[Entity]:
    for match in _WITH_PART.finditer(text):
        if _COUNTED.search(match[0]) and not _TIMED.search(text[max(match.start() - 10, 0) : match.start()]):
            continue
        yield _time(match, _hour(match))
    for match in _CLOCK_ALONE.finditer(text):
        yield _time(match, int(match["hour"]))
    for match in _NAMED.finditer(text):
        yield Entity("time", "12:00" if match["noon"] else "00:00", match[0], match.start(), match.end())


def _hour(match: re.Match[str]) -> int:
    """“12 am” is midnight; “5 o’clock” is in the afternoon, as nobody delivers at five in the morning."""
    hour = int(match["hour"])
    if hour > _NOON:
        return hour
    if match["morning"]:
        return hour % _NOON
    return hour % _NOON + _NOON if match["later"] or hour < _FIRST_OFFICE_HOUR or hour == _NOON else hour


def _time(match: re.Match[str], hour: int) -> Entity:
    return Entity("time", f"{hour:02}:{match['minute'] or '00'}", match[0], match.start(), match.end())
