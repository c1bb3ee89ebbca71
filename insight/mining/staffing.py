"""`staffing`: how many people each hour needs to keep a promise, or what given hours achieve, well spread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from crm_core.learnt import Minimum
from crm_core.sentences import Sentence, Share
from insight.fifo import estimate
from insight.mining.findings import BackTest, Finding, Interval, Protocol, demand_enough
from insight.mining.plans import DayOutlook, Traffic, hour_outlook, outlook, simulated
from insight.queueing import DEFAULT_GOAL, Goal, agents_needed, rostered
from insight.roster import flat, shaped

LEAST_CONTACTS = 20  # a day; below it every hour is chance
SEEDS = range(1, 4)  # simulated days behind the interval
MOST_MOVES = 200
LEAST_GAIN = 1e-9  # contacts answered in time


@dataclass(frozen=True, slots=True)
class Plan:
    """`people` at their desks in each hour; `on_roster` with breaks and illness (shrinkage) added."""

    people: tuple[int, ...]
    on_roster: tuple[int, ...]
    outlook: DayOutlook
    flat: DayOutlook


@dataclass(frozen=True, slots=True)
class Means:
    """The promise, and either the hours there are or as few as keep it in every hour."""

    goal: Goal = DEFAULT_GOAL
    agent_hours: float | None = None
    shrinkage: float = 0.0


def staffing(traffic: Traffic, means: Means) -> Finding[Plan]:
    """For a day that is expected. Raises NotEnough when hardly anybody calls."""
    contacts = sum(traffic.contacts())
    minima = demand_enough(Minimum("contacts_a_day", round(contacts), LEAST_CONTACTS))
    people = fewest(traffic, means.goal) if means.agent_hours is None else best_spread(traffic, means)
    hours = traffic.agent_hours(people)
    evenly = flat(traffic.expected.hours(), hours)
    within_s = means.goal.within_s
    found = outlook(traffic, people, within_s)
    plan = Plan(people, tuple(rostered(each, means.shrinkage) for each in people), found,
                outlook(traffic, evenly, within_s))  # fmt: skip
    interval, back_test = _lived(traffic, people, plan, within_s)
    return Finding(plan, interval, back_test, minima, Sentence("staffing", {
        "hours": round(hours, 1), "level": Share(found.service_level), "seconds": round(within_s),
        "flat_level": Share(plan.flat.service_level),
    }))  # fmt: skip


def fewest(traffic: Traffic, goal: Goal) -> tuple[int, ...]:
    """The least people who keep the goal in every hour."""
    return tuple(agents_needed(load, goal) for load in traffic.loads())


def best_spread(traffic: Traffic, means: Means) -> tuple[int, ...]:
    """The given hours: by square-root staffing, then one person moved at a time while more are answered in time.

    Somebody is there in every hour, even where giving an hour up would answer more in the others.
    """
    hours = traffic.expected.hours()
    reaching = [replace(hour, contacts=each) for hour, each in zip(hours, traffic.contacts(), strict=True)]
    people = list(shaped(reaching, traffic.conduct.handle_s, means.agent_hours or 0.0))
    whole = [number for number, hour in enumerate(hours) if hour.length_h == 1]
    answered = _answered_soon(traffic, means.goal.within_s)
    for _ in range(MOST_MOVES):
        gains = {hour: answered(hour, people[hour] + 1) - answered(hour, people[hour]) for hour in whole}
        losses = {
            hour: answered(hour, people[hour]) - answered(hour, people[hour] - 1) for hour in whole if people[hour] > 1
        }
        moves = ((gains[to] - losses[off], to, off) for to in gains for off in losses if to != off)
        gained, to, off = max(moves, default=(0.0, 0, 0))
        if gained <= LEAST_GAIN:
            break
        people[to] += 1
        people[off] -= 1
    return tuple(people)


def _answered_soon(traffic: Traffic, within_s: float) -> Callable[[int, int], float]:
    contacts, loads = traffic.contacts(), traffic.loads()

    @cache
    def soon(hour: int, people: int) -> float:
        return contacts[hour] * hour_outlook(loads[hour], people, within_s).service_level

    return soon


def _lived(traffic: Traffic, people: Sequence[int], plan: Plan, within_s: float) -> tuple[Interval, BackTest]:
    """Days of the simulator, which drives the real routing and knows no formula; the anchor is an even roster."""
    days = [simulated(traffic, people, seed, within_s).outlook.service_level for seed in SEEDS]
    met = estimate(days)
    evenly = flat(traffic.expected.hours(), plan.outlook.agent_hours)
    plain = simulated(traffic, evenly, SEEDS[0], within_s).outlook.service_level
    test = BackTest(
        Protocol.SIMULATED, "service_level", met.mean, "flat_roster", plain, len(days),
        {"formula": plan.outlook.service_level, "flat_formula": plan.flat.service_level},
    )  # fmt: skip
    return Interval(max(0.0, met.mean - met.half_width), min(1.0, met.mean + met.half_width)), test
