"""`portfolio`: which items bring the money, and which are bought together, later as well as so far."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, sqrt

from scipy.stats import norm

from crm_core.learnt import Minimum
from crm_core.sentences import Sentence
from insight.fifo import Z95
from insight.mining.findings import BackTest, Finding, Interval, Protocol, demand_enough, share_interval
from insight.mining.rows import Sale

LEAST_ORDERS, LEAST_ITEMS = 200, 5
A_UNTIL, B_UNTIL = 0.8, 0.95
LEARNT = 0.7  # of the orders by day
LEAST_TOGETHER = 10
MOST_ITEMS = 300  # of which pairs are counted, the most bought
Baskets = Sequence[frozenset[str]]


@dataclass(frozen=True, slots=True)
class ItemShare:
    """`money` of one item; `grade` A for those that make up 80 % of all, B until 95 %, else C."""

    item: str
    money: float
    share: float
    grade: str


@dataclass(frozen=True, slots=True)
class Pair:
    """`lift`: how many times as often together as by chance, in `together` orders; `later` in the held-out ones."""

    one: str
    other: str
    together: int
    lift: float
    later: float
    later_interval: Interval


@dataclass(frozen=True, slots=True)
class Portfolio:
    items: tuple[ItemShare, ...]
    pairs: tuple[Pair, ...]


def portfolio(sales: Sequence[Sale]) -> Finding[Portfolio]:
    """The interval is of the share of pairs that are bought together above chance later too."""
    sold = [sale for sale in sales if sale.item and sale.quantity > 0]
    baskets = _baskets(sold)
    minima = demand_enough(
        Minimum("orders_with_items", len(baskets), LEAST_ORDERS),
        Minimum("items", len({sale.item for sale in sold}), LEAST_ITEMS),
    )
    cut = int(len(baskets) * LEARNT)
    pairs = find_pairs(baskets[:cut], baskets[cut:])
    held, n = sum(pair.later > 1 for pair in pairs), len(pairs)
    items = grades(sold)
    within = share_interval(held, n)
    test = BackTest(Protocol.LATER, "pairs_that_hold", held / n if n else 0.0, "any_pair",
                    _by_chance(baskets[:cut], baskets[cut:]), n)  # fmt: skip
    sentence = Sentence("portfolio", {
        "best": sum(item.grade == "A" for item in items), "items": len(items), "pairs": n, "held": held,
    })  # fmt: skip
    return Finding(Portfolio(items, pairs), within, test, minima, sentence)


def _baskets(sales: Sequence[Sale]) -> Baskets:
    """By day; without an order's number, what a customer bought on one day is an order."""
    found: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for sale in sales:
        found[sale.on, sale.order or sale.customer].add(sale.item)
    return [frozenset(items) for _, items in sorted(found.items(), key=lambda each: each[0])]


def grades(sales: Sequence[Sale]) -> tuple[ItemShare, ...]:
    """ABC: the most money first."""
    money: Counter[str] = Counter()
    for sale in sales:
        money[sale.item] += sale.amount  # type: ignore[assignment]
    everything = sum(money.values()) or 1.0
    found, before = [], 0.0
    for item, paid in sorted(money.items(), key=lambda each: (-each[1], each[0])):
        grade = "A" if before < A_UNTIL else "B" if before < B_UNTIL else "C"
        found.append(ItemShare(item, float(paid), paid / everything, grade))
        before += paid / everything
    return tuple(found)


def find_pairs(learnt: Baskets, later: Baskets) -> tuple[Pair, ...]:
    """Above chance for certain in the orders learnt from, the strongest first.

    The more pairs are looked at, the more certain (Bonferroni): of thousands some are above by chance.
    """
    singles, doubles = _counts(learnt)
    later_singles, later_doubles = _counts(later)
    certain = float(norm.isf(0.025 / max(1, len(doubles))))
    found = []
    for (one, other), together in doubles.items():
        lift, low, _ = _lift(together, (singles[one], singles[other]), len(learnt), certain)
        if together >= LEAST_TOGETHER and low > 1:
            alone = later_singles[one], later_singles[other]
            again, least, most = _lift(later_doubles[one, other], alone, len(later))
            found.append(Pair(one, other, together, lift, again, Interval(least, most)))
    return tuple(sorted(found, key=lambda pair: (-pair.lift, pair.one, pair.other)))


def _counts(baskets: Baskets) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    singles = Counter(item for basket in baskets for item in basket)
    frequent = {item for item, _ in singles.most_common(MOST_ITEMS)}
    doubles = Counter(pair for basket in baskets for pair in combinations(sorted(basket & frequent), 2))
    return singles, doubles


def _lift(together: int, alone: tuple[int, int], baskets: int, certain: float = Z95) -> tuple[float, float, float]:
    """With its interval, by the logarithm; nothing seen together is told as no lift, up to three such orders."""
    expected = alone[0] * alone[1] / baskets if baskets else 0.0
    if expected == 0:
        return 0.0, 0.0, float("inf")
    if together == 0:
        return 0.0, 0.0, 3 / expected
    value, spread = together / expected, exp(certain / sqrt(together))
    return value, value / spread, value * spread


def _by_chance(learnt: Baskets, later: Baskets) -> float:
    """Of all pairs seen as often, whether or not above chance: how many are above it later."""
    _, doubles = _counts(learnt)
    singles, again = _counts(later)
    often = [pair for pair, together in doubles.items() if together >= LEAST_TOGETHER]
    above = sum(_lift(again[pair], (singles[pair[0]], singles[pair[1]]), len(later))[0] > 1 for pair in often)
    return above / len(often) if often else 0.0
