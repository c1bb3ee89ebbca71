"""`python -m bot consents …`: take over what people agreed to elsewhere."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from bot.services import database_url
from config.business import read_business
from config.settings import Settings
from crm_core.consent_import import BadLine, Person, import_person, read_people
from crm_core.db import Sessions, open_engine, open_sessions, unit_of_work, utc_now
from crm_core.errors import SwitchboardError

BATCH = 200


@click.group("consents")
def consents() -> None:
    """Who agreed to news and offers."""


@consents.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(path: Path) -> None:
    """Read PATH, a CSV with the columns email or phone, agreed_on, and perhaps name, language, customer_ref.

    Who took a consent back stays so. Again with the same file changes nothing.
    """
    settings = Settings()
    country = read_business(settings.config_dir).company.country
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            found = list(read_people(lines, country, utc_now().date()))
        new = asyncio.run(_import(settings, [each for each in found if isinstance(each, Person)]))
    except UnicodeDecodeError as error:
        raise click.ClickException("Save the file as UTF-8.") from error
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from error
    wrong = [each for each in found if isinstance(each, BadLine)]
    for line in wrong:
        click.echo(f"line {line.number}: {line.problem}", err=True)
    click.echo(f"{new} new consents, {len(found) - len(wrong) - new} known or withdrawn, {len(wrong)} lines left out.")
    if wrong:
        raise SystemExit(1)


async def _import(settings: Settings, people: Sequence[Person]) -> int:
    engine = open_engine(database_url(settings), pool_size=1)
    sessions = open_sessions(engine)
    try:
        batches = (people[start : start + BATCH] for start in range(0, len(people), BATCH))
        return sum([await _import_batch(sessions, batch) for batch in batches])
    finally:
        await engine.dispose()


async def _import_batch(sessions: Sessions, people: Sequence[Person]) -> int:
    async with unit_of_work(sessions) as session:
        return sum([await import_person(session, utc_now(), person) for person in people])
