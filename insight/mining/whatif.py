"""`whatif`: the same day with other volume, handling time, bot or people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from crm_core.learnt import Minimum
from crm_core.sentences import Sentence, Share
from insight.arrivals import Day
from insight.fifo import Z95
from insight.mining.findings import BackTest, Finding, Interval, Protocol, demand_enough
from insight.mining.plans import DayOutlook, LivedDay, Traffic, hour_outlook, outlook, simulated
from insight.mining.staffing import LEAST_CONTACTS

SEED = 1


@dataclass(frozen=True, slots=True)
class Change:
    """Factors on what is expected, the bot's new share (None: as it is), and people more or fewer in every hour."""

    volume: float = 1.0
    handling: float = 1.0
    containment: float | None = None
    people: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`now` and `then` by Erlang A; `lived` is one day of `then` in the simulator, with the real routing."""

    now: DayOutlook
    then: DayOutlook
    lived: DayOutlook


def whatif(
    traffic: Traffic, people: Sequence[int], change: Change, within_s: float = 20.0, seed: int = SEED
) -> Finding[Comparison]:
    """What a change does to a day with these people per hour. The interval is of the service level then."""
    minima = demand_enough(Minimum("contacts_a_day", round(sum(traffic.contacts())), LEAST_CONTACTS))
    changed, others = _changed(traffic, change), [max(0, each + change.people) for each in people]
    now, then = outlook(traffic, people, within_s), outlook(changed, others, within_s)
    day = simulated(changed, others, seed, within_s)
    lived, half = day.outlook, Z95 * _day_spread(day, changed, others, within_s)
    interval = Interval(max(0.0, then.service_level - half), min(1.0, then.service_level + half))
    test = BackTest(
        Protocol.SIMULATED, "service_level", lived.service_level, "formula", then.service_level, round(lived.contacts),
        {"asa_s": lived.asa_s, "abandoned": lived.abandoned},
    )  # fmt: skip
    sentence = Sentence("whatif", {
        "level": Share(then.service_level), "before": Share(now.service_level), "asa_s": round(then.asa_s, 1),
        "before_s": round(now.asa_s, 1), "abandoned": Share(then.abandoned),
    })  # fmt: skip
    return Finding(Comparison(now, then, lived), interval, test, minima, sentence)


def _day_spread(day: LivedDay, traffic: Traffic, people: Sequence[int], within_s: float) -> float:
    """How far one day strays from the formula: hours stray on their own, each by what it did in the simulation."""
    hours = zip(traffic.loads(), people, day.offered, day.soon, strict=True)
    strayed = (soon - offered * hour_outlook(load, each, within_s).service_level for load, each, offered, soon in hours)
    return sqrt(sum(each**2 for each in strayed)) / max(1, sum(day.offered))


def _changed(traffic: Traffic, change: Change) -> Traffic:
    expected, conduct = traffic.expected, traffic.conduct
    counts = tuple(change.volume * count for count in expected.counts)
    contained = conduct.containment if change.containment is None else change.containment
    return Traffic(
        Day(expected.opens_at, expected.slot_s, counts),
        replace(conduct, handle_s=change.handling * conduct.handle_s, containment=contained),
    )
