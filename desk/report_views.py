"""Figures as people read them: rounded as far as they are known, with what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass

from babel.numbers import format_decimal, format_percent

from crm_core.reporting import Dimension, Figure, Figures, Report, Unit
from desk.words import Words

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
TENTHS_BELOW_S = 10
NOTHING = "–"
PERCENT = "0.0\u00a0%"
RISING_IS_GOOD = frozenset({
    "sl_excl_short", "sl_offered", "sl_answered_only", "sl_connect", "containment_strict", "containment_lenient",
    "csat", "survey_response",
})  # fmt: skip
NEITHER_IS_GOOD = frozenset({
    "offered", "answered", "callbacks", "occupancy", "handle", "handle_p50", "handle_p95", "promise_kept",
})  # fmt: skip
# what a card shows: its figure, and the ones that stand below it
CARDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sl_excl_short", ()), ("wait_p50", ("wait_p95", "asa")), ("abandonment", ("abandonment_no_short",)),
    ("offered", ("answered",)), ("promise_kept", ("promise_error",)),
    ("first_response_p50", ("first_response_p90", "first_response_open_p50")),
    ("resolution_first_p50", ("reopens",)), ("containment_strict", ("containment_lenient",)),
    ("csat", ("survey_response",)), ("occupancy", ("transfer_rate",)),
)  # fmt: skip
COLUMNS = (
    "offered", "answered", "sl_excl_short", "asa", "wait_p95", "abandonment", "first_response_p50",
    "first_response_open_p50", "handle_p50", "transfer_rate", "csat",
)  # fmt: skip
AGENT_COLUMNS = (
    "answered", "first_response_p50", "next_response_p50", "handle_p50", "occupancy", "transfer_rate", "decline_rate",
    "csat",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """One figure in words. `tone` of the change: ok, bad or none; the arrow says it too."""

    key: str
    name: str
    value: str
    about: str
    before: str
    change: str
    arrow: str
    tone: str
    n: str
    interval: str
    pending: str


@dataclass(frozen=True, slots=True)
class Card:
    figure: ShownFigure
    further: tuple[ShownFigure, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: the key for filtering, the name, and its values."""

    key: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    name: str
    count: str
    share: float  # of the most frequent, in percent


def number(value: float, words: Words) -> str:
    return str(format_decimal(value, locale=words.locale))


def seconds(value: float, words: Words) -> str:
    """“6.2 s”, “41 s”, “3:10”, “2 h 05”, “3 d 4 h”."""
    if value < TENTHS_BELOW_S:
        return words("reports.units.s", n=format_decimal(round(value, 1), locale=words.locale))
    if value < MINUTE_S:
        return words("reports.units.s", n=round(value))
    whole = round(value)
    if value < HOUR_S:
        return f"{whole // MINUTE_S}:{whole % MINUTE_S:02d}"
    if value < DAY_S:
        return words("reports.units.h", h=whole // HOUR_S, m=f"{whole % HOUR_S // MINUTE_S:02d}")
    return words("reports.units.d", d=whole // DAY_S, h=whole % DAY_S // HOUR_S)


def shown_value(value: float | None, unit: Unit, words: Words) -> str:
    if value is None:
        return NOTHING
    if unit is Unit.SHARE:
        return str(format_percent(value, PERCENT, locale=words.locale))
    return seconds(value, words) if unit is Unit.SECONDS else number(value, words)


def shown(figure: Figure, before: Figure | None, words: Words, within_s: float) -> ShownFigure:
    known = before.value if before else None
    change, arrow, tone = _change(figure, known, words)
    interval = ""
    if figure.low is not None and figure.high is not None:
        low, high = (shown_value(bound, figure.unit, words) for bound in (figure.low, figure.high))
        interval = f"{low} … {high}"
    limit = seconds(within_s, words)
    return ShownFigure(
        figure.key, words(f"reports.figures.{figure.key}", limit=limit), shown_value(figure.value, figure.unit, words),
        words(f"reports.about.{figure.key}", limit=limit), shown_value(known, figure.unit, words), change, arrow, tone,
        number(figure.n, words), interval, number(figure.pending, words) if figure.pending else "",
    )  # fmt: skip


def _change(figure: Figure, before: float | None, words: Words) -> tuple[str, str, str]:
    """The difference, an arrow and whether it is good; shares change by points, the rest by a percentage."""
    if figure.value is None or before is None:
        return "", "", ""
    difference = figure.value - before
    if figure.unit is Unit.SHARE:
        text = words("reports.units.points", n=format_decimal(100 * difference, "+0.0;-0.0", locale=words.locale))
        is_small = abs(difference) < 0.0005  # noqa: PLR2004 - rounds to nothing
    elif before == 0:
        return "", "", ""
    else:
        text = str(format_percent(difference / before, "+0\u00a0%;-0\u00a0%", locale=words.locale))
        is_small = abs(difference / before) < 0.005  # noqa: PLR2004 - rounds to nothing
    if is_small:
        return words("reports.same"), "", ""
    arrow = "trending-up" if difference > 0 else "trending-down"
    if figure.key in NEITHER_IS_GOOD:
        return text, arrow, ""
    return text, arrow, "ok" if (difference > 0) == (figure.key in RISING_IS_GOOD) else "bad"


def cards(report: Report, words: Words, within_s: float) -> tuple[Card, ...]:
    figures = all_figures(report, words, within_s)
    return tuple(
        Card(figures[key], tuple(figures[each] for each in further)) for key, further in CARDS if key in figures
    )


def all_figures(report: Report, words: Words, within_s: float) -> dict[str, ShownFigure]:
    return {key: shown(figure, report.before.get(key), words, within_s) for key, figure in report.now.items()}


def columns(by: Dimension) -> tuple[str, ...]:
    return AGENT_COLUMNS if by is Dimension.AGENT else COLUMNS


def lines(report: Report, by: Dimension, names: Mapping[str, str], words: Words) -> tuple[Line, ...]:
    """The busiest first."""
    groups = sorted(report.groups[by].items(), key=lambda item: -_size(item[1]))
    return tuple(Line(key, names.get(key, key), _values(figures, by, words)) for key, figures in groups)


def _size(figures: Figures) -> float:
    return figures["offered"].value or 0.0


def _values(figures: Figures, by: Dimension, words: Words) -> tuple[str, ...]:
    found = (figures.get(key) for key in columns(by))
    return tuple(shown_value(each.value, each.unit, words) if each else NOTHING for each in found)


def reasons(report: Report, words: Words) -> tuple[Reason, ...]:
    most = max(report.reasons.values(), default=1)
    return tuple(
        Reason(words.known(f"reasons.{key}", key.replace("_", " ")), number(n, words), round(100 * n / most, 1))
        for key, n in report.reasons.items()
    )
