"""The same people met by four contact centres: silos, skills routing, a bot, and a roster shaped by the forecast."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from crm_core.routing_values import Candidate, Capacity, Ring
from insight.arrivals import Day
from insight.customers import Conduct, Crowd, draw_crowd, skill_kinds
from insight.fifo import Estimate, estimate
from insight.queueing import Goal, Load, agents_needed
from insight.roster import HOUR_S, Shift, flat, shaped, shifts
from insight.simulate import Centre, Habits, Segment, Simulation
from insight.tally import Spread, spread_of

SKILLS = ("orders", "delivery", "returns", "billing", "products")
TEAM = frozenset({"service"})
WITHIN_S = 20.0
P50, P90 = 0, 1
DEFAULT_HOURS_PER_LOAD = 720 / 672  # agent-hours per hour of expected work: those of the reference day


@dataclass(frozen=True, slots=True)
class Setting:
    """What differs between the centres. `skills_each`: 1 is a silo for each skill, all of them one pool."""

    name: str
    skills_each: int = 1
    has_bot: bool = False
    is_shaped: bool = False


SETTINGS = (
    Setting("silos, flat roster, no bot"),
    Setting("skills routing", skills_each=2),
    Setting("bot", has_bot=True),
    Setting("skills routing, bot", skills_each=2, has_bot=True),
    Setting("skills routing, shaped roster", skills_each=2, is_shaped=True),
    Setting("skills routing, bot, shaped roster", skills_each=2, has_bot=True, is_shaped=True),
)
BEFORE, AFTER = SETTINGS[0], SETTINGS[-1]


@dataclass(frozen=True, slots=True)
class Trial:
    """A day that comes, what was expected of it, and the agent-hours there are."""

    day: Day
    expected: Day
    conduct: Conduct
    agent_hours: float
    counted: bool = True


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Of one simulated day. Shares of those who came to the line; waits in seconds."""

    contacts: int
    offered: int
    agent_hours: float
    asa_s: float
    wait_p50_s: float
    wait_p90_s: float
    service_level: float
    abandoned: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A setting over all its days: each figure a mean with its interval."""

    name: str
    days: int
    figures: dict[str, Estimate]


FIGURES = ("agent_hours", "contacts", "offered", "asa_s", "wait_p50_s", "wait_p90_s", "service_level", "abandoned")


def default_hours(expected: Day, handle_s: float) -> float:
    """As many for the work that is expected as the reference day has: 720 for 672 hours of work."""
    return sum(expected.counts) * handle_s / HOUR_S * DEFAULT_HOURS_PER_LOAD


def run_setting(setting: Setting, trial: Trial, seed: int) -> DayFigures:
    """The same seed draws the same people for every setting."""
    conduct = trial.conduct if setting.has_bot else replace(trial.conduct, containment=0.0)
    crowd = draw_crowd(trial.day, skill_kinds(SKILLS), conduct, seed, counted=trial.counted)
    people = people_per_hour(setting, trial)
    roster = shifts(people, trial.day.length_s)
    segments = Simulation(_centre(setting, roster, max(people)), crowd, Habits(), seed=seed).run().segments
    return _figures(segments, crowd, roster)


def people_per_hour(setting: Setting, trial: Trial) -> tuple[int, ...]:
    hours = trial.expected.hours()
    if not setting.is_shaped:
        return flat(hours, trial.agent_hours)
    reaching = 1 - trial.conduct.containment if setting.has_bot else 1.0
    to_line = [replace(hour, contacts=hour.contacts * reaching) for hour in hours]
    return shaped(to_line, trial.conduct.handle_s, trial.agent_hours)


def _centre(setting: Setting, roster: Sequence[Shift], agents: int) -> Centre:
    rings = {skill: (Ring(TEAM),) for skill in SKILLS}
    people = {number: _agent(number, setting.skills_each) for number in range(1, agents + 1)}
    return Centre(rings, people, roster)


def _agent(number: int, skills_each: int) -> Candidate:
    """A chain: each has the next skills in a circle, so that help can travel."""
    skills = frozenset((SKILLS[(number + further) % len(SKILLS)], 1) for further in range(skills_each))
    return Candidate(number, TEAM, frozenset({"en"}), skills, present=False, capacity=Capacity(slots=1))


def _figures(segments: Sequence[Segment], crowd: Crowd, roster: Sequence[Shift]) -> DayFigures:
    waits = spread_of(
        (each.answered_us - each.queued_us) / 1e6 for each in segments if each.answered_us is not None
    )  # fmt: skip
    soon = sum(
        each.answered_us is not None and each.answered_us - each.queued_us <= WITHIN_S * 1e6 for each in segments
    )  # fmt: skip
    offered = max(1, len(segments))
    hours = sum(shift.end_s - shift.start_s for shift in roster) / HOUR_S
    return DayFigures(
        len(crowd.customers), len(segments), hours, waits.mean or 0.0, _quantile(waits, P50), _quantile(waits, P90),
        soon / offered, 1 - waits.n / offered,
    )  # fmt: skip


def _quantile(waits: Spread, which: int) -> float:
    return waits.quantiles[which] if waits.quantiles else 0.0


def outcome(setting: Setting, days: Sequence[DayFigures]) -> Outcome:
    figures = {name: estimate([float(getattr(day, name)) for day in days]) for name in FIGURES}
    return Outcome(setting.name, len(days), figures)


def hours_needed(trial: Trial, *, has_bot: bool) -> float:
    """Agent-hours for 80 % within 20 s in every hour, by Erlang A, if everybody could take everything."""
    reaching, conduct = 1 - trial.conduct.containment if has_bot else 1.0, trial.conduct
    return sum(
        hour.length_h * agents_needed(_load(hour.contacts * reaching / hour.length_h, conduct), Goal(within_s=WITHIN_S))
        for hour in trial.expected.hours()
    )


def _load(contacts_per_hour: float, conduct: Conduct) -> Load:
    return Load(contacts_per_hour / HOUR_S, conduct.handle_s, conduct.patience_s)


def runs(settings: Sequence[Setting], trials: Sequence[Trial], seeds: Sequence[int]) -> dict[str, Outcome]:
    """Every setting on every day with every seed."""
    return {
        setting.name: outcome(setting, [run_setting(setting, trial, seed) for trial, seed in product(trials, seeds)])
        for setting in settings
    }
