"""Who is at work when: the same agent-hours spread evenly, or shaped by what is expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

HOUR_S = 3600.0
BISECTIONS = 60
MOST_BETA = 20.0


@dataclass(frozen=True, slots=True)
class Shift:
    """Seconds since the opening."""

    agent_id: int
    start_s: float
    end_s: float


def flat(hours: int, agent_hours: float) -> tuple[int, ...]:
    """People in each hour, as equal as whole people can be."""
    each, more = divmod(round(agent_hours), hours)
    return tuple(each + (hour < more) for hour in range(hours))


def shaped(contacts_per_hour: Sequence[float], handle_s: float, agent_hours: float) -> tuple[int, ...]:
    """Load + β·√load in each hour (square-root staffing), with the β that spends exactly these hours."""
    loads = [contacts * handle_s / HOUR_S for contacts in contacts_per_hour]
    low, high = -MOST_BETA, MOST_BETA
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if sum(_wanted(loads, middle)) > agent_hours else (middle, high)
    return _rounded(_wanted(loads, low), round(agent_hours))


def _wanted(loads: Sequence[float], beta: float) -> list[float]:
    return [max(1.0, load + beta * sqrt(load)) for load in loads]


def _rounded(wanted: Sequence[float], total: int) -> tuple[int, ...]:
    """Whole people with this total: the largest remainders are rounded up."""
    whole = [int(people) for people in wanted]
    by_remainder = sorted(range(len(wanted)), key=lambda hour: whole[hour] - wanted[hour])
    for hour in by_remainder[: max(0, total - sum(whole))]:
        whole[hour] += 1
    return tuple(whole)


def shifts(people_per_hour: Sequence[int], length_s: float) -> tuple[Shift, ...]:
    """One person works every hour in which so many are needed; breaks are part of the shrinkage, not of these hours."""
    found = []
    for agent_id in range(1, max(people_per_hour, default=0) + 1):
        start: int | None = None
        for hour, people in enumerate([*people_per_hour, 0]):
            if people >= agent_id and start is None:
                start = hour
            elif people < agent_id and start is not None:
                found.append(Shift(agent_id, start * HOUR_S, min(hour * HOUR_S, length_s)))
                start = None
    return tuple(found)
