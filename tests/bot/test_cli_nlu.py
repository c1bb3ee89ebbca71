"""Models from the command line: trained, promoted, judged, and gone back from."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from config.settings import ROOT
from tests.support.nlu import trained_model

pytestmark = pytest.mark.slow


@pytest.fixture
def nlu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of few examples beside the real one, and a folder for its models."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("SWITCHBOARD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SWITCHBOARD_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("SWITCHBOARD_NLU__ENCODER", "tfidf")
    for language in ("ru", "es"):
        (tmp_path / "config" / "nlu" / f"{language}.yml").unlink()
    write(tmp_path / "config" / "nlu", greeting="hello there")
    return tmp_path / "config" / "nlu"


def write(folder: Path, *, greeting: str) -> None:
    asks = ("where is my order", "where is it", "order status", "my order please", "has it shipped")
    greets = (greeting, "hello", "hi", "good morning", "hey")
    examples = {"order_status": asks, "greeting": greets}
    blocks = "".join(
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
        for intent, texts in examples.items()
    )
    (folder / "en.yml").write_text(f'version: "3.1"\nnlu:\n{blocks}')
    (folder / "regression.yml").write_text("en:\n  order_status: [where is the order]\n")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["nlu", *arguments])


def current(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output.rpartition("The current model is ")[2].strip(".\n")


def test_train_promote_and_go_back(nlu: Path) -> None:
    first = current(run("train"))
    write(nlu, greeting="greetings to you")
    second = current(run("train"))
    assert first != second
    assert current(run("rollback")) == first
    assert current(run("promote", second)) == second
    assert f"{second:<28}current" in run("list").output
    assert "judged on examples it had not seen" in run("evaluate").output


def test_a_model_that_fails_what_it_must_know_is_not_promoted(nlu: Path) -> None:
    first = current(run("train"))
    write(nlu, greeting="greetings to you")
    (nlu / "regression.yml").write_text("en:\n  greeting: [where is my order]\n")
    refused = run("train")
    assert refused.exit_code == 1
    assert "“where is my order” is order_status, not greeting" in refused.output
    assert f"{first:<28}current" in run("list").output
    assert current(run("train", "--force")) != first


def test_a_mistake_in_the_examples_is_told_with_its_line(nlu: Path) -> None:
    (nlu / "en.yml").write_text('version: "3.1"\nnlu:\n- intent: a\n')
    refused = run("train")
    assert refused.exit_code == 1
    assert "en.yml:3" in refused.output


def test_judged_on_labelled_texts(nlu: Path) -> None:
    current(run("train"))
    (nlu / "mine.yml").write_text("en:\n  order_status: [where is my order]\n  greeting: [hello]\n")
    assert "100.0%" in run("evaluate", "--file", str(nlu / "mine.yml")).output


def test_a_model_of_another_machine_is_taken_in(nlu: Path) -> None:
    theirs = trained_model()
    assert f"{theirs.name} is here" in run("import", str(theirs)).output
    (nlu.parent / "theirs").mkdir()
    (nlu.parent / "theirs" / "model.pkl").write_bytes(b"")
    assert "nothing else" in run("import", str(nlu.parent / "theirs")).output


def test_an_unknown_model_is_told(nlu: Path) -> None:
    assert "see `python -m bot nlu list`" in run("promote", "nobody").output
