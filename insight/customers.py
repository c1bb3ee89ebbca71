"""The people of a simulated day: when they come, what they want, how long they take and how long they stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from math import log
from random import Random

from crm_core.routing_values import Load, Need
from insight.arrivals import Day, arrival_times_s


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of contact, and its share of all."""

    share: float
    need: Need
    channel: str = "phone"
    intent: str = "order_status"


@dataclass(frozen=True, slots=True)
class Conduct:
    """Mean times in seconds, and which share the bot solves alone. Patience and handling are exponential."""

    handle_s: float = 240.0
    patience_s: float = 300.0
    containment: float = 0.0
    bot_s: float = 45.0
    comes_back: float = 0.1  # writes again the same day as the same person


@dataclass(frozen=True, slots=True)
class Customer:
    """One contact. `bot_us` with the bot before the line; times in microseconds, `at_us` since the opening."""

    id: int
    contact_id: int
    at_us: int
    kind: Kind
    bot_us: int
    is_contained: bool
    handle_us: int
    patience_us: int


def microseconds(seconds: float) -> int:
    """Whole ones, as a timestamp keeps them: so sums come out exactly."""
    return round(seconds * 1_000_000)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody of a day, and when it opens."""

    opens_at: datetime
    length_us: int
    customers: tuple[Customer, ...]


def draw_crowd(day: Day, kinds: Sequence[Kind], conduct: Conduct, seed: int, *, counted: bool = True) -> Crowd:
    """The same seed draws the same people whatever the conduct of the bot is: scenarios differ by nothing else."""
    random = Random(seed)  # noqa: S311 - a simulation
    times = arrival_times_s(day, random, counted=counted)
    up_to = [*accumulate(each.share for each in kinds)]
    people: list[Customer] = []
    for number, at_s in enumerate(times, start=1):
        kind = random.choices(kinds, cum_weights=up_to)[0]
        people.append(_draw(random, (number, at_s, kind), conduct, people))
    return Crowd(day.opens_at, microseconds(day.length_s), tuple(people))


def _draw(random: Random, come: tuple[int, float, Kind], conduct: Conduct, earlier: Sequence[Customer]) -> Customer:
    number, at_s, kind = come
    handle_s, patience_s, bot_s = (
        mean * -log(1.0 - random.random()) for mean in (conduct.handle_s, conduct.patience_s, conduct.bot_s)
    )
    solved, again, who = random.random(), random.random(), random.random()
    has_bot = conduct.containment > 0
    contact_id = earlier[int(who * len(earlier))].contact_id if earlier and again < conduct.comes_back else number
    return Customer(
        number, contact_id, microseconds(at_s), kind, microseconds(bot_s) if has_bot else 0,
        has_bot and solved < conduct.containment, microseconds(handle_s), microseconds(patience_s),
    )  # fmt: skip


def skill_kinds(names: Sequence[str], shares: Sequence[float] | None = None) -> tuple[Kind, ...]:
    """Calls that each need one skill, in equal shares unless told otherwise."""
    parts = shares or [1 / len(names)] * len(names)
    return tuple(
        Kind(share, Need(name, Load.CALL, "en", frozenset({name})), "phone", name)
        for name, share in zip(names, parts, strict=True)
    )
