"""`python -m bot insight economics|report5`: on an empty company, from a file, and with a file that cannot be used."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main

INPUTS = """
costs:
  integration: {low: 1000, mode: 2000, high: 4000}
  support: {low: 500, mode: 500, high: 500}
"""


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database_url)
    return CliRunner()


def test_what_costs_and_brings_nothing_is_a_loss_and_says_why(run: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "inputs.yml"
    file.write_text(INPUTS)
    found = json.loads(run.invoke(main, ["insight", "economics", "--file", str(file), "--json"]).output)
    assert -6_000 < found["economics"]["npv"]["p50"] < -2_000
    assert all(change["refusal"] for change in found["changes"])
    told = run.invoke(main, ["insight", "economics", "--file", str(file)])
    assert "Net present value: " in told.output
    assert "Not counted" in told.output
    whole = json.loads(run.invoke(main, ["insight", "report5", "--json"]).output)
    assert whole["written"]["costs"]["software"]["mode"] == 0
    assert whole["measured"]["gaps"] == []


def test_a_file_that_cannot_be_used_is_named_with_the_place(run: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "inputs.yml"
    file.write_text("costs: {support: {low: 5, mode: 1, high: 9}}")
    answer = run.invoke(main, ["insight", "economics", "--file", str(file)])
    assert answer.exit_code == 1
    assert "inputs.yml cannot be used: costs.support" in answer.output
