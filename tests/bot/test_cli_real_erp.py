"""The ERP commands against a live Tryton: what they say when all is well or a key is wrong, and what they keep."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli_erp import erp
from config.settings import ROOT
from tests.support.erp_subjects import NO_TRYTON, has_tryton
from tests.support.tryton_server import DATABASE, TrytonServer

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not has_tryton, reason=NO_TRYTON)]


@pytest.fixture
def run(tryton: TrytonServer, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    entry = f"{{name: shop, kind: tryton, url: '{tryton.url}', database: {DATABASE}, key_env: SHOP_KEY}}"
    (tmp_path / "config" / "erp.yml").write_text(f"erps:\n- {entry}\n", encoding="utf-8")
    monkeypatch.setenv("SWITCHBOARD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database_url)
    monkeypatch.setenv("SHOP_KEY", tryton.key)
    return CliRunner()


def test_check_tries_everything_and_names_the_right_of_what_it_does_not_try(run: CliRunner) -> None:
    result = run.invoke(erp, ["check", "--order", "WEB-3"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("shop (docs/erp/tryton.md)")
    assert "answered: partially_shipped" in result.output
    assert "not tried; it needs the group “Sale Complaint”" in result.output


def test_a_wrong_key_is_said_once_with_what_to_do(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "wrong-key-canary")
    result = run.invoke(erp, ["check"])
    assert result.exit_code == 1
    assert result.output.count("→") == 1
    assert "make a new one, see docs/erp" in result.output
    assert "canary" not in result.output


def test_a_recording_is_kept_without_the_key(run: CliRunner, tryton: TrytonServer, tmp_path: Path) -> None:
    file = tmp_path / "tryton.json"
    result = run.invoke(erp, ["record", "shop", str(file), "--email", "ada@example.com", "--order", "WEB-3"])
    assert result.exit_code == 0, result.output
    text = file.read_text(encoding="utf-8")
    assert "TRACK-PART-1" in text
    assert tryton.key not in text


def test_an_erp_that_is_not_there_is_named(run: CliRunner, tmp_path: Path) -> None:
    result = run.invoke(erp, ["record", "shoop", str(tmp_path / "x.json")])
    assert "no ERP called shoop; it has shop" in result.output
    assert "need no copy" in run.invoke(erp, ["contacts", "shop"]).output
