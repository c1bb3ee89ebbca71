"""Pasts that were made up from a known truth, so that what is learnt from them can be held to it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from insight.arrivals import Day
from insight.mining.rows import Campaign, ItemWeek, Lifetime, Outcomes, Sale, Traits

MONDAY = date(2026, 3, 2)
UNTIL = date(2027, 12, 31)
WEEKDAYS = (1.3, 1.0, 0.9, 1.0, 1.1, 0.5, 0.0)  # closed on Sundays
SHAPE = (2, 4, 6, 8, 7, 5, 5, 6, 7, 6, 4, 2)
ELASTICITY, PROMOTED = -2.0, 0.6
LEAVES_AFTER_DAYS = 300.0
UPLIFT = 0.06


def expected_total(on: date) -> float:
    return 600 * WEEKDAYS[on.weekday()]


def days(seed: int, weeks: int = 16) -> list[Day]:
    """Twelve hours of Poisson counts, with a level that wanders by 3 %."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(7 * weeks):
        on = MONDAY + timedelta(days=number)
        mean = expected_total(on) * np.array(SHAPE) / sum(SHAPE) * np.exp(random.normal(0, 0.03))
        found.append(
            Day(datetime(on.year, on.month, on.day, 8, tzinfo=UTC), 3600, tuple(random.poisson(mean).tolist()))
        )
    return found


def sales(seed: int, customers: int = 600, until: date = UNTIL) -> list[Sale]:
    """Everybody buys at a pace of their own and stops after a purchase with a chance of their own (BG/NBD).

    Two years; what a purchase is worth differs between people and within one.
    """
    random = np.random.default_rng(seed)
    found = []
    for number in range(customers):
        pace, stops = random.gamma(1.2, 1 / 8), random.beta(0.8, 6.0)
        worth, on = random.gamma(4, 15), UNTIL - timedelta(days=int(random.uniform(400, 700)))
        while on <= until:
            found.append(Sale(f"c{number:04}", on, round(worth * random.gamma(5, 0.2) + 1, 2)))
            if random.random() < stops:
                break
            on += timedelta(days=1 + int(7 * random.exponential(1 / pace)))
    return found


def item_weeks(seed: int, items: int = 4, weeks: int = 60) -> list[ItemWeek]:
    """A promotion comes with a lower price more often than not: who overlooks it blames the price for both."""
    random = np.random.default_rng(seed)
    found = []
    for item in range(items):
        level, usual = random.normal(5, 0.5), random.normal(0.7, 0.2)
        for week in range(weeks):
            promotion = float(random.random() < 0.25)
            price = float(np.exp(usual - 0.2 * promotion + random.normal(0, 0.1)))
            mean = level + ELASTICITY * np.log(price) + PROMOTED * promotion + random.normal(0, 0.1)
            found.append(ItemWeek(f"item {item}", week, float(np.round(np.exp(mean))), price, promotion))
    return found


def lifetimes(seed: int, customers: int = 400) -> list[Lifetime]:
    """They leave at a constant rate, and came at any time of two years."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(customers):
        started = UNTIL - timedelta(days=int(random.uniform(1, 730)))
        ended = started + timedelta(days=int(np.ceil(random.exponential(LEAVES_AFTER_DAYS))))
        found.append(Lifetime(started, ended if ended <= UNTIL else None))
    return found


def _traits(random: np.random.Generator, people: int) -> tuple[Traits, np.ndarray, np.ndarray]:
    age, plan = random.uniform(0, 10, people), random.integers(0, 3, people)
    ids = [f"p{number}" for number in range(people)]
    return Traits(ids, {"age": age.tolist()}, {"plan": [f"plan {each}" for each in plan]}), age, plan


def outcomes(seed: int, people: int = 1500) -> Outcomes:
    """The young and the old leave, the middle-aged stay: a straight line cannot tell."""
    random = np.random.default_rng(seed)
    traits, age, plan = _traits(random, people)
    chance = 1 / (1 + np.exp(2.2 - 0.18 * (age - 5) ** 2 - 0.5 * (plan == 1)))
    return Outcomes(traits, (random.random(people) < chance).tolist())


def campaign(seed: int, people: int = 6000, *, by_lot: bool = True) -> Campaign:
    """A fifth would have acted anyway, the old rather than the young; the campaign moves only the young."""
    random = np.random.default_rng(seed)
    traits, age, _ = _traits(random, people)
    treated = random.random(people) < (0.5 if by_lot else age / 10)
    chance = 0.1 + 0.02 * age + treated * 2 * UPLIFT * (age < 5)
    return Campaign(traits, treated.tolist(), (random.random(people) < chance).tolist())


def orders(seed: int, number: int = 1500) -> list[Sale]:
    """Tea and cups go together; everything else is bought by itself."""
    random = np.random.default_rng(seed)
    found = []
    for order in range(number):
        on = UNTIL - timedelta(days=int(400 * (1 - order / number)))
        items = [
            name
            for name, share in (("tea", 0.2), ("salt", 0.2), ("soap", 0.15), ("oil", 0.1))
            if random.random() < share
        ]
        items += ["bag", *(["cup"] if random.random() < (0.5 if "tea" in items else 0.05) else [])]
        found += [Sale(f"c{order % 90}", on, _worth(name), 1.0, name, f"o{order}") for name in items]
    return found


def shop(seed: int, customers: int = 600) -> list[Sale]:
    """As in `sales`; a purchase is an order of articles, whose prices move by the week, and demand with them."""
    random = np.random.default_rng(seed)
    articles = {"tea": 6.0, "cup": 9.0, "salt": 2.0, "soap": 3.0, "oil": 8.0, "bag": 1.5, "jam": 4.0, "rice": 2.5}
    moved = random.choice([0.8, 1.0, 1.15], (120, len(articles)))
    found = []
    for number, sale in enumerate(sales(seed, customers)):
        week = (UNTIL - sale.on).days // 7
        for column, (name, usual) in enumerate(articles.items()):
            price = usual * moved[week, column]
            likely = 0.35 * moved[week, column] ** ELASTICITY
            if name == "cup" and found and found[-1].order == f"o{number}":
                likely = 0.7  # with tea, which comes before it
            if random.random() < likely:
                quantity = 1.0 + random.poisson(0.5)
                found.append(Sale(sale.customer, sale.on, price * quantity, quantity, name, f"o{number}"))
    return found


def _worth(item: str) -> float:
    return 40.0 if item == "tea" else 3.0


def held(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)
