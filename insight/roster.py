"""Who is at work when: the same agent-hours spread evenly, or shaped by what is expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

HOUR_S = 3600.0
BISECTIONS = 60
MOST_BETA = 1_000.0
ROUNDING_H = 1e-6


@dataclass(frozen=True, slots=True)
class Shift:
    """Seconds since the opening."""

    agent_id: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Hour:
    """What is expected of one hour; the last of a day may be shorter than a whole one (`length_h` below 1)."""

    contacts: float
    length_h: float = 1.0


def flat(hours: Sequence[Hour], agent_hours: float) -> tuple[int, ...]:
    """People in each hour, as equal as whole people can be."""
    each = agent_hours / sum(hour.length_h for hour in hours)
    return _whole([each] * len(hours), hours, agent_hours)


def shaped(hours: Sequence[Hour], handle_s: float, agent_hours: float) -> tuple[int, ...]:
    """Load + β·√load in each hour (square-root staffing), with the β that spends these hours."""
    loads = [hour.contacts / hour.length_h * handle_s / HOUR_S for hour in hours]
    low, high = -MOST_BETA, MOST_BETA
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        spent = sum(people * hour.length_h for people, hour in zip(_wanted(loads, middle), hours, strict=True))
        low, high = (low, middle) if spent > agent_hours else (middle, high)
    return _whole(_wanted(loads, low), hours, agent_hours)


def _wanted(loads: Sequence[float], beta: float) -> list[float]:
    return [max(1.0, load + beta * sqrt(load)) for load in loads]


def _whole(wanted: Sequence[float], hours: Sequence[Hour], agent_hours: float) -> tuple[int, ...]:
    """Whole people: the largest remainders are rounded up as long as there are hours for them."""
    people = [int(number) for number in wanted]
    left = agent_hours - sum(number * hour.length_h for number, hour in zip(people, hours, strict=True))
    for number in sorted(range(len(wanted)), key=lambda number: people[number] - wanted[number]):
        if left >= hours[number].length_h - ROUNDING_H:
            people[number] += 1
            left -= hours[number].length_h
    return tuple(people)


def shifts(people_per_hour: Sequence[int], length_s: float, step_s: float = HOUR_S) -> tuple[Shift, ...]:
    """One person works every hour (or other step) in which so many are needed; breaks belong to the shrinkage."""
    found = []
    for agent_id in range(1, max(people_per_hour, default=0) + 1):
        start: int | None = None
        for hour, people in enumerate([*people_per_hour, 0]):
            if people >= agent_id and start is None:
                start = hour
            elif people < agent_id and start is not None:
                found.append(Shift(agent_id, start * step_s, min(hour * step_s, length_s)))
                start = None
    return tuple(found)
