"""`python -m bot insight …` on files: text in three languages, JSON, refusals and lines that cannot be used."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.cli_mining import MINING
from desk.sentences import said
from desk.words import LANGUAGES, read_catalogues
from insight.arrivals import Day
from insight.customers import Conduct
from insight.mining.campaigns import campaign_design, campaign_uplift
from insight.mining.churn import churn
from insight.mining.clv import clv
from insight.mining.demand import demand
from insight.mining.findings import Finding
from insight.mining.forecast import forecast_arrivals
from insight.mining.plans import Traffic
from insight.mining.portfolio import portfolio
from insight.mining.price import price
from insight.mining.retention import retention
from insight.mining.segments import segments
from insight.mining.staffing import Means, staffing
from insight.mining.whatif import Change, whatif
from tests.support import known_truths as truth

SPARE_DAY = Day(truth.days(0)[0].opens_at, 3600, (40.0,) * 4)


def ask(*words: str) -> Result:
    return CliRunner().invoke(main, ["insight", *words])


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("prices") / "weeks.csv"
    rows = [f"{row.item},{row.week},{row.units},{row.price},{row.promotion}" for row in truth.item_weeks(1)]
    path.write_text("\n".join(["item,week,units,price,promotion", *rows, "tea,1,-3,2,0"]), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("language", "begins"),
    [("en", "A price 1 % higher"), ("ru", "Цена выше на 1 %"), ("es", "Un precio un 1 % más alto")],
)
def test_a_finding_is_told_in_three_languages_with_its_back_test(prices: str, language: str, begins: str) -> None:
    told = ask("price", "--csv", prices, "--language", language)
    assert told.exit_code == 0
    assert told.stdout.startswith(begins)
    assert re.search(r"item 0 +-[12]", told.stdout)
    assert read_catalogues()[language]("mining.protocol.later") in told.stdout


def test_a_line_that_cannot_be_used_is_told_beside_the_result(prices: str) -> None:
    assert ask("price", "--csv", prices).stderr.startswith("weeks.csv:242: units:")


def test_json_holds_value_interval_back_test_and_minimum(prices: str) -> None:
    found = json.loads(ask("price", "--csv", prices, "--json").stdout)
    assert found["interval"]["low"] < truth.ELASTICITY < found["interval"]["high"]
    assert found["back_test"]["anchor"] == "item_mean"
    assert found["minima"][0] == {"what": "rows_of_one_item", "have": 60, "need": 40}


def test_demand_without_a_plan_is_that_of_last_weeks_prices(prices: str) -> None:
    assert "item 3" in ask("demand", "--csv", prices).stdout


def test_a_refusal_says_what_is_missing_in_the_readers_language(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("customer,date,amount\nann,2026-01-05,5\n", encoding="utf-8")
    refused = ask("clv", "--csv", str(path), "--language", "ru")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Данных пока слишком мало" in refused.stderr


def test_a_file_without_its_columns_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("who,when\nann,2026-01-05\n", encoding="utf-8")
    refused = ask("segments", "--csv", str(path))
    assert (refused.exit_code, "lacks the columns customer, date, amount" in refused.stderr) == (1, True)


def test_a_campaign_is_planned_without_a_file_and_judged_only_with_one() -> None:
    assert "3,841" in ask("campaign", "--design", "0.1", "0.02", "10000").stdout.replace(".", ",")
    assert ask("campaign").exit_code == 2


def test_calls_become_a_roster(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    rows = [
        f"{(day.opens_at + timedelta(hours=slot)).isoformat()},{count}"
        for day in truth.days(1) for slot, count in enumerate(day.counts)
    ]  # fmt: skip
    path.write_text("\n".join(["DateTime,Calls", *rows]), encoding="utf-8")
    assert "08:00" in ask("forecast", "--csv", str(path)).stdout
    assert ask("forecast", "--csv", str(path), "--on", "someday").exit_code == 2


def test_every_function_has_its_command() -> None:
    wanted = ["forecast", "staff", "segments", "churn", "clv", "demand", "price", "portfolio", "retention", "campaign"]
    assert [command.name for command in MINING] == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    "find",
    [
        lambda: forecast_arrivals(truth.days(1), truth.MONDAY + timedelta(weeks=16)),
        lambda: staffing(Traffic(SPARE_DAY, Conduct()), Means()),
        lambda: whatif(Traffic(SPARE_DAY, Conduct()), (5,) * 4, Change()),
        lambda: segments(truth.sales(1), truth.UNTIL),
        lambda: churn(truth.outcomes(1, 600), truth.outcomes(2, 50).traits),
        lambda: clv(truth.sales(1), truth.UNTIL),
        lambda: demand(truth.item_weeks(1), truth.item_weeks(1, weeks=61)[60:61]),
        lambda: price(truth.item_weeks(1)),
        lambda: portfolio(truth.orders(1)),
        lambda: retention(truth.lifetimes(1), truth.UNTIL),
        lambda: campaign_design(0.1, 0.02, 10_000),
        lambda: campaign_uplift(truth.campaign(1)),
    ],
)  # fmt: skip
def test_every_finding_has_its_words_in_every_language(find: Callable[[], Finding[object]]) -> None:
    found, catalogues = find(), read_catalogues()
    for language in LANGUAGES:
        words = catalogues[language]
        assert not re.search(r"[{}]", said(words, found.sentence)), "every gap is filled"
        test = found.back_test
        keys = [f"protocol.{test.protocol}", f"measure.{test.measure}", f"anchor.{test.anchor}"]
        keys += [f"counted.{each.what}" for each in found.minima]
        assert all(words.known(f"mining.{key}", "") for key in keys)
