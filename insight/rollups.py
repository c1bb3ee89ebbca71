"""Facts added up by quarters of an hour, as states that merge: any engine adds them with `sum … group by` alone.

A count is a row without a bin. A duration is a row for each bin of a logarithmic histogram, with the sum and the sum of
squares of what fell into it; so mean and interval stay exact, and a quantile is right within its bin.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import ceil, log2

from insight import facts_sql
from insight.extract_sql import for_duckdb
from insight.facts_sql import Family
from insight.tally import QUANTILES, Spread, Tally
from insight.warehouse import Manifest, Warehouse, selected

SLOT_S = 900
BINS_A_DOUBLING = 4  # a bin is 19 % wide
NO_BIN = -1
LIMITS_S = (20, 60, 120, 300, 3600)  # the T of a service level that rollups can tell
ABOUT = ("queue", "channel")
_SLOT = f"time_bucket(interval '{SLOT_S} seconds', began_at)"
_GROUP = f"{_SLOT} as slot_at, {', '.join(ABOUT)}"
StateRow = tuple[str, int, int, float, float]  # measure, bin, n, total, squares


def bin_of(seconds: float) -> int:
    """The first holds everything up to a second; the edges belong to the lower bin."""
    return 0 if seconds <= 1 else ceil(BINS_A_DOUBLING * log2(seconds))


def edges_of(number: int) -> tuple[float, float]:
    return (0.0, 1.0) if number <= 0 else (2 ** ((number - 1) / BINS_A_DOUBLING), 2 ** (number / BINS_A_DOUBLING))


def _bin(what: str) -> str:
    of = f"cast({what} as double precision)"
    return f"case when {of} <= 1 then 0 else cast(ceil({BINS_A_DOUBLING} * log2({of})) as bigint) end"


def _counts(family: Family) -> dict[str, str]:
    """What is counted, those within T once for each T."""
    found: dict[str, str] = {}
    for name, condition in family.counts.items():
        limits = LIMITS_S if ":within_s" in condition else ()
        for limit in limits:
            found[f"{name}_{limit}"] = f"count(*) filter (where {condition.replace(':within_s', str(limit))})"
        if not limits:
            found[name] = f"count(*) filter (where {condition})"
    return found | {name: f"cast(coalesce(sum({what}), 0) as bigint)" for name, what in family.sums.items()}


def _counted(fact: str, family: Family) -> str:
    counts = _counts(family)
    columns = ", ".join(f"{what} as {name}" for name, what in counts.items())
    keys = ", ".join(("slot_at", *ABOUT))
    return (
        f"select {keys}, measure, {NO_BIN} as bin, n, 0.0 as total, 0.0 as squares "
        f"from (select {_GROUP}, {columns} from {fact} group by all) "
        f"unpivot (n for measure in ({', '.join(counts)})) where n > 0"
    )


def _spread_out(fact: str, name: str, what: str, condition: str) -> str:
    of = f"cast({what} as double precision)"
    return (
        f"select {_GROUP}, '{name}' as measure, {_bin(what)} as bin, count(*) as n, sum({of}) as total, "
        f"sum({of} * {of}) as squares from {fact} where {condition} group by all"
    )


_FACTS: Mapping[str, tuple[str, Family]] = {
    "segment": (facts_sql.SEGMENT_FACTS, facts_sql.SEGMENT_FAMILY),
    "run": (facts_sql.RUN_FACTS, facts_sql.RUN_FAMILY),
    "conversation_fact": (facts_sql.CONVERSATION_FACTS, facts_sql.CONVERSATION_FAMILY),
}


def rollup_statement(tables: Mapping[str, str]) -> str:
    """The states of the facts in these tables; asks for `$since`, `$until` and `$as_of`."""
    heads, parts = [], list[str]()
    for source, (facts, family) in _FACTS.items():
        fact = f"of_{source}"
        named = facts.removeprefix(", ").replace("fact as", f"{fact} as", 1)
        heads += [f"{source} as (select * from {tables[source]})", named]
        parts.append(_counted(fact, family))
        parts += [_spread_out(fact, name, what, condition) for name, (what, condition) in family.spreads.items()]
    states = " union all ".join(f"({part})" for part in parts)
    return for_duckdb(f"with {', '.join(heads)} select *, cast(slot_at as date) as day from ({states})")


def by_whole_days(warehouse: Warehouse, manifest: Manifest, months: Sequence[str]) -> str:
    """The quarters of an hour of some months, added up: long periods have far fewer of these to read."""
    days = [day for day in manifest.tables.get("rollup", {}) if f"{day[:7]}-01" in months]
    return (
        "select cast(slot_at as date) as date, queue, channel, measure, bin, cast(sum(n) as bigint) as n, "
        "sum(total) as total, sum(squares) as squares, cast(date_trunc('month', slot_at) as date) as day "
        f"from ({selected(manifest, 'rollup', warehouse.folder, days)}) group by all"
    )


def tally_of_states(rows: Iterable[StateRow], within_s: float) -> Tally:
    """What the states of one group add up to, as a report has it."""
    counts: dict[str, int] = {}
    bins: dict[str, dict[int, tuple[int, float, float]]] = {}
    for measure, number, n, total, squares in rows:
        if number == NO_BIN:
            counts[measure] = int(n)
        else:
            bins.setdefault(measure, {})[int(number)] = (int(n), float(total), float(squares))
    suffix = f"_{within_s:.0f}"
    chosen = {name.removesuffix(suffix): n for name, n in counts.items()}
    return Tally(chosen, {name: _spread_of(found) for name, found in bins.items()})


def _spread_of(bins: Mapping[int, tuple[int, float, float]]) -> Spread:
    n, total, squares = (sum(state[part] for state in bins.values()) for part in range(3))
    return Spread(
        int(n), total, squares, quantiles_within({number: state[0] for number, state in bins.items()}, QUANTILES)
    )


def quantiles_within(counts: Mapping[int, int], parts: Sequence[float]) -> tuple[float, ...]:
    """Each in the bin where so large a part is reached, as far in as the part is."""
    numbers = sorted(counts)
    passed = [*accumulate(counts[number] for number in numbers)]
    return tuple(_quantile(numbers, passed, part * (passed[-1] - 1)) for part in parts)


def _quantile(numbers: Sequence[int], passed: Sequence[int], place: float) -> float:
    at = min(bisect_right(passed, place), len(numbers) - 1)
    before = passed[at - 1] if at else 0
    low, high = edges_of(numbers[at])
    share = (place - before + 0.5) / (passed[at] - before)
    return low + (high - low) * min(max(share, 0.0), 1.0)
