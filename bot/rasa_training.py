"""Rasa from our training files: its project, its training in an environment of its own, and its server."""

import codecs
import os
import re
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import click

from config.settings import ROOT, Settings
from crm_core.errors import SetupRequired
from nlu.dataset import DatasetError
from nlu.rasa_project import EPOCHS, RasaProject, write_project
from nlu.training import LANGUAGES

_WIDE = 66
_TAIL_LINES = 15
_CHUNK = 4_096
_STEP = re.compile(r"Starting to train component '(\w+)'")
_SHARE = re.compile(r"^Epochs:\s+(\d+)%")


def rasa_program(environment: Mapping[str, str] = os.environ) -> Path:
    """The `rasa` of `SWITCHBOARD_RASA`, or of `make rasa`. Raises SetupRequired where there is none."""
    program = Path(environment.get("SWITCHBOARD_RASA") or ROOT / ".venv-rasa" / "bin" / "rasa")
    if not program.exists():
        raise SetupRequired("Rasa is not installed here: run `make rasa`, or let SWITCHBOARD_RASA name its program.")
    return program


def rasa_directory(settings: Settings) -> Path:
    """Project, models and the log of the last training."""
    return settings.var_dir / "rasa"


def written_project(settings: Settings, *, epochs: int = EPOCHS) -> RasaProject:
    """Raises SetupRequired for a training file that cannot be used."""
    named = [settings.config_dir / "nlu" / f"{language}.yml" for language in LANGUAGES]
    try:
        return write_project([file for file in named if file.exists()], rasa_directory(settings), epochs=epochs)
    except DatasetError as error:
        raise SetupRequired(str(error)) from error


def train_rasa(settings: Settings, *, epochs: int = EPOCHS) -> Path:
    """The new model's file. Raises SetupRequired with what Rasa said last when it trains none."""
    program = rasa_program()
    project = written_project(settings, epochs=epochs)
    click.echo(f"  {project.examples} examples of {len(project.intents)} intents, {epochs} times: this may take long.")
    before = set((project.directory / "models").glob("*.tar.gz"))
    last_lines = _trained(program, project.directory)
    made = sorted(set((project.directory / "models").glob("*.tar.gz")) - before)
    if not made:
        raise SetupRequired("Rasa trained no model. It said last:\n" + "\n".join(f"  {line}" for line in last_lines))
    return made[-1]


def _trained(program: Path, directory: Path) -> list[str]:
    """The last lines of its output, shown as progress while it works and kept in `train.log`."""
    last, step, shown = deque[str](maxlen=_TAIL_LINES), "starting", ""
    command = [str(program), "train", "nlu", "--domain", "domain.yml"]
    with (
        (directory / "train.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603 - our own environment's program
            command, cwd=directory, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as training,
    ):
        assert training.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in _lines(training.stdout):
            log.write(f"{line}\n")
            last.append(line)
            begun, share = _STEP.search(line), _SHARE.match(line)
            step = begun[1] if begun else step
            label = f"{step} {int(share[1]) // 10 * 10} %" if share else step
            if label != shown:
                click.echo(f"\r  Training Rasa: {label}".ljust(_WIDE), nl=False)
                shown = label
    click.echo("\r  Training Rasa … ended".ljust(_WIDE))
    return list(last)


def _lines(output: IO[bytes]) -> Iterator[str]:
    """Its progress bar ends lines by carriage returns, which a reader of lines would wait for in vain."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    while chunk := os.read(output.fileno(), _CHUNK):
        *whole, rest = re.split(r"[\r\n]+", rest + decoder.decode(chunk))
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def _environment() -> dict[str, str]:
    """Without our own secrets; nothing is told to Rasa's makers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHBOARD_")}
    return {
        **kept,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }


def serving_command(settings: Settings, program: Path) -> list[str]:
    """Listens where `SWITCHBOARD_NLU__RASA_URL` points, on this machine only."""
    address = urlsplit(str(settings.nlu.rasa_url))
    command = [str(program), "run", "--enable-api", "--model", "models"]
    command += ["--interface", "127.0.0.1", "--port", str(address.port or 5005)]
    token = settings.nlu.rasa_token
    return [*command, "--auth-token", token.get_secret_value()] if token else command


def become_rasa_server(settings: Settings) -> None:
    """Turn this process into the server. Raises SetupRequired where there is no program or no model."""
    program, directory = rasa_program(), rasa_directory(settings)
    if not any((directory / "models").glob("*.tar.gz")):
        raise SetupRequired("There is no Rasa model yet: run `python -m bot train --engine rasa`.")
    os.chdir(directory)
    os.execve(program, serving_command(settings, program), _environment())  # noqa: S606 - no shell is meant
