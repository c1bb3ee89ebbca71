"""Card numbers are never stored: all but the last four digits go before anything is written."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from json import JSONDecodeError

from crm_core.contracts import Json
from crm_core.spoken_cards import spoken_card_spans

_SEPARATOR = "[ \u00a0\u2009\u202f\\-\u2010-\u2015\u2212]{1,2}"
_RUN = re.compile(rf"\d+(?:{_SEPARATOR}\d+)*")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # two digits are added up
_DIGITS, _NOT_DIGITS = re.compile(r"\d+"), re.compile(r"\D+")
_FEWEST, _MOST = 13, 19
_LONGEST_ACCOUNT, _LONGEST_PHONE = 32, 15
_CARD_STARTS = "23456"  # the industries whose cards people pay with
_OTHER_GROUPS = {(4, 6, 5), (4, 6, 4)}  # American Express, Diners


@dataclass(frozen=True, slots=True)
class _Row:
    """Groups of digits side by side, with running sums, so that any part is checked in constant time."""

    digits: str
    edges: list[int]  # where each group starts in `digits`, and the end
    sums: tuple[list[int], list[int]]  # of the digits with every even, or every odd one doubled
    fours: list[int]  # how many groups from here on have a size that four divides
    spelt: list[int]  # how many groups from here on are of one or two digits

    @classmethod
    def of(cls, groups: list[str]) -> "_Row":
        digits = "".join(map(_plain, groups))
        edges = [0, *accumulate(map(len, groups))]
        values, twice = [int(one) for one in digits], [_DOUBLED[int(one)] for one in digits]
        evens = [double if i % 2 == 0 else value for i, (value, double) in enumerate(zip(values, twice, strict=True))]
        odds = [double if i % 2 else value for i, (value, double) in enumerate(zip(values, twice, strict=True))]
        sums = ([0, *accumulate(evens)], [0, *accumulate(odds)])
        fours = _lengths([len(group) % 4 == 0 for group in groups])
        return cls(digits, edges, sums, fours, _lengths([len(group) <= 2 for group in groups]))  # noqa: PLR2004

    def card_from(self, first: int) -> int | None:
        """Behind which group the longest card ends that starts with group `first`."""
        start, count = self.edges[first], len(self.edges) - 1
        for end in range(bisect_right(self.edges, start + _MOST) - 1, first, -1):
            stop = self.edges[end]
            if stop - start < _FEWEST:
                return None
            whole = first == 0 and end == count and self.digits[0] in _CARD_STARTS
            if self._passes_luhn(start, stop) and (whole or self._is_grouped_like_a_card(first, end)):
                return end
        return None

    def _is_grouped_like_a_card(self, first: int, end: int) -> bool:
        groups = end - first
        if groups == 1 or self.fours[first] >= groups - 1 or self.spelt[first] >= groups:
            return True
        edges = self.edges[first : end + 1]
        return groups == 3 and tuple(after - before for before, after in pairwise(edges)) in _OTHER_GROUPS  # noqa: PLR2004

    def _passes_luhn(self, start: int, stop: int) -> bool:
        """ISO/IEC 7812-1 annex B: the last digit counts once, the one before it doubled."""
        sums = self.sums[stop % 2]
        return (sums[stop] - sums[start]) % 10 == 0 and self.digits[start:stop].strip("0") != ""


def _lengths(holds: list[bool]) -> list[int]:
    """At each place, for how many places from there on it holds."""
    counted = accumulate(reversed(holds), lambda length, held: (length + 1) * held, initial=0)
    return list(counted)[:0:-1]


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
    row = _Row.of([text[start:end] for start, end in groups])
    first = 0
    while first < len(groups):
        end = row.card_from(first)
        if end is not None:
            yield groups[first][0], groups[end - 1][1]
        first = first + 1 if end is None else end


def _plain(digits: str) -> str:
    """ASCII digits, whatever the script."""
    written = _NOT_DIGITS.sub("", digits)
    return written if written.isascii() else "".join(str(int(character)) for character in written)


def without_card_numbers(text: str) -> str:
    """`text` with every card number, written or said aloud, as `•••• •••• •••• 1111`."""
    written = [(start, end, _plain(text[start:end])) for start, end in card_spans(text)]
    parts, position = [], 0
    for start, end, digits in sorted([*written, *spoken_card_spans(text)]):
        parts += [text[position:start], "•••• •••• •••• ", digits[-4:]]
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
