"""Which ERP the bot asks: what `erp.yml` says, and what is said when it cannot be."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.erps import open_erp
from config.business import read_business
from config.documents import DocumentError
from config.settings import ROOT, Settings
from crm_core.db import Sessions
from crm_core.errors import SetupRequired

pytestmark = pytest.mark.slow
ODOO = "{name: shop, kind: odoo, url: 'http://127.0.0.1:9', database: x, key_env: SHOP_KEY, prefixes: [SO]}"
TRYTON = "{name: old, kind: tryton, url: 'http://127.0.0.1:9', database: x, key_env: OLD_KEY, login: bot}"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("SWITCHBOARD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SHOP_KEY", "k1")
    monkeypatch.setenv("OLD_KEY", "k2")
    return tmp_path / "config"


def write(config: Path, *entries: str) -> None:
    (config / "erp.yml").write_text("erps:\n" + "".join(f"- {entry}\n" for entry in entries))


def opened_name(config: Path, sessions: Sessions) -> str:
    return open_erp(Settings(), read_business(config), sessions).name


async def test_nothing_configured_is_the_embedded_one(config: Path, sessions: Sessions) -> None:
    assert opened_name(config, sessions) == "sql"
    (config / "erp.yml").unlink()
    assert opened_name(config, sessions) == "sql"


async def test_one_or_several(config: Path, sessions: Sessions) -> None:
    write(config, ODOO)
    assert opened_name(config, sessions) == "odoo"
    write(config, ODOO, TRYTON)
    assert opened_name(config, sessions) == "several"


async def test_a_missing_key_is_named_by_its_variable(
    config: Path, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config, ODOO)
    monkeypatch.delenv("SHOP_KEY")
    with pytest.raises(SetupRequired, match="SHOP_KEY"):
        opened_name(config, sessions)


@pytest.mark.parametrize(
    ("states", "told"), [("{stage: {sale: sold}}", "sold"), ("{mood: {sale: open}}", "there is no axis mood")]
)
async def test_a_mapping_to_nothing_is_refused(config: Path, sessions: Sessions, states: str, told: str) -> None:
    write(config, ODOO[:-1] + f", states: {states}}}")
    with pytest.raises(SetupRequired, match=told):
        opened_name(config, sessions)


@pytest.mark.parametrize("entry", [ODOO.replace("odoo", "excel"), ODOO.replace("key_env", "kee_env"), "{name: shop}"])
def test_a_misspelt_entry_is_told_with_its_line(config: Path, entry: str) -> None:
    write(config, entry)
    with pytest.raises(DocumentError, match=r"erp\.yml"):
        read_business(config)


def test_check_says_that_it_cannot_be_reached(config: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database_url)
    write(config, ODOO)
    result = CliRunner().invoke(main, ["erp", "check"])
    assert result.exit_code == 1
    assert "could not be reached" in result.output
    assert "k1" not in result.output
