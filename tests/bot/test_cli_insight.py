"""The warehouse from the command line: filled, asked, taken out; and what is told where there is nothing."""

import asyncio
import csv
import io
import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from bot.cli_insight import insight
from crm_core.db import Sessions
from desk.report_csv import RISKY
from tests.support.simulated_day import OPENS_AT, simulated_day, write_events

DAYS = ["--from", f"{OPENS_AT:%Y-%m-%d}", "--to", f"{OPENS_AT:%Y-%m-%d}"]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database_url)
    monkeypatch.setenv("SWITCHBOARD_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("SWITCHBOARD_LOG__LEVEL", "ERROR")
    return CliRunner()


def said(result: Result, code: int = 0) -> str:
    assert result.exit_code == code, result.output
    return result.output


def lines_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))


async def test_the_warehouse_is_filled_asked_and_taken_out(run: CliRunner, sessions: Sessions, tmp_path: Path) -> None:
    day = simulated_day(23)
    await write_events(sessions, day.told)
    assert "conversations" in said(await asyncio.to_thread(run.invoke, insight, ["extract"]))
    again = json.loads(said(await asyncio.to_thread(run.invoke, insight, ["extract", "--json"])))
    assert again["files"]["fact_segment"] == 1
    told = json.loads(said(run.invoke(insight, ["kpi", *DAYS, "--json"])))
    exact = json.loads(said(run.invoke(insight, ["kpi", *DAYS, "--exact", "--json"])))
    assert (told["source"], exact["source"]) == ("rollups", "facts")
    assert told["figures"]["offered"]["value"] == exact["figures"]["offered"]["value"] == len(day.segments)
    assert told["figures"]["wait_p90"]["value"] == pytest.approx(exact["figures"]["wait_p90"]["value"], rel=0.2)
    assert "first_response_p50" in told["figures"]
    assert "first_response_open_p50" not in told["figures"], "the warehouse knows no opening hours"
    narrowed = json.loads(said(run.invoke(insight, ["kpi", *DAYS, "--language", "es", "--json"])))
    assert narrowed["source"] == "facts"
    text = said(run.invoke(insight, ["report", *DAYS, "--by", "channel"]))
    assert "Service level, 20" in text
    assert "phone" in text
    assert "asked_for_person" in text
    whole = json.loads(said(run.invoke(insight, ["report", *DAYS, "--json"])))
    assert sum(each["offered"]["value"] for each in whole["groups"]["queue"].values()) == len(day.segments)
    file = tmp_path / "segments.csv"
    rows = json.loads(said(run.invoke(insight, ["export", "fact_segment", str(file), "--json"])))["rows"]
    assert rows == len(lines_of(file)) == len(day.segments)
    nothing = ["export", "fact_segment", str(tmp_path / "n.parquet"), "--from", "2030-01-01"]
    assert said(run.invoke(insight, nothing)).startswith("0 rows")


def test_no_cell_of_a_file_is_a_formula(run: CliRunner, database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for number, sign in enumerate(RISKY):
            connection.execute(
                "insert into dim_product (source, sku, name, names, price, extracted_at)"
                " values ('erp', %s, %s, '{}', -1, now())",
                [str(number), f"{sign}HYPERLINK()"],
            )
    said(run.invoke(insight, ["extract"]))
    file = tmp_path / "products.csv"
    said(run.invoke(insight, ["export", "dim_product", str(file)]))
    lines = lines_of(file)
    assert sorted(line["name"] for line in lines) == sorted(f"'{sign}HYPERLINK()" for sign in RISKY)
    assert {line["price"] for line in lines} == {"-1.0000"}


def test_an_empty_company_gets_a_report_that_says_so(run: CliRunner) -> None:
    assert "python -m bot insight extract" in said(run.invoke(insight, ["kpi"]), 1)
    said(run.invoke(insight, ["extract"]))
    assert "Nothing happened in this period" in said(run.invoke(insight, ["report"]))
    assert "0" in said(run.invoke(insight, ["kpi"]))


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["kpi", "--from", "2026-02-02", "--to", "2026-02-01"], "ends before it begins"),
    (["kpi", "--from", "soon"], "does not match the format"),
    (["export", "fact_segment", "x.xls"], ".csv or .parquet"),
    (["export", "fact_segment", "/nowhere/x.csv"], "There is no folder"),
    (["export", "nothing", "x.csv"], "is not one of"),
])  # fmt: skip
def test_what_makes_no_sense_is_told_plainly(run: CliRunner, arguments: list[str], sentence: str) -> None:
    said(run.invoke(insight, ["extract"]))
    result = run.invoke(insight, arguments)
    assert result.exit_code
    assert sentence in result.output
