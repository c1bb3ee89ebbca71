"""What-if in a process of its own: a situation comes in as JSON, days are simulated, each one's end is told."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any, TextIO

from crm_core.planning import DayOutcome, Situation, Spread
from insight.fifo import estimate
from insight.mining.planned_day import lived

SEEDS = (1, 2, 3)
FIGURES = tuple(field.name for field in fields(DayOutcome) if field.name != "half")


def situation_of(plain: dict[str, Any]) -> Situation:
    told = {**plain, "expected": tuple(plain["expected"]), "people": tuple(plain["people"])}
    return Situation(**{**told, "spread": Spread(plain["spread"])})


def together(days: Sequence[DayOutcome]) -> DayOutcome:
    """The mean of each figure, with half of its interval."""
    found = {name: estimate([float(getattr(day, name)) for day in days]) for name in FIGURES}
    means = {name: each.mean for name, each in found.items()}
    return DayOutcome(**means, half={name: each.half_width for name, each in found.items()})


def run(base: Situation, then: Situation) -> Iterator[dict[str, Any]]:
    """Progress after each day, at last both outcomes. The same seeds meet both with the same people."""
    days: dict[str, list[DayOutcome]] = {"base": [], "then": []}
    done, of = 0, 2 * len(SEEDS)
    for seed in SEEDS:
        for name, situation in (("base", base), ("then", then)):
            days[name].append(lived(situation, seed))
            done += 1
            yield {"done": done, "of": of}
    yield {name: asdict(together(each)) for name, each in days.items()}


def main(given: TextIO, out: TextIO) -> None:
    asked = json.load(given)
    for line in run(situation_of(asked["base"]), situation_of(asked["then"])):
        out.write(json.dumps(line) + "\n")
        out.flush()


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
