"""Keys from the command line."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from bot.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database_url)

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["key", *arguments])

    return command


def test_a_key_is_made_listed_and_revoked(run: Run) -> None:
    made = run("create", "Shop", "--scope", "contacts:read", "--team", "service", "--days", "30")
    first, key = made.output.strip().splitlines()
    number = first.split()[1]
    listed = run("list").output
    assert (made.exit_code, key.startswith("sb_"), key in listed) == (0, True, False)
    assert all(word in listed for word in ("Shop", "service", "contacts:read", key[:9]))
    assert run("revoke", number).exit_code == 0
    assert "revoked" in run("list").output
    assert (run("revoke", "999999").exit_code, "no such key" in run("revoke", "999999").output) == (1, True)


def test_a_wrong_scope_or_name_is_told(run: Run) -> None:
    assert "contacts:read" in run("create", "Shop", "--scope", "made:up").output
    unnamed = run("create", " ", "--scope", "contacts:read")
    assert (unnamed.exit_code, "which program" in unnamed.output) == (1, True)
