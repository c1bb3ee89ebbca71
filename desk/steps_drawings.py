"""The economic analysis in figures and drawings: tiles, what each year costs and brings, the tornado."""

from collections.abc import Iterable
from dataclasses import dataclass

from crm_core.economics import Band, Economics, Swing
from desk.moments import Clockface
from desk.steps_numbers import measured, money, share
from desk.words import Words

MOST_SWINGS = 12


@dataclass(frozen=True, slots=True)
class Paper:
    """Who reads, in which words and which money."""

    words: Words
    clock: Clockface
    currency: str

    def money(self, value: float | None) -> str:
        return money(value, self.currency, self.words)


@dataclass(frozen=True, slots=True)
class Tile:
    name: str
    value: str
    note: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a drawing 100 units wide."""

    at: float
    width: float
    tone: str


@dataclass(frozen=True, slots=True)
class BarLine:
    name: str
    bars: tuple[Bar, ...]
    text: str
    axis: float | None = None


def tiles(found: Economics, paper: Paper) -> tuple[Tile, ...]:
    words = paper.words
    payback = (
        words("five_steps.years", n=measured(found.payback_years, "number", "", words))
        if found.payback_years is not None else words("five_steps.never")
    )  # fmt: skip
    return (
        Tile(words("five_steps.tile.npv"), paper.money(found.npv.p50), _between(found.npv, paper),
             _tone(found.npv.p50)),
        Tile(words("five_steps.tile.npv_cash"), paper.money(found.npv_cash.p50), _between(found.npv_cash, paper),
             _tone(found.npv_cash.p50)),
        Tile(words("five_steps.tile.positive"), share(found.p_positive, words),
             words("five_steps.tile.positive_cash", share=share(found.p_positive_cash, words))),
        Tile(words("five_steps.tile.payback"), payback,
             words("five_steps.tile.pays_back", share=share(found.pays_back, words))),
        Tile(words("five_steps.tile.roi"), share(found.roi.p50 if found.roi else None, words),
             words("five_steps.between", low=share(found.roi.p10, words), high=share(found.roi.p90, words))
             if found.roi else words("five_steps.tile.no_roi")),
        Tile(words("five_steps.tile.cost"), paper.money(found.cost.p50), _between(found.cost, paper)),
    )  # fmt: skip


def _between(band: Band, paper: Paper) -> str:
    return paper.words("five_steps.between", low=paper.money(band.p10), high=paper.money(band.p90))


def _tone(value: float) -> str:
    return "" if value == 0 else "ok" if value > 0 else "bad"


def year_lines(found: Economics, paper: Paper) -> tuple[BarLine, ...]:
    """What each year costs and brings, at the likeliest values: costs to the left of the axis."""
    most_cost = max((each.cost for each in found.years), default=0.0)
    most_gain = max((max(0.0, each.cash) + max(0.0, each.capacity) for each in found.years), default=0.0)
    scale = 100 / (most_cost + most_gain) if most_cost + most_gain else 0.0
    axis = most_cost * scale
    lines = []
    for each in found.years:
        cash, capacity = max(0.0, each.cash) * scale, max(0.0, each.capacity) * scale
        bars = (
            Bar(axis - each.cost * scale, each.cost * scale, "cost"), Bar(axis, cash, "gain"),
            Bar(axis + cash, capacity, "freed"),
        )  # fmt: skip
        told = paper.words(
            "five_steps.year_text", cost=paper.money(each.cost), cash=paper.money(each.cash),
            capacity=paper.money(each.capacity),
        )  # fmt: skip
        name = paper.words("five_steps.year", n=each.number) if each.number else paper.words("five_steps.start")
        lines.append(BarLine(name, bars, told, axis))
    return tuple(lines)


def tornado_lines(found: Economics, paper: Paper) -> tuple[BarLine, ...]:
    """The widest first; the axis is the net present value with everything at its likeliest."""
    swings = found.tornado[:MOST_SWINGS]
    if not swings:
        return ()
    ends = [end for each in swings for end in (each.low, each.high)]
    low, scale = min(ends), 100 / (max(ends) - min(ends))
    middle = (found.npv_at_modes - low) * scale
    return tuple(
        BarLine(_input_name(each.key, paper.words), tuple(_swing_bars(each, middle, low, scale)),
                f"{paper.money(each.low)} … {paper.money(each.high)}", middle)
        for each in swings
    )  # fmt: skip


def _swing_bars(swing: Swing, middle: float, low: float, scale: float) -> Iterable[Bar]:
    for end, tone in ((swing.low, "low"), (swing.high, "high")):
        at = (end - low) * scale
        yield Bar(round(min(at, middle), 2), round(abs(at - middle), 2), tone)


def _input_name(key: str, words: Words) -> str:
    part, _, name = key.partition(".")
    if part == "cost":
        return words(f"five_steps.costs.{name}")
    if part == "worth":
        return words(f"five_steps.worth.{name}")
    return words(f"five_steps.change.{name}") if part == "delta" else words("five_steps.terms.cashable")
