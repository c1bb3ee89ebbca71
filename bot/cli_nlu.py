"""`python -m bot nlu …`: train, judge, compare, promote and go back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import yaml

from bot.nlu_reports import comparison_text, evaluation_text, labelled_text
from config.business import read_business
from config.settings import Settings
from crm_core.errors import SetupRequired
from nlu.model_store import (
    ModelError,
    current_model,
    import_model,
    make_current,
    models,
    previous_model,
    read_description,
    roll_back,
)
from nlu.regression import read_regression, write_corrections

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from nlu.native import NativeEngine

Answer = TypeVar("Answer")


@click.group("nlu")
def nlu() -> None:
    """Models of the NLU: each is trained, judged, promoted, and can be gone back from."""


@nlu.command("train")
@click.option("--force", is_flag=True, help="Promote even what fails config/nlu/regression.yml.")
def train_command(*, force: bool) -> None:
    """Train from config/nlu and promote the model, unless it fails what every model must understand."""
    from bot.nlu_training import train_with_progress  # noqa: PLC0415 - heavy, and only this needs it

    click.echo(f"The current model is {_told(lambda: train_with_progress(Settings(), force=force)).name}.")


@nlu.command("list")
def list_command() -> None:
    """All models, the youngest first."""
    root = Settings().models_dir
    current, previous = current_model(root), previous_model(root)
    for path in models(root):
        role = "current" if path == current else "previous" if path == previous else ""
        click.echo(f"{path.name:<28}{role}")


@nlu.command("evaluate")
@click.argument("model_id", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path, dir_okay=False), help="language: intent: [texts]")
def evaluate_command(model_id: str | None, file: Path | None) -> None:
    """Accuracy, coverage and calibration by language: from cross-validation, or on a labelled FILE."""
    settings = Settings()
    directory = _directory(settings, model_id)
    if file is None:
        click.echo(evaluation_text(_told(lambda: read_description(directory))))
        return
    languages = read_business(settings.config_dir).company.languages
    click.echo(labelled_text(_engine(settings, directory), _told(lambda: read_regression(file)), languages))


@nlu.command("compare")
@click.argument("candidate")
@click.argument("with_model", required=False)
@click.option("--days", default=7, show_default=True, help="How far back to read customers' messages.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the report there.")
def compare_command(candidate: str, with_model: str | None, days: int, out: Path | None) -> None:
    """What CANDIDATE would have understood otherwise than the current model (or WITH_MODEL) of stored messages."""
    settings = Settings()
    old, new = (_engine(settings, _directory(settings, name)) for name in (with_model, candidate))
    texts = asyncio.run(_recent(settings, days))
    report = comparison_text(old, new, texts, read_business(settings.config_dir).company.languages)
    if out is None:
        click.echo(report)
    else:
        out.write_text(report, encoding="utf-8")
        click.echo(f"{len(texts)} messages compared: {out}")


@nlu.command("promote")
@click.argument("model_id")
@click.option("--force", is_flag=True, help="Even when it fails config/nlu/regression.yml.")
def promote_command(model_id: str, *, force: bool) -> None:
    """Make MODEL_ID current; running processes take it over within a second."""
    from bot.nlu_training import regression_misses  # noqa: PLC0415 - heavy, and only this needs it

    settings = Settings()
    directory = _directory(settings, model_id)
    misses = _told(lambda: regression_misses(settings, directory))
    if misses and not force:
        raise click.ClickException(f"{model_id} fails {len(misses)} of config/nlu/regression.yml: not promoted.")
    make_current(settings.models_dir, model_id)
    click.echo(f"The current model is {model_id}.")


@nlu.command("rollback")
def rollback_command() -> None:
    """Go back to the model before the current one."""
    click.echo(f"The current model is {_told(lambda: roll_back(Settings().models_dir)).name}.")


@nlu.command("corrections")
@click.option("--write", is_flag=True, help="Into config/nlu/corrections.yml, which every model must pass.")
def corrections_command(*, write: bool) -> None:
    """What supervisors accepted on the review list: show it, or write it to the regression set."""
    settings = Settings()
    accepted = asyncio.run(_accepted(settings))
    if write:
        path = _told(lambda: write_corrections(settings.config_dir / "nlu", accepted))
        click.echo(f"{path} is written. Train anew: python -m bot nlu train")
    else:
        click.echo(
            yaml.safe_dump(accepted, allow_unicode=True, width=1000) if accepted else "Nothing was accepted yet."
        )


@nlu.command("import")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
def import_command(directory: Path) -> None:
    """Take in a model from another machine; it is not promoted."""
    model_id = _told(lambda: import_model(directory, Settings().models_dir))
    click.echo(f"{model_id} is here. Serve it with: python -m bot nlu promote {model_id}")


def _told(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except (ModelError, SetupRequired, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _directory(settings: Settings, model_id: str | None) -> Path:
    """Of the model by that name, or of the current one."""
    found = current_model(settings.models_dir) if model_id is None else settings.models_dir / model_id
    if found is None or not (found / "model.json").exists():
        raise click.ClickException(f"There is no model {model_id or 'yet'}: see `python -m bot nlu list`.")
    return found


def _engine(settings: Settings, directory: Path) -> "NativeEngine":
    from bot.services import encoder_shelf  # noqa: PLC0415 - heavy, and only this needs it
    from nlu.native import NativeEngine  # noqa: PLC0415

    return _told(lambda: NativeEngine.load(directory, encoder_shelf(settings)))


async def _recent(settings: Settings, days: int) -> list[tuple[str, str]]:
    from crm_core.transcripts import recent_customer_texts  # noqa: PLC0415 - heavy, and only this needs it

    async with _database(settings) as session:
        return await recent_customer_texts(session, days=days)


async def _accepted(settings: Settings) -> dict[str, dict[str, list[str]]]:
    from crm_core.corrections import accepted_corrections, as_regression  # noqa: PLC0415 - heavy, and only this needs it

    async with _database(settings) as session:
        return as_regression(await accepted_corrections(session))


@asynccontextmanager
async def _database(settings: Settings) -> "AsyncIterator[AsyncSession]":
    from bot.services import database_url  # noqa: PLC0415 - heavy, and only this needs it
    from crm_core.db import open_engine, open_readers  # noqa: PLC0415

    engine = open_engine(database_url(settings), pool_size=1)
    try:
        async with open_readers(engine)() as session:
            yield session
    finally:
        await engine.dispose()
