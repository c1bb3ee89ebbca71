"""`python -m bot insight economics|report5`: the five steps as stored or from a file, and what is measured."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import yaml
from pydantic import ValidationError

from bot.cli_database import with_database
from bot.mining_views import plain
from bot.settings_follower import as_held
from config.business import Business, read_business
from config.five_steps import FiveSteps
from config.settings import Settings
from crm_core.access import Reach, Viewer
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.states import Role
from crm_core.step_findings import Findings
from crm_core.steps_store import read_steps
from desk.moments import Clockface
from desk.steps_drawings import Paper, Tile, tiles, tornado_lines
from desk.steps_views import shown_changes
from desk.words import Words, read_catalogues
from insight.five_steps import read_findings

NOBODY = Viewer(0, Role.ADMIN, frozenset(), "command line")  # whoever may run it may read the database
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Asked:
    steps: FiveSteps
    findings: Findings
    business: Business
    now: datetime


@click.command("economics")
@click.option("--file", "file", type=FILE, help="Inputs as the desk exports them (YAML or JSON); else what is stored.")
@click.option("--language", type=click.Choice(["en", "ru", "es"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def economics_command(file: Path | None, language: str, *, as_json: bool) -> None:
    """What the system costs and brings: net present value, payback, what it depends on."""
    asked = _asked(file)
    if as_json:
        click.echo(_json({"economics": asked.findings.economics, "changes": asked.findings.changes}))
        return
    for line in _told(asked, read_catalogues(country=asked.business.company.country)[language]):
        click.echo(line)


@click.command("report5")
@click.option("--file", "file", type=FILE, help="Inputs as the desk exports them (YAML or JSON); else what is stored.")
@click.option("--json", "as_json", is_flag=True, help="For symmetry: it always is JSON.")
def report5_command(file: Path | None, *, as_json: bool) -> None:  # noqa: ARG001
    """All five steps: what was written and what was measured, as one JSON object."""
    asked = _asked(file)
    click.echo(_json({"written": asked.steps.model_dump(mode="json"), "measured": asked.findings}))


def _json(found: object) -> str:
    return json.dumps(plain(found), ensure_ascii=False)


def _told(asked: Asked, words: Words) -> list[str]:
    zone = Clockface(asked.now, asked.findings.now.since.tzinfo, words)  # type: ignore[arg-type]
    paper = Paper(words, zone, asked.business.company.currency)
    economics = asked.findings.economics
    changes = shown_changes(asked.findings, asked.steps, paper)
    return [
        *(_tile(each) for each in tiles(economics, paper)), "",
        *(f"{each.name}: {each.refusal or f'{each.change}, {each.worth}'}" for each in changes), "",
        *(f"{each.name}: {each.text}" for each in tornado_lines(economics, paper)),
    ]  # fmt: skip


def _tile(tile: Tile) -> str:
    return f"{tile.name}: {tile.value} ({tile.note})"


def _asked(file: Path | None) -> Asked:
    settings = Settings()
    written = None if file is None else _read(file)

    async def ask(sessions: Sessions) -> Asked:
        business = await as_held(read_business(settings.config_dir), sessions)
        now = utc_now()
        async with unit_of_work(sessions) as session:
            steps = written or (await read_steps(session, NOBODY)).steps
            found = await read_findings(session, Reach(NOBODY), now, steps, business.company)
        return Asked(steps, found, business, now)

    return with_database(ask)


def _read(file: Path) -> FiveSteps:
    """Raises ClickException with the place of what is wrong."""
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return FiveSteps.model_validate(content)
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file.name} cannot be used: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}."
    return f"{str(error).splitlines()[0]}."


FIVE_STEPS: tuple[click.Command, ...] = (economics_command, report5_command)
