"""What was learnt of the customers as people read it: a card for each question, with its picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crm_core.errors import NotEnough
from crm_core.learnt import Amount, Cohort, Curve, Learnt
from crm_core.sentences import Share
from desk.moments import Clockface
from desk.sentences import counted, refusal, said, shown_value, tried
from desk.steps_drawings import Bar, BarLine
from desk.steps_numbers import money
from desk.words import Words

WIDTH, HEIGHT = 600.0, 200.0
SHADES = 7
MOST_MONTHS = 12
YEAR_DAYS = 365.25
TICKS = 5
BAND_AT_ONE = {"portfolio"}  # of these the axis is 1: as often as by chance


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """`line` and `band` are points of a drawing WIDTH by HEIGHT."""

    line: str
    band: str
    days: tuple[Tick, ...]
    shares: tuple[Tick, ...]
    told: str


@dataclass(frozen=True, slots=True)
class CohortLine:
    """`cells`: shade from 0 to SHADES, and the text."""

    name: str
    customers: str
    cells: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Card:
    key: str
    title: str
    sentence: str
    is_refused: bool
    picture: str = ""  # what the bars are
    bars: tuple[BarLine, ...] = ()
    curve: DrawnCurve | None = None
    cohorts: tuple[CohortLine, ...] = ()
    trial: str = ""
    rests_on: tuple[str, ...] = ()


def cards(found: Iterable[Learnt], words: Words, clock: Clockface) -> tuple[Card, ...]:
    return tuple(_card(each, words, clock) for each in found)


def _card(learnt: Learnt, words: Words, clock: Clockface) -> Card:
    title = words(f"customers.{learnt.kind}.title")
    if learnt.refused is not None:
        short = learnt.refused
        return Card(learnt.kind, title, refusal(words, NotEnough(short.what, short.have, short.need)), is_refused=True)
    return Card(
        learnt.kind, title, said(words, learnt.sentence) if learnt.sentence else "", is_refused=False,
        picture=words(f"customers.{learnt.kind}.picture") if learnt.amounts else "", bars=_bars(learnt, words),
        curve=_curve(learnt.curve, words) if learnt.curve and learnt.curve.days else None,
        cohorts=_cohorts(learnt.cohorts, words, clock), trial=tried(words, learnt.trial) if learnt.trial else "",
        rests_on=tuple(counted(words, each.what, each.have, each.need) for each in learnt.minima),
    )  # fmt: skip


def _bars(learnt: Learnt, words: Words) -> tuple[BarLine, ...]:
    """Bands where there are any, else plain bars from nothing; all on one scale."""
    amounts = learnt.amounts
    if not amounts:
        return ()
    axis = 1.0 if learnt.kind in BAND_AT_ONE else 0.0
    ends = [axis, *(end for each in amounts for end in _ends(each))]
    low, width = min(ends), (max(ends) - min(ends)) or 1.0
    scale = 100 / width
    return tuple(
        BarLine(_name(learnt.kind, each, words), tuple(_drawn(each, axis, low, scale)), _text(learnt, each, words),
                round((axis - low) * scale, 2))
        for each in amounts
    )  # fmt: skip


def _ends(amount: Amount) -> tuple[float, ...]:
    return tuple(each for each in (amount.value, amount.low, amount.high) if each is not None)


def _drawn(amount: Amount, axis: float, low: float, scale: float) -> Iterable[Bar]:
    if amount.low is None or amount.high is None:
        first, last = sorted((axis, amount.value))
        yield Bar(round((first - low) * scale, 2), round((last - first) * scale, 2), "part")
        return
    yield Bar(round((amount.low - low) * scale, 2), round((amount.high - amount.low) * scale, 2), "band")
    yield Bar(round(max(0.0, (amount.value - low) * scale - 0.5), 2), 1.0, "part")


def _name(kind: str, amount: Amount, words: Words) -> str:
    if kind == "segments":
        return words.known(f"segments.{amount.name}", amount.name)
    if kind == "churn":
        return words("customers.churn.part", part=amount.name)
    return words("customers.clv.part", n=amount.name) if kind == "clv" else amount.name


def _text(learnt: Learnt, amount: Amount, words: Words) -> str:
    if learnt.kind == "clv":
        return money(amount.value, learnt.currency or "", words)
    value = shown_value(words, round(amount.value, 2))
    if amount.low is None or amount.high is None:
        return value
    between = words("customers.between", value=value, low=shown_value(words, round(amount.low, 2)),
                    high=shown_value(words, round(amount.high, 2)))  # fmt: skip
    together = words("customers.portfolio.together", n=int(amount.note)) if amount.note is not None else ""
    return " · ".join(each for each in (between, together) if each)


def _curve(curve: Curve, words: Words) -> DrawnCurve:
    """A staircase from all of them on day 0; the band beside it."""
    last = curve.days[-1]
    line = _stairs(curve.days, curve.share, last)
    band = [*_stairs(curve.days, curve.high, last), *reversed(_stairs(curve.days, curve.low, last))]
    shares = tuple(
        Tick(HEIGHT * (1 - part / 4), shown_value(words, Share(part / 4))) for part in range(5)
    )  # fmt: skip
    told = words("customers.retention.curve", days=last, share=shown_value(words, Share(curve.share[-1])))
    return DrawnCurve(_points(line), _points(band), tuple(_day_ticks(last, words)), shares, told)


def _stairs(days: Sequence[int], shares: Sequence[float], last: int) -> list[tuple[float, float]]:
    points, before = [(0.0, 0.0)], 1.0
    for day, share in zip(days, shares, strict=True):
        x = WIDTH * day / max(1, last)
        points += [(x, HEIGHT * (1 - before)), (x, HEIGHT * (1 - share))]
        before = share
    return points


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _day_ticks(last: int, words: Words) -> Iterable[Tick]:
    """Whole months, about TICKS of them."""
    months = max(1, round(last / YEAR_DAYS * 12))
    every = max(1, round(months / TICKS))
    for month in range(0, months + 1, every):
        at = WIDTH * month * YEAR_DAYS / 12 / max(1, last)
        if at <= WIDTH:
            yield Tick(round(at, 1), words("customers.retention.month", n=month))


def _cohorts(rows: Sequence[Cohort], words: Words, clock: Clockface) -> tuple[CohortLine, ...]:
    """Of each only its first months; in the month of the first purchase all bought."""
    return tuple(
        CohortLine(clock.month(row.month), shown_value(words, row.customers), tuple(
            (round(active * SHADES), shown_value(words, Share(round(active, 2)))) for active in row.active[:MOST_MONTHS]
        )) for row in rows
    )  # fmt: skip
