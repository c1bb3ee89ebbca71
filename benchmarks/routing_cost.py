"""What one assignment costs in the index alone, and how much more with ten times the agents and the line."""

import random
import time

from crm_core.routing import Router
from crm_core.routing_values import Candidate, Holding, Load, Need, Ring, Waiting

TEAM = frozenset({"service"})
RINGS = (Ring(TEAM), Ring(TEAM, slack_s=60, needs_skills=False))
LANGUAGES, SKILLS = ("en", "ru", "es"), ("billing", "claims", "returns", "delivery")
PROFILES, ROUNDS, REPEATS = 30, 400, 7


def seconds_each(agents: int, waiting: int, seed: int) -> float:
    """The best of several runs, each of agents who become free one by one while the line is kept as long as it was."""
    return min(_run(agents, waiting, seed) for _ in range(REPEATS))


def _run(agents: int, waiting: int, seed: int) -> float:
    choose = random.Random(seed)
    router, arrivals = Router({"service": RINGS}), iter(range(10**9))
    profiles = [_profile(choose) for _ in range(PROFILES)]
    for number in range(agents):
        languages, skills = profiles[number % PROFILES]
        router.agent_changed(Candidate(number, TEAM, languages, skills, holding=Holding(calls=1), idle_since=-number))
    for _ in range(waiting):
        router.add_waiting(_waiting(next(arrivals), 0.0, choose))
    router.next_assignments(0.0)
    started = time.process_time()
    for number in range(ROUNDS):
        now = number * 0.01
        router.released(choose.randrange(agents), Load.CALL, now)
        for _ in router.next_assignments(now):
            router.add_waiting(_waiting(next(arrivals), now, choose))
    return (time.process_time() - started) / ROUNDS


def _profile(choose: random.Random) -> tuple[frozenset[str], frozenset[tuple[str, int]]]:
    languages = frozenset(choose.sample(LANGUAGES, choose.randint(1, 2)))
    return languages, frozenset((skill, 1) for skill in choose.sample(SKILLS, choose.randint(0, 3)))


def _waiting(number: int, now: float, choose: random.Random) -> Waiting:
    skills = frozenset(choose.sample(SKILLS, choose.randint(0, 2)))
    return Waiting(number, Need("service", Load.CALL, choose.choice(LANGUAGES), skills), now + 600 + number * 0.01, now)


def cost_ratio(seed: int) -> float:
    return round(seconds_each(1_000, 10_000, seed) / seconds_each(100, 1_000, seed), 2)
