"""`segments`: customers by how lately, how often and for how much they bought, and groups that halves agree on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from crm_core.learnt import Minimum
from crm_core.sentences import Sentence, Share
from insight.mining.findings import BackTest, Finding, Protocol, around, demand_enough
from insight.mining.histories import (
    WEEK_DAYS,
    Days,
    Floats,
    Histories,
    bought,
    histories_of,
    purchase_days,
    span_of,
    weeks_before,
    weeks_between,
)
from insight.mining.rows import Sale
from insight.mining.threads import one_thread

HIGH, LOW = 4, 2  # fifths from which on something is much, and until which it is little
LEAST_CUSTOMERS, LEAST_WEEKS = 100, 26
FIFTH = 0.2
GROUPS = range(2, 8)
STABLE = 0.9  # agreement from which on a number of groups counts as given by the data
CUTS, SAMPLE, SEED = 2, 2000, 7


class Name(StrEnum):
    """By fifths of recency and frequency, first that fits."""

    CHAMPIONS = "champions"
    AT_RISK = "at_risk"
    LOYAL = "loyal"
    NEW = "new"
    FADING = "fading"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Place:
    """Of one customer: fifths from 1 to 5 (5: latest, oftenest, most), the name for them, and the group from 0."""

    customer: str
    recency: int
    frequency: int
    money: int
    name: Name
    group: int


@dataclass(frozen=True, slots=True)
class Segments:
    """`stability`: how far groups drawn from two halves agree, 1 fully, 0 by chance."""

    customers: tuple[Place, ...]
    sizes: dict[Name, int]
    groups: int
    stability: float


def segments(sales: Sequence[Sale], until: date) -> Finding[Segments]:
    """The interval is of the share of all money that the champions bring."""
    days = purchase_days(sale for sale in sales if sale.on <= until)
    weeks = weeks_between(span_of(days)[0], until) if days else 0
    minima = demand_enough(
        Minimum("customers", len(days), LEAST_CUSTOMERS), Minimum("weeks_of_sales", weeks, LEAST_WEEKS)
    )
    past = histories_of(days, until)
    fifths = rfm(past)
    names = [name_of(*each[:2]) for each in fifths.tolist()]
    with one_thread():
        groups, stability, labels = stable_groups(_traits(past))
    places = tuple(
        Place(customer, recency, frequency, money, name, group)
        for customer, (recency, frequency, money), name, group in zip(
            past.ids, fifths.tolist(), names, labels, strict=True
        )
    )
    sizes = {name: names.count(name) for name in Name}
    is_champion = np.array([name is Name.CHAMPIONS for name in names])
    part, error = _share(past.total, is_champion)
    within = around(part, error)
    return Finding(
        Segments(places, sizes, groups, stability), within, _hold_out(days, until, weeks), minima,
        Sentence("segments", {"champions": sizes[Name.CHAMPIONS], "share": Share(part), "low": Share(within.low),
                              "high": Share(within.high), "at_risk": sizes[Name.AT_RISK]}),
    )  # fmt: skip


def rfm(past: Histories) -> Floats:
    """Customers × (recency, frequency, money), in fifths."""
    silent = past.age - past.recency
    return np.column_stack([_fifths(-silent), _fifths(past.repeats), _fifths(past.total)])


def _fifths(values: Floats) -> Floats:
    """1 to 5 by rank; who has the same value has the same fifth, the middle of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle = (ends - (counts - 1) / 2 - 0.5) / len(values)
    return np.asarray((np.floor(middle * 5).astype(np.int64) + 1)[which])


def name_of(recency: int, frequency: int) -> Name:
    """Five is best."""
    rules = (
        (Name.CHAMPIONS, recency >= HIGH and frequency >= HIGH), (Name.AT_RISK, recency <= LOW and frequency >= HIGH),
        (Name.LOYAL, frequency >= HIGH), (Name.NEW, recency >= HIGH), (Name.FADING, recency > LOW),
    )  # fmt: skip
    return next((name for name, fits in rules if fits), Name.LOST)


def _traits(past: Histories) -> Floats:
    """Comparable in size."""
    raw = np.column_stack([
        np.log1p(past.repeats), np.log1p((past.age - past.recency) * WEEK_DAYS), np.log1p(past.total)
    ])  # fmt: skip
    return np.asarray((raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), 1e-9), dtype=np.float64)


def stable_groups(traits: Floats) -> tuple[int, float, list[int]]:
    """The most groups that two halves agree on; their number, agreement, and everybody's group."""
    random = np.random.default_rng(SEED)
    sample = traits[random.permutation(len(traits))[:SAMPLE]]
    cuts = [random.permutation(len(sample)) for _ in range(CUTS)]
    agreed = {number: float(np.mean([_agreement(sample, cut, number) for cut in cuts])) for number in GROUPS}
    stable = [number for number, value in agreed.items() if value >= STABLE]
    number = max(stable) if stable else max(agreed, key=lambda each: agreed[each])
    return number, agreed[number], _means(traits, number).labels_.tolist()


def _agreement(sample: Floats, cut: NDArray[np.int64], number: int) -> float:
    half = len(cut) // 2
    one, other = (_means(sample[rows], number).predict(sample) for rows in (cut[:half], cut[half:]))
    return float(adjusted_rand_score(one, other))


def _means(traits: Floats, number: int) -> KMeans:
    return KMeans(number, n_init=3, random_state=SEED).fit(traits)


def _share(money: Floats, chosen: Floats) -> tuple[float, float]:
    """Of the chosen in all money, and its standard error as that of a ratio."""
    part = float(money[chosen].sum() / money.sum())
    return part, sqrt(float(np.sum((money * (chosen - part)) ** 2))) / float(money.sum())


def _hold_out(days: Days, until: date, weeks: int) -> BackTest:
    """Places at the end of three quarters of the time; what their best fifth brought in the last one."""
    cut = weeks_before(until, weeks / 4)
    past = histories_of(days, cut)
    _, later = bought(days, past.ids, cut, until)
    order = np.argsort(-rfm(past).sum(axis=1), kind="stable")[: int(len(past) * FIFTH)]
    share = float(later[order].sum() / max(later.sum(), 1e-9))
    return BackTest(Protocol.LATER, "later_money_of_best_fifth", share, "by_lot", FIFTH, len(past))
