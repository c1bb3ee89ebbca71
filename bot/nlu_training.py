"""Trains in a process of its own, shows how far it is, and promotes only what keeps its promises."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from bot.services import encoder_shelf
from config.business import read_business
from config.settings import Settings
from crm_core.errors import SetupRequired
from nlu.dataset import DatasetError
from nlu.encoders.encoder import EncoderError
from nlu.encoders.plan import planned
from nlu.model_store import make_current
from nlu.native import NativeEngine
from nlu.regression import Failed, failed, read_regression
from nlu.training import train_only

_WIDE = 66


def train_with_progress(settings: Settings, *, force: bool = False) -> Path:
    """The directory of the model of the training files, made current unless it fails what every model must know.

    Raises SetupRequired with what to mend. Nothing is trained when the files have not changed.
    """
    model_id, shortfall = _trained(settings)
    directory = settings.models_dir / model_id
    if shortfall:
        click.echo(f"  {shortfall}")
    misses = regression_misses(settings, directory)
    if misses and not force:
        told = "\n".join(f"  {miss.expected.language}: “{miss.expected.text}” is {miss.found}, not "
                         f"{miss.expected.intent}" for miss in misses)  # fmt: skip
        raise SetupRequired(
            f"{model_id} was trained but not promoted: it fails {len(misses)} of config/nlu/regression.yml:\n{told}\n"
            "Add examples in their words, or promote it all the same: `python -m bot nlu train --force`."
        )
    make_current(settings.models_dir, model_id)
    return directory


def regression_misses(settings: Settings, directory: Path) -> list[Failed]:
    """What the model of `directory` makes of `regression.yml` otherwise than it must."""
    expectations = read_regression(settings.config_dir / "nlu" / "regression.yml")
    languages = read_business(settings.config_dir).company.languages
    mine = [expected for expected in expectations if expected.language in languages]
    return failed(NativeEngine.load(directory, encoder_shelf(settings)), mine, languages) if mine else []


def _trained(settings: Settings) -> tuple[str, str | None]:
    """The id of the model and what it falls short of, from a process that ends and gives its memory back."""
    shown, ending = "", {}
    for line in _lines_of_training(settings):
        if "stage" in line:
            label = f"{line['stage']} {int(float(str(line['share'])) * 10) * 10} %"
            if label != shown:
                click.echo(f"\r  Training the NLU: {label}".ljust(_WIDE), nl=False)
            shown = label
        else:
            ending = line
    if shown:
        click.echo("\r  Training the NLU … done".ljust(_WIDE))
    if "model" not in ending:
        raise SetupRequired(str(ending.get("error", "The training ended without a model: see its output above.")))
    return str(ending["model"]), str(ending["shortfall"]) if ending.get("shortfall") else None


def _lines_of_training(settings: Settings) -> Iterator[dict[str, object]]:
    command = [sys.executable, "-m", "bot", "train-here"]
    environment = {
        **os.environ, "SWITCHBOARD_CONFIG_DIR": str(settings.config_dir), "SWITCHBOARD_VAR_DIR": str(settings.var_dir),
        "SWITCHBOARD_ENCODERS_DIR": str(settings.encoders_dir), "SWITCHBOARD_NLU__ENCODER": settings.nlu.encoder,
        "SWITCHBOARD_LOG__LEVEL": "WARNING",
    }  # fmt: skip
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as training:  # noqa: S603
        for line in training.stdout or ():
            if line.startswith("{"):
                yield json.loads(line)


def train_here(settings: Settings) -> dict[str, object]:
    """In this process: says every step as a line of JSON; its result, or the sentence of what to mend."""

    def progress(stage: str, share: float) -> None:
        print(json.dumps({"stage": stage, "share": share}), flush=True)  # noqa: T201 - the parent reads it

    try:
        shelf = encoder_shelf(settings, threads=os.cpu_count() or 1)
        plan = planned(settings.nlu.encoder, shelf, progress)
        directory = train_only(settings.config_dir / "nlu", settings.models_dir, plan, progress=progress)
    except (DatasetError, EncoderError) as error:
        return {"error": str(error)}
    return {"model": directory.name, "shortfall": plan.shortfall}
