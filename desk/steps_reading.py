"""What was written into the forms of the five steps, as the document again. Every reader raises WrongField."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from config.five_steps import (
    MOST_CRITERIA,
    MOST_SCORE,
    ONE_OFF,
    WORTH,
    YEARLY,
    Costs,
    Criterion,
    FiveSteps,
    Goal,
    HoldOut,
    Periods,
    Range,
    Selection,
    Terms,
    Worth,
)
from desk.forms import WrongField, clean, read_number, read_span
from desk.steps_form import OPTIONS, PERCENT, UNITS, Step
from desk.steps_numbers import read_amount
from desk.words import Words

ENDS = ("low", "mode", "high")
MOST_NOTE_CHARACTERS = 8_000
Written = Mapping[str, str]


def read_step(step: Step, fields: Written, held: FiveSteps, words: Words) -> FiveSteps:
    """What was written in the place of what holds; the other steps stay. Raises WrongField."""
    return held.model_copy(update=READERS[step](fields, words))


def _economics(fields: Written, words: Words) -> dict[str, Any]:
    terms = {
        "years": read_number(fields, "years") or 3,
        "discount_rate": _percent(fields.get("discount_rate", ""), "discount_rate", words) or 0.0,
        "ramp": _ramp(fields, words), "cashable": _cashable(fields, words),
    }  # fmt: skip
    return {
        "costs": _model(Costs, {key: _range(fields, f"cost_{key}", words) for key in (*ONE_OFF, *YEARLY)}),
        "worth": _model(Worth, {key: _range(fields, f"worth_{key}", words) for key in WORTH}),
        "terms": _model(Terms, terms), "periods": _model(Periods, _periods(fields)),
        "campaign": _model(HoldOut, {name: read_number(fields, name) or 0 for name in HoldOut.model_fields}),
    }  # fmt: skip


def _periods(fields: Written) -> dict[str, date | None]:
    """Each has both its days or neither, in order, and the earlier one ends first."""
    found = {name: _day(fields, name) for name in Periods.model_fields}
    for first, last in (("baseline_first", "baseline_last"), ("first", "last")):
        since, until = found[first], found[last]
        if (since is None) != (until is None) or (since and until and until < since):
            raise WrongField(last, "period")
    if found["baseline_last"] and found["first"] and found["baseline_last"] >= found["first"]:
        raise WrongField("first", "later")
    return found


def _day(fields: Written, name: str) -> date | None:
    given = fields.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise WrongField(name, "day") from error


def _range(fields: Written, name: str, words: Words) -> Range:
    """Where only the likely value is written, it is certain. Raises WrongField."""
    low, mode, high = (read_amount(fields.get(f"{name}_{end}", ""), name, words.locale) for end in ENDS)
    if mode is None and (low is not None or high is not None):
        raise WrongField(name, "mode")
    middle = mode or 0.0
    bottom, top = middle if low is None else low, middle if high is None else high
    if not bottom <= middle <= top:
        raise WrongField(name, "order")
    return Range(low=bottom, mode=middle, high=top)


def _cashable(fields: Written, words: Words) -> Range:
    found = _range(fields, "cashable", words)
    if found.high > PERCENT:
        raise WrongField("cashable", "percent")
    return Range(low=found.low / PERCENT, mode=found.mode / PERCENT, high=found.high / PERCENT)


def _percent(given: str, name: str, words: Words) -> float | None:
    value = read_amount(given.replace("%", ""), name, words.locale)
    if value is not None and value > PERCENT:
        raise WrongField(name, "percent")
    return None if value is None else value / PERCENT


def _ramp(fields: Written, words: Words) -> tuple[float, ...]:
    parts = [each for each in fields.get("ramp", "").split(";") if each.strip()]
    found = tuple(_percent(each, "ramp", words) or 0.0 for each in parts)
    return found or Terms().ramp


def _goals(fields: Written, words: Words) -> dict[str, Any]:
    found: dict[str, Goal] = {}
    for key in UNITS:
        values = {name: _goal(fields, f"{name}_{key}", key, words) for name in Goal.model_fields}
        if any(value is not None for value in values.values()):
            found[key] = Goal(**values)
    return {"goals": found}


def _goal(fields: Written, name: str, key: str, words: Words) -> float | None:
    if UNITS[key] == "seconds":
        return read_span(fields, name)
    given = fields.get(name, "")
    return _percent(given, name, words) if UNITS[key] == "share" else read_amount(given, name, words.locale)


def _selection(fields: Written, _words: Words) -> dict[str, Any]:
    options = tuple(clean(fields.get(f"option_{number}", "")) for number in range(1, OPTIONS + 1))
    kept = [number for number, name in enumerate(options, 1) if name]
    criteria = [_criterion(fields, number, kept) for number in range(1, MOST_CRITERIA + 1)]
    held = {
        "options": tuple(name for name in options if name), "criteria": tuple(each for each in criteria if each),
        "note": clean(fields.get("note", "")),
    }  # fmt: skip
    return {"selection": _model(Selection, held)}


def _criterion(fields: Written, number: int, kept: list[int]) -> Criterion | None:
    """None for a line without a name."""
    name = clean(fields.get(f"criterion_{number}", ""))
    if not name:
        return None
    weight = read_number(fields, f"weight_{number}")
    scores = tuple(_score(fields, f"score_{number}_{option}") for option in kept)
    values = {"name": name, "weight": 1 if weight is None else weight, "scores": scores}
    found: Criterion = _model(Criterion, values)
    return found


def _score(fields: Written, name: str) -> int | None:
    found = read_number(fields, name)
    if found is not None and found > MOST_SCORE:
        raise WrongField(name, "score")
    return found


def _note(name: str) -> Callable[[Written, Words], dict[str, Any]]:
    return lambda fields, _: {name: _noted(fields)}


def _noted(fields: Written) -> str:
    found = clean(fields.get("note", ""))
    if len(found) > MOST_NOTE_CHARACTERS:
        raise WrongField("note", "long")
    return found


def _model(model: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of the document's parts
    """Raises WrongField with the first field that does not fit."""
    try:
        return model(**values)
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        raise WrongField(str(place[0]) if place else "campaign", "any" if place else "campaign") from error


READERS: Mapping[Step, Callable[[Written, Words], dict[str, Any]]] = {
    Step.ECONOMICS: _economics, Step.GOALS: _goals, Step.PROCESSES: _note("processes"), Step.SCOPE: _note("scope"),
    Step.SELECTION: _selection,
}  # fmt: skip
