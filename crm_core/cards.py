"""Card numbers are never stored: all but the last four digits go before anything is written."""

import json
import re
from collections.abc import Iterator
from json import JSONDecodeError

from crm_core.contracts import Json

_SEPARATOR = "[ \u00a0\u2009\u202f\\-\u2010-\u2015\u2212]{1,2}"
_RUN = re.compile(rf"\d+(?:{_SEPARATOR}\d+)*")
_DIGITS = re.compile(r"\d+")
_FEWEST, _MOST = 13, 19
_LONGEST_ACCOUNT, _LONGEST_PHONE = 32, 15
_CARD_STARTS = "23456"  # the industries whose cards people pay with
_OTHER_GROUPS = {(4, 6, 5), (4, 6, 4)}  # American Express, Diners


def card_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand, in order: 13 to 19 digits of any script, grouped like a card, that pass Luhn.

    Beside a card may stand its date and code, so parts of a row of groups are tried: at most seven ends a start.
    """
    for run in _RUN.finditer(text):
        if run.end() - run.start() >= _FEWEST and not _is_account_or_phone(text, run):
            groups = [(run.start() + group.start(), run.start() + group.end()) for group in _DIGITS.finditer(run[0])]
            yield from _in_run(text, groups)


def _is_account_or_phone(text: str, run: re.Match[str]) -> bool:
    """An IBAN that proves itself, or digits after a plus that are few enough to be called."""
    digits = _plain(run[0])
    before = text[max(run.start() - 3, 0) : run.start()]
    country = re.search(r"(?<![A-Za-z])[A-Za-z]{2}\Z", before)
    if country is not None and len(digits) <= _LONGEST_ACCOUNT:
        letters = "".join(str(ord(letter) - 55) for letter in country[0].upper())
        return int(digits[2:] + letters + digits[:2]) % 97 == 1  # ISO 13616
    return before.endswith("+") and len(digits) <= _LONGEST_PHONE


def _in_run(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first = 0
    while first < len(groups):
        last = _last_group(text, groups, first)
        if last is None:
            first += 1
            continue
        yield groups[first][0], groups[last][1]
        first = last + 1


def _last_group(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card that starts with group `first`."""
    digits, sizes, found = "", [], None
    for last in range(first, len(groups)):
        start, end = groups[last]
        if len(digits) + end - start > _MOST:
            break
        digits += _plain(text[start:end])
        sizes.append(end - start)
        whole = first == 0 and last == len(groups) - 1 and digits[0] in _CARD_STARTS
        if len(digits) >= _FEWEST and (whole or _is_grouped_like_a_card(sizes)) and _passes_luhn(digits):
            found = last
    return found


def _is_grouped_like_a_card(sizes: list[int]) -> bool:
    return (
        len(sizes) == 1
        or all(size % 4 == 0 for size in sizes[:-1])
        or all(size <= 2 for size in sizes)  # noqa: PLR2004 - dictated, by one or two digits
        or tuple(sizes) in _OTHER_GROUPS
    )


def _plain(digits: str) -> str:
    """ASCII digits, whatever the script."""
    return "".join(str(int(character)) for character in digits if character.isdecimal())


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    values = [int(character) for character in digits]
    doubled = [value * 2 - 9 * (value > 4) for value in values[-2::-2]]  # noqa: PLR2004 - two digits: add them up
    return sum(values[-1::-2] + doubled) % 10 == 0 and any(values)


def without_card_numbers(text: str) -> str:
    """`text` with every card number as `•••• •••• •••• 1111`."""
    parts, position = [], 0
    for start, end in card_spans(text):
        parts += [text[position:start], "•••• •••• •••• ", _plain(text[start:end])[-4:]]
        position = end
    return "".join([*parts, text[position:]])


def payload_without_card_numbers(raw: bytes) -> bytes:
    """The same bytes where there is none. JSON stays JSON: numbers outside strings are ids and times."""
    try:
        content: Json = json.loads(raw)
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        written = raw.decode("utf-8", errors="surrogateescape")
        return without_card_numbers(written).encode("utf-8", errors="surrogateescape")
    clean = _clean(content)
    return raw if clean == content else json.dumps(clean, ensure_ascii=False).encode("utf-8", errors="surrogatepass")


def _clean(content: Json) -> Json:
    if isinstance(content, str):
        return without_card_numbers(content)
    if isinstance(content, list):
        return [_clean(part) for part in content]
    if isinstance(content, dict):
        return {without_card_numbers(key): _clean(part) for key, part in content.items()}
    return content
