"""The forms of the five steps: what holds, as fields."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from config.five_steps import MOST_CRITERIA, WORTH, Criterion, FiveSteps, Range
from desk.forms import span_text
from desk.steps_numbers import percent_text, plain
from desk.words import Words

OPTIONS = 3
PERCENT = 100.0
UNITS = {
    "wait": "seconds", "first_reply": "seconds", "resolution": "seconds", "handling": "seconds",
    "abandonment": "share", "containment": "share", "satisfaction": "share", "retention": "share",
    "campaign_response": "share", "productivity": "number", "sales_cycle": "number", "loyalty": "number",
    "cost_of_service": "money", "sales_per_customer": "money", "sales_per_seller": "money", "acquisition_cost": "money",
}  # fmt: skip


class Step(StrEnum):
    ECONOMICS = "economics"
    GOALS = "goals"
    PROCESSES = "processes"
    SCOPE = "scope"
    SELECTION = "selection"


@dataclass(frozen=True, slots=True)
class RangeLine:
    """Three fields under one name: `name`_low, `name`_mode, `name`_high."""

    name: str
    label: str
    values: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A line of the selection; its fields carry its number."""

    number: int
    name: str
    weight: str
    scores: tuple[str, ...]


def cost_lines(steps: FiveSteps, keys: Iterable[str], words: Words) -> tuple[RangeLine, ...]:
    return tuple(_line(f"cost_{key}", words(f"five_steps.costs.{key}"), getattr(steps.costs, key), words)
                 for key in keys)  # fmt: skip


def worth_lines(steps: FiveSteps, words: Words) -> tuple[RangeLine, ...]:
    return tuple(_line(f"worth_{key}", words(f"five_steps.worth.{key}"), getattr(steps.worth, key), words)
                 for key in WORTH)  # fmt: skip


def cashable_line(steps: FiveSteps, words: Words) -> RangeLine:
    held = steps.terms.cashable
    shares = Range(low=held.low * PERCENT, mode=held.mode * PERCENT, high=held.high * PERCENT)
    return _line("cashable", words("five_steps.terms.cashable"), shares, words)


def _line(name: str, label: str, each: Range, words: Words) -> RangeLine:
    is_empty = each.low == each.mode == each.high == 0
    low, mode, high = ("" if is_empty else plain(value, words.locale) for value in (each.low, each.mode, each.high))
    return RangeLine(name, label, (low, mode, high))


def ramp_text(steps: FiveSteps, words: Words) -> str:
    return "; ".join(percent_text(each, words.locale) for each in steps.terms.ramp)


def goal_text(value: float | None, key: str, words: Words) -> str:
    """As it is written into a field."""
    if value is None:
        return ""
    if UNITS[key] == "seconds":
        return span_text(round(value), words)
    return percent_text(value, words.locale) if UNITS[key] == "share" else plain(value, words.locale)


def option_names(steps: FiveSteps, words: Words) -> tuple[str, ...]:
    """Those that were written, else three to begin with."""
    return steps.selection.options or tuple(words(f"five_steps.options.{number}") for number in range(1, OPTIONS + 1))


def score_lines(steps: FiveSteps, words: Words) -> tuple[ScoreLine, ...]:
    """Those that were written, else the usual criteria; and a few empty ones."""
    held = steps.selection.criteria or tuple(
        Criterion(name=str(name), weight=1, scores=(None,) * OPTIONS)
        for name in words.section("five_steps.criteria").values()
    )
    columns = len(option_names(steps, words))
    lines = [ScoreLine(number, each.name, str(each.weight), _scores(each, columns))
             for number, each in enumerate(held, 1)]  # fmt: skip
    empty = range(len(lines) + 1, min(MOST_CRITERIA, len(lines) + 2) + 1)
    return (*lines, *(ScoreLine(number, "", "1", ("",) * columns) for number in empty))


def _scores(each: Criterion, columns: int) -> tuple[str, ...]:
    found = ["" if score is None else str(score) for score in each.scores]
    return (*found, *[""] * columns)[:columns]
