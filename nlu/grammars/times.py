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
_HOURS = (
    "one|час|una", "two|два|двух|dos", "three|три|тр[её]х|tres", "four|четыре|четыр[её]х|cuatro",
    "five|пять|пяти|cinco", "six|шесть|шести|seis", "seven|семь|семи|siete", "eight|восемь|восьми|ocho",
    "nine|девять|девяти|nueve", "ten|десять|десяти|diez", "eleven|одиннадцат[ьи]|once", "twelve|двенадцат[ьи]|doce",
)  # fmt: skip
_GENITIVES = (
    "первого|второго|третьего|четв[её]ртого|пятого|шестого|"
    "седьмого|восьмого|девятого|десятого|одиннадцатого|двенадцатого"
)
_HOUR_WORD = "|".join(_HOURS)
_BEFORE = (
    r"(?:at|after|before|until|till|by|around|about|в|во|после|до|к|около|раньше|позже|с|"
    r"(?:a|de|desde|hasta|sobre|hacia)\slas?|despu[eé]s\sde\slas?|antes\sde\slas?)"
)
_ENDS = (
    r"(?=\s*(?:\Z|[,.!?;)](?!\d))|\s(?:or|and|on|to|please|tomorrow|today|и|или|до|завтра|сегодня|пожалуйста|"
    r"y|o|en|hasta|ma[nñ]ana|por)\b)"
)
_SPOKEN = re.compile(
    rf"(?<!\w){_BEFORE}\s(?P<written>(?P<word>{_HOUR_WORD})(?P<half>\sthirty|\sтридцать|\sy\smedia)?"
    rf"(?:\s(?:{_PART})(?!\w)|{_ENDS})|(?P<hour>1?\d|2[0-3])(?:\.(?P<minute>[0-5]\d))?{_ENDS})",
    re.IGNORECASE,
)
_HALF = re.compile(
    rf"(?<!\w)(?:half\spast\s(?P<past>{_HOUR_WORD}|\d{{1,2}})|пол(?:овин\w\s|-)?(?P<to>{_GENITIVES})"
    rf"|(?P<hour>\d{{1,2}})\sy\smedia)(?!\w)",
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
    for match in _SPOKEN.finditer(text):
        yield _spoken(match)
    for match in _HALF.finditer(text):
        yield _half(match)
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


def _spoken(match: re.Match[str]) -> Entity:
    """“After 6”, “a las siete”: of the day's two, the one at which people deliver, unless the part of day is said."""
    if match["word"]:
        hour, minute = _hour_of(match["word"]) % _NOON, "30" if match["half"] else "00"
        in_the_evening = match["later"] or (not match["morning"] and hour < _FIRST_OFFICE_HOUR)
        hour += _NOON if in_the_evening else 0
    else:
        hour, minute = int(match["hour"]), match["minute"] or "00"
        hour += _NOON if hour < _FIRST_OFFICE_HOUR and not match["minute"] else 0
    return Entity("time", f"{hour:02}:{minute}", match["written"], match.start("written"), match.end("written"))


def _half(match: re.Match[str]) -> Entity:
    if match["to"]:
        hour = [re.fullmatch(name, match["to"], re.IGNORECASE) is not None for name in _GENITIVES.split("|")].index(
            True
        )
    else:
        written = match["past"] or match["hour"]
        hour = int(written) if written.isdigit() else _hour_of(written)
    hour += _NOON if hour < _FIRST_OFFICE_HOUR else 0
    return Entity("time", f"{hour % 24:02}:30", match[0], match.start(), match.end())


def _hour_of(word: str) -> int:
    return next(n for n, names in enumerate(_HOURS, start=1) if re.fullmatch(names, word, re.IGNORECASE))


def _time(match: re.Match[str], hour: int) -> Entity:
    return Entity("time", f"{hour:02}:{match['minute'] or '00'}", match[0], match.start(), match.end())
