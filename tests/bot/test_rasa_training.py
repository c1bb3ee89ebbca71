"""The way from our training files to a Rasa model: told plainly where it fails, and walked for real where Rasa is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.rasa_training import become_rasa_server, rasa_program, serving_command, train_rasa
from config.settings import ROOT, NluSettings, Settings
from crm_core.errors import SetupRequired

RASA = Path(os.environ.get("SWITCHBOARD_RASA", ROOT / ".venv-rasa" / "bin" / "rasa"))
needs_rasa = pytest.mark.skipif(not RASA.exists(), reason="Rasa is not here: `make rasa`, or SWITCHBOARD_RASA")


def section(intent: str, words: str) -> str:
    return f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {words} {end}\n" for end in "abcde")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config" / "nlu").mkdir(parents=True)
    for language, greeting, order in (("en", "hello", "where is my order"), ("ru", "привет", "где мой заказ")):
        text = 'version: "3.1"\nnlu:\n' + section("greeting", greeting) + section("order_status", order)
        (tmp_path / "config" / "nlu" / f"{language}.yml").write_text(text, encoding="utf-8")
    return Settings(config_dir=tmp_path / "config", var_dir=tmp_path / "var")


def program(directory: Path, script: str) -> Path:
    path = directory / "rasa"
    path.write_text(f"#!{sys.executable}\nimport os, sys, pathlib\n{script}\n")
    path.chmod(0o755)
    return path


def test_without_rasa_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupRequired, match="make rasa"):
        rasa_program({"SWITCHBOARD_RASA": str(tmp_path / "nothing")})


def test_progress_is_shown_though_rasa_ends_its_lines_by_carriage_returns(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = """
print("INFO rasa.engine - Starting to train component 'DIETClassifier'.", flush=True)
for share in (0, 50, 55, 100):
    sys.stderr.write(f"\\rEpochs: {share:3}%|#| {share}/100")
pathlib.Path("models").mkdir()
pathlib.Path("models/one.tar.gz").touch()
"""
    monkeypatch.setenv("SWITCHBOARD_RASA", str(program(tmp_path, script)))
    assert train_rasa(settings) == settings.var_dir / "rasa" / "models" / "one.tar.gz"
    shown = capsys.readouterr().out
    assert [shown.count(f"DIETClassifier {share} %") for share in (0, 50, 100)] == [1, 1, 1]


def test_our_secrets_do_not_reach_rasa_and_its_makers_are_told_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'print(sorted(n for n in os.environ if "SWITCHBOARD" in n), os.environ["RASA_TELEMETRY_ENABLED"])'
    monkeypatch.setenv("SWITCHBOARD_SECRET_KEY", "secret")
    monkeypatch.setenv("SWITCHBOARD_RASA", str(program(tmp_path, script)))
    with pytest.raises(SetupRequired, match=r"\[\] false"):
        train_rasa(settings)


def test_where_rasa_trains_nothing_its_last_words_are_told_and_its_log_is_kept(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHBOARD_RASA", str(program(tmp_path, 'sys.exit("No space left.")')))
    with pytest.raises(SetupRequired, match="No space left"):
        train_rasa(settings)
    assert "No space left" in (settings.var_dir / "rasa" / "train.log").read_text()


def test_a_training_file_that_cannot_be_used_is_told_with_its_line(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHBOARD_RASA", str(program(tmp_path, "")))
    (settings.config_dir / "nlu" / "en.yml").write_text("nlu: []\n")
    with pytest.raises(SetupRequired, match=r"en\.yml:1: no examples"):
        train_rasa(settings)


def test_the_server_listens_where_the_settings_look_for_it(settings: Settings) -> None:
    nlu = NluSettings(rasa_url="http://127.0.0.1:5999", rasa_token="t0ken")  # type: ignore[arg-type]
    command = serving_command(settings.model_copy(update={"nlu": nlu}), Path("rasa"))
    assert command[-6:] == ["--interface", "127.0.0.1", "--port", "5999", "--auth-token", "t0ken"]
    assert "--auth-token" not in serving_command(settings, Path("rasa"))


def test_a_server_without_a_model_is_not_started(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHBOARD_RASA", str(program(tmp_path, "")))
    with pytest.raises(SetupRequired, match="train --engine rasa"):
        become_rasa_server(settings)


@needs_rasa
@pytest.mark.slow
def test_a_real_rasa_takes_our_files_in_two_languages(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_RASA", str(RASA))
    monkeypatch.setenv("SWITCHBOARD_CONFIG_DIR", str(settings.config_dir))
    monkeypatch.setenv("SWITCHBOARD_VAR_DIR", str(settings.var_dir))
    trained = CliRunner().invoke(main, ["train", "--engine", "rasa", "--epochs", "2"])
    assert trained.exit_code == 0, trained.output
    assert "20 examples of 2 intents" in trained.output
    assert "DIETClassifier" in trained.output
    (model,) = (settings.var_dir / "rasa" / "models").glob("*.tar.gz")
    listed = subprocess.run(["tar", "-tzf", model], check=True, capture_output=True, text=True).stdout
    assert "metadata.json" in listed
