"""A day by half hours as it is planned: by Erlang A at once, and as the real router would live it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from crm_core.planning import SLOT_S, SLOTS, Assumptions, DayNeed, DayOutcome, Situation, Spread
from crm_core.routing_values import Candidate, Capacity, Need, Ring
from crm_core.routing_values import Load as Work
from insight.arrivals import Day
from insight.customers import Conduct, Kind, draw_crowd
from insight.mining.plans import hour_outlook
from insight.queueing import Goal, Load, agents_needed, rostered
from insight.roster import HOUR_S, shifts
from insight.simulate import CALLBACK, Centre, Habits, Segment, Simulation

TEAM = frozenset({"service"})
ANY_DAY = datetime(2026, 1, 5, tzinfo=UTC)
ONLY = "all"
SLOT_H = SLOT_S / HOUR_S


def day_need(expected: Sequence[float], is_open: Sequence[bool], held: Assumptions) -> DayNeed:
    """In each half hour in which the line is open; at least one person on a day on which somebody is expected."""
    at_desk = tuple(
        max(1, _needed(contacts, held)) if opened and sum(expected) > 0 else 0
        for contacts, opened in zip(expected, is_open, strict=True)
    )
    return DayNeed(at_desk, tuple(rostered(each, held.shrinkage) for each in at_desk))


def _needed(contacts: float, held: Assumptions) -> int:
    return agents_needed(Load(contacts / SLOT_S, held.handle_s, held.patience_s), Goal(held.share, held.within_s))


def formula(now: Situation) -> DayOutcome:
    """By Erlang A, every half hour in its steady state; one line for each group of people who share their work."""
    parts = [_line(now, share, people) for share, people in _lines(now)]
    contacts = sum(part.contacts for part in parts)
    answered = sum(part.contacts * (1 - part.abandoned) for part in parts)
    hours = sum(now.people) * SLOT_H
    waited = sum(part.contacts * (1 - part.abandoned) * part.asa_s for part in parts)
    soon = sum(part.contacts * part.service_level for part in parts)
    return DayOutcome(
        contacts, hours, soon / (contacts or 1.0), waited / (answered or 1.0), 1 - answered / (contacts or 1.0),
        answered * now.handle_s / HOUR_S / hours if hours else 0.0,
    )  # fmt: skip


def _lines(now: Situation) -> list[tuple[float, tuple[int, ...]]]:
    """With one queue for each person as many lines as queues, else one."""
    if now.spread is not Spread.ONE or len(now.shares) < 2:  # noqa: PLR2004 - nothing to divide
        return [(1.0, now.people)]
    dealt = deal(now.shares, max(now.people, default=0))
    return [
        (share, tuple(sum(queue == key for queue in dealt[:people]) for people in now.people))
        for key, share in now.shares.items()
    ]


def _line(now: Situation, share: float, people: Sequence[int]) -> DayOutcome:
    contacts = soon = answered = waited = 0.0
    for expected, each in zip(now.expected, people, strict=True):
        reaching = expected * (1 - now.contained) * share
        if reaching <= 0:
            continue
        found = hour_outlook(Load(reaching / SLOT_S, now.handle_s, now.patience_s), each, now.within_s)
        served = reaching * (1 - found.abandoned)
        contacts, soon, answered = contacts + reaching, soon + reaching * found.service_level, answered + served
        waited += served * found.asa_s if served else 0.0
    lost = 1 - answered / contacts if contacts else 0.0
    return DayOutcome(contacts, 0.0, soon / (contacts or 1.0), waited / (answered or 1.0), lost, 0.0)


def deal(shares: Mapping[str, float], agents: int) -> list[str]:
    """A queue for each person: the first so many people always stand to each other as the work does (D'Hondt)."""
    given = dict.fromkeys(shares, 0)
    dealt = []
    for _ in range(agents):
        key = max(shares, key=lambda each: shares[each] / (given[each] + 1))
        given[key] += 1
        dealt.append(key)
    return dealt


def lived(now: Situation, seed: int) -> DayOutcome:
    """One day of the simulator with the real routing; the same seed draws the same people."""
    shares = now.shares or {ONLY: 1.0}
    kinds = [Kind(share, Need(key, Work.CALL, skills=frozenset({key}))) for key, share in shares.items()]
    conduct = Conduct(now.handle_s, now.patience_s, now.contained)
    crowd = draw_crowd(Day(ANY_DAY, SLOT_S, now.expected), kinds, conduct, seed, counted=False)
    agents = max(now.people, default=0)
    dealt, keys = deal(shares, agents), [*shares]
    team = {number: _agent(number, dealt[number - 1], keys, now.spread) for number in range(1, agents + 1)}
    centre = Centre({key: (Ring(TEAM),) for key in keys}, team, shifts(now.people, SLOTS * SLOT_S, SLOT_S))
    habits = Habits(called_back=now.callbacks, callback_us=callback_times(now) if now.callbacks else ())
    return _outcome(Simulation(centre, crowd, habits, seed=seed).run().segments, now)


def _agent(number: int, own: str, keys: Sequence[str], spread: Spread) -> Candidate:
    place = keys.index(own)
    known = {Spread.ALL: keys, Spread.TWO: [own, keys[(place + 1) % len(keys)]], Spread.ONE: [own]}[spread]
    skills = frozenset((key, 1) for key in known)
    return Candidate(number, TEAM, frozenset(), skills, present=False, capacity=Capacity(slots=1))


def callback_times(now: Situation) -> tuple[int, ...]:
    """For who comes in each hour: the middle of the later hour with most people to spare; 0 where none is better."""
    slack = [people - contacts * (1 - now.contained) * now.handle_s / SLOT_S if people else float("-inf")
             for people, contacts in zip(now.people, now.expected, strict=True)]  # fmt: skip
    by_hour = [min(slack[hour], slack[hour + 1]) for hour in range(0, SLOTS, 2)]
    times = []
    for hour, spare in enumerate(by_hour):
        best = max(range(hour + 1, len(by_hour)), key=by_hour.__getitem__, default=hour)
        times.append(int((best + 0.5) * HOUR_S * 1e6) if by_hour[best] > max(spare, 0.0) else 0)
    return tuple(times)


def _outcome(segments: Sequence[Segment], now: Situation) -> DayOutcome:
    """Callbacks that were taken are not among the offered; calling them back is work all the same."""
    line = [each for each in segments if not each.is_put_off and each.entry != CALLBACK]
    waits = [each.answered_us - each.queued_us for each in line if each.answered_us is not None]
    handled_us = sum(each.customer.handle_us for each in segments if each.answered_us is not None)
    hours, offered = sum(now.people) * SLOT_H, max(1, len(line))
    soon = sum(wait <= now.within_s * 1e6 for wait in waits)
    return DayOutcome(
        len(line), hours, soon / offered, sum(waits) / max(1, len(waits)) / 1e6, 1 - len(waits) / offered,
        handled_us / 1e6 / HOUR_S / hours if hours else 0.0, sum(each.is_put_off for each in segments),
    )  # fmt: skip


def people_at_desk(rostered_people: Sequence[float], shrinkage: float) -> tuple[int, ...]:
    """Of those on the roster in each half hour, as many as are not on a break or ill, to the nearest person."""
    return tuple(int(each * (1 - shrinkage) + 0.5) for each in rostered_people)
