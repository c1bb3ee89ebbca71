"""The commands of the embedded ERP, as typed."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli_erp import erp
from config.settings import ROOT
from crm_core.embedded import EmbeddedPostgres

SAMPLE = ROOT / "config" / "erp" / "sample"


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database_url)
    return CliRunner()


def said(result: Result, code: int = 0) -> str:
    assert result.exit_code == code, result.output
    return result.output


def test_an_import_says_what_came(run: CliRunner) -> None:
    output = said(run.invoke(erp, ["import", str(SAMPLE / "customers.csv"), str(SAMPLE / "products.csv")]))
    assert "customers.csv: 50 new, 0 updated, 0 refused" in output
    assert "products.csv: 20 new, 0 updated, 0 refused" in output
    assert "C1001  María López  es  maria.lopez@example.com  +34 612 345 678" in said(
        run.invoke(erp, ["find", "--phone", "612 345 678"])
    )


def test_a_dry_run_says_that_nothing_was_written(run: CliRunner) -> None:
    assert "nothing was written" in said(run.invoke(erp, ["import", "--dry-run", str(SAMPLE / "customers.csv")]))
    assert "Nobody has this" in said(run.invoke(erp, ["find", "--email", "maria.lopez@example.com"]), 1)


def test_refused_rows_make_the_command_fail(run: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("number,customer,stage\nSO-1,C9,open\n")
    output = said(run.invoke(erp, ["import", str(tmp_path / "orders.csv"), str(tmp_path / "gone.csv")]), 1)
    assert "orders.csv:2: the customer C9 is not known" in output
    assert "gone.csv: not imported" in output


def test_an_order_is_shown(run: CliRunner, tmp_path: Path) -> None:
    files = {
        "customers": "number,name\nC1,María López\n",
        "orders": "number,customer,stage,ordered_on,promised_on,currency,total\n"
        "SO-1,C1,open,2026-11-14,2026-12-02,EUR,356\n",
        "lines": "order,sku,description,ordered,shipped,promised_on\nSO-1,CH,Chair Oslo,4,2,2026-12-02\n",
        "shipments": "number,order,status,shipped_on,carrier,tracking\nS-1,SO-1,shipped,2026-11-21,SEUR,82440117\n",
        "invoices": "number,order,total,open_amount,currency\nI-1,SO-1,356,0,EUR\n",
    }
    for stem, content in files.items():
        (tmp_path / f"{stem}.csv").write_text(content)
    said(run.invoke(erp, ["import", *(str(tmp_path / f"{stem}.csv") for stem in files)]))
    assert said(run.invoke(erp, ["order", "so-1"])).splitlines() == [
        "SO-1  partially_shipped  customer C1",
        "  stage open, goods partial, money paid",
        "  ordered 2026-11-14, promised 2026-12-02, total 356 EUR",
        "  4 × Chair Oslo  shipped 2, returned 0, the rest promised 2026-12-02",
        "  shipment S-1  shipped  shipped 2026-11-21, expected -, SEUR 82440117",
        "  invoice I-1  paid  356 EUR, open 0",
    ]
    assert "1 orders, PostgreSQL" in said(run.invoke(erp, ["check"]))


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["order", "999999"], "There is no order 999999."),
    (["find"], "Give one of --email and --phone."),
    (["find", "--email", "a@example.com", "--phone", "1"], "Give one of --email and --phone."),
])  # fmt: skip
def test_what_is_not_there_is_told_plainly(run: CliRunner, arguments: list[str], sentence: str) -> None:
    result = run.invoke(erp, arguments)
    assert result.exit_code
    assert sentence in result.output


def test_a_database_without_tables_is_told_with_the_remedy(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.create_database("no_tables")
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", postgres.url("no_tables"))
    assert "python -m bot migrate" in said(CliRunner().invoke(erp, ["check"]), 1)


def test_a_wrong_setting_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_PORT", "a lot")
    assert "SWITCHBOARD_PORT is wrong" in said(CliRunner().invoke(erp, ["check"]), 1)
