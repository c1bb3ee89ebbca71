"""A day's roster, judged by Erlang A hour by hour and by the simulator that drives the real routing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from crm_core.routing_values import Candidate, Capacity, Need, Ring
from crm_core.routing_values import Load as Work
from insight.arrivals import Day
from insight.customers import Conduct, Kind, draw_crowd
from insight.queueing import Load, Waiting, waiting
from insight.roster import HOUR_S, shifts
from insight.simulate import Centre, Habits, Segment, Simulation

TEAM = frozenset({"service"})
KINDS = (Kind(1.0, Need("service", Work.CALL)),)


@dataclass(frozen=True, slots=True)
class Traffic:
    """A day that is expected, and how people behave: the bot's share is taken off before the line."""

    expected: Day
    conduct: Conduct

    def contacts(self) -> tuple[float, ...]:
        """That reach the line in each hour."""
        return tuple(hour.contacts * (1 - self.conduct.containment) for hour in self.expected.hours())

    def loads(self) -> tuple[Load, ...]:
        conduct, hours = self.conduct, self.expected.hours()
        return tuple(
            Load(contacts / hour.length_h / HOUR_S, conduct.handle_s, conduct.patience_s)
            for contacts, hour in zip(self.contacts(), hours, strict=True)
        )

    def agent_hours(self, people: Sequence[int]) -> float:
        return sum(each * hour.length_h for each, hour in zip(people, self.expected.hours(), strict=True))


@dataclass(frozen=True, slots=True)
class DayOutlook:
    """Shares of those who reach the line; waits of the answered in seconds."""

    contacts: float
    agent_hours: float
    service_level: float
    asa_s: float
    abandoned: float
    occupancy: float


def outlook(traffic: Traffic, people: Sequence[int], within_s: float = 20.0) -> DayOutlook:
    """By Erlang A, every hour in its steady state."""
    contacts = traffic.contacts()
    hours = [hour_outlook(load, each, within_s) for load, each in zip(traffic.loads(), people, strict=True)]
    offered = sum(contacts) or 1.0
    answered = [number * (1 - hour.abandoned) for number, hour in zip(contacts, hours, strict=True)]
    waited = sum(number * hour.asa_s for number, hour in zip(answered, hours, strict=True) if number)
    hours_paid = traffic.agent_hours(people)
    soon = sum(number * hour.service_level for number, hour in zip(contacts, hours, strict=True))
    return DayOutlook(
        sum(contacts), hours_paid, soon / offered, waited / (sum(answered) or 1.0), 1 - sum(answered) / offered,
        sum(answered) * traffic.conduct.handle_s / HOUR_S / hours_paid if hours_paid else 0.0,
    )  # fmt: skip


def hour_outlook(load: Load, people: int, within_s: float) -> Waiting:
    """Nobody at work: everybody gives up. Nobody calls: nobody waits."""
    if load.arrivals_per_s <= 0:
        return Waiting(0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    if people == 0:
        return Waiting(1.0, load.patience_s, 0.0, 1.0, 0.0, 0.0)
    found = waiting(load, people, within_s)
    return found if found.asa_s < inf else Waiting(1.0, inf, 0.0, 1.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class LivedDay:
    """What a simulated day came to; by hour of arrival `offered`, and `soon` of them answered in time."""

    outlook: DayOutlook
    offered: tuple[int, ...]
    soon: tuple[int, ...]


def simulated(traffic: Traffic, people: Sequence[int], seed: int, within_s: float = 20.0) -> LivedDay:
    """One day as the real router would have lived it; contacts come in Poisson numbers around what is expected."""
    crowd = draw_crowd(traffic.expected, KINDS, traffic.conduct, seed, counted=False)
    team = {number: Candidate(number, TEAM, frozenset(), present=False, capacity=Capacity(slots=1))
            for number in range(1, max(people, default=0) + 1)}  # fmt: skip
    centre = Centre({"service": (Ring(TEAM),)}, team, shifts(people, traffic.expected.length_s))
    segments = Simulation(centre, crowd, Habits(), seed=seed).run().segments
    offered, soon = _by_hour(segments, len(people), within_s)
    return LivedDay(_summed(segments, sum(soon), traffic.agent_hours(people)), offered, soon)


def _by_hour(segments: Sequence[Segment], hours: int, within_s: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Who comes from the bot after closing time belongs to the last hour."""
    offered, soon = [0] * hours, [0] * hours
    for each in segments:
        hour = min(int(each.queued_us / 1e6 / HOUR_S), hours - 1)
        offered[hour] += 1
        soon[hour] += each.answered_us is not None and each.answered_us - each.queued_us <= within_s * 1e6
    return tuple(offered), tuple(soon)


def _summed(segments: Sequence[Segment], soon: int, agent_hours: float) -> DayOutlook:
    waits = [each.answered_us - each.queued_us for each in segments if each.answered_us is not None]
    handled_us = sum(each.customer.handle_us for each in segments if each.answered_us is not None)
    offered = max(1, len(segments))
    return DayOutlook(
        len(segments), agent_hours, soon / offered, sum(waits) / max(1, len(waits)) / 1e6, 1 - len(waits) / offered,
        handled_us / 1e6 / HOUR_S / agent_hours if agent_hours else 0.0,
    )  # fmt: skip
