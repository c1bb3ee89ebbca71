"""The command line: `python -m bot …`."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from bot.cli_agents import agent
from bot.cli_channel import channel
from bot.cli_consents import consents
from bot.cli_erp import erp
from bot.cli_insight import insight
from bot.cli_keys import key
from bot.cli_nlu import nlu
from bot.cli_people import people
from bot.cli_simulate import simulate
from config.documents import DocumentError
from config.logging import set_up_logging
from config.settings import Settings
from crm_core.errors import SwitchboardError

Parameters = ParamSpec("Parameters")


def _told_plainly(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """What a person can mend is told in one sentence, without a traceback."""

    @wraps(command)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (DocumentError, SwitchboardError) as error:
            raise click.ClickException(str(error)) from error
        except SQLAlchemyError as error:
            raise click.ClickException(f"The database does not answer as it should: {type(error).__name__}.") from error

    return wrapped


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "SWITCHBOARD_" + "__".join(str(part) for part in first["loc"]).upper()
        raise click.ClickException(f"The environment variable {name} is wrong: {first['msg']}.") from error
    set_up_logging(settings.log)
    return settings


def _run(main: Coroutine[Any, Any, None]) -> None:
    import uvloop  # noqa: PLC0415 - only where a loop runs

    uvloop.run(main)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Switchboard: a contact centre of your own."""


main.add_command(agent)
main.add_command(channel)
main.add_command(consents)
main.add_command(erp)
main.add_command(insight)
main.add_command(key)
main.add_command(nlu)
main.add_command(people)
main.add_command(simulate)


@main.command()
@click.option("--demo", is_flag=True, help="Load the sample company and demo agents with generated passwords.")
@_told_plainly
def run(*, demo: bool) -> None:
    """Set everything up and open the contact centre: database, web server and worker."""
    from bot.first_run import run_all  # noqa: PLC0415 - keeps the other commands quick

    os.environ.setdefault("SWITCHBOARD_LOG__LEVEL", "WARNING")  # a person reads this screen
    run_all(_settings(), demo=demo)


@main.command()
@_told_plainly
def serve() -> None:
    """The web server alone: chat, desk and webhooks."""
    from bot.serve import serve as start  # noqa: PLC0415

    _run(start(_settings()))


@main.command()
@_told_plainly
def worker() -> None:
    """A worker alone: what must happen later, and what a dead server left."""
    from bot.process import yield_processors  # noqa: PLC0415
    from bot.serve import work  # noqa: PLC0415

    yield_processors()
    _run(work(_settings()))


@main.command()
@_told_plainly
def migrate() -> None:
    """Bring the database's tables to this version."""
    from bot.services import database_url  # noqa: PLC0415
    from crm_core.migrate import migrate as upgrade  # noqa: PLC0415
    from crm_core.migrate import pending_revisions  # noqa: PLC0415

    url = database_url(_settings())
    pending = pending_revisions(url)
    upgrade(url)
    click.echo(f"Applied {', '.join(pending)}." if pending else "The database was up to date.")


@main.command("setup-link")
@_told_plainly
def setup_link() -> None:
    """Print a link to make the first administrator: it works once, for a day, and ends the one before."""
    from bot.first_run import new_setup_link  # noqa: PLC0415

    click.echo(asyncio.run(new_setup_link(_settings())))


@main.command()
@click.option("--engine", type=click.Choice(["native", "rasa"]), default="native", show_default=True)
@click.option("--epochs", default=100, show_default=True, help="How often Rasa goes through the examples.")
@_told_plainly
def train(engine: str, epochs: int) -> None:
    """Train the NLU from config/nlu and make the new model the current one."""
    from bot.nlu_training import train_with_progress  # noqa: PLC0415
    from bot.rasa_training import train_rasa  # noqa: PLC0415

    if engine == "rasa":
        click.echo(f"The Rasa model is {train_rasa(_settings(), epochs=epochs)}. Serve it with: make rasa-serve")
        return
    directory = train_with_progress(_settings())
    click.echo(f"The current model is {directory.name}.")


@main.command("rasa-project", hidden=True)
@_told_plainly
def rasa_project_command() -> None:
    """Write var/rasa for a Rasa that trains elsewhere: in a container."""
    from bot.rasa_training import written_project  # noqa: PLC0415

    click.echo(f"Written to {written_project(_settings()).directory}.")


@main.command("rasa-serve")
@_told_plainly
def rasa_serve() -> None:
    """Start the Rasa server on its newest model, where the settings look for it."""
    from bot.rasa_training import become_rasa_server  # noqa: PLC0415

    become_rasa_server(_settings())


@main.command("train-here", hidden=True)
def train_here_command() -> None:
    """The part of `train` that runs in a process of its own."""
    from bot.nlu_training import train_here  # noqa: PLC0415

    click.echo(json.dumps(train_here(_settings())))


@main.command()
@click.argument("text")
@click.option("--language", default=None, help="The language of the conversation so far.")
@_told_plainly
def parse(text: str, language: str | None) -> None:
    """Show what the NLU understands of TEXT."""
    from bot.services import chosen_engine, open_nlu, open_rasa  # noqa: PLC0415
    from config.business import read_business  # noqa: PLC0415

    settings = _settings()
    languages = read_business(settings.config_dir).company.languages
    result = chosen_engine(settings, open_nlu(settings), open_rasa(settings)).parse(
        text, languages=languages, hint=language
    )
    if result.fell_back:
        click.echo("Rasa did not answer: this is what our own engine makes of it.")
    click.echo(f"language  {result.language}\nzone      {result.zone}\nmodel     {result.model_id}")
    for name, confidence in result.intents:
        click.echo(f"intent    {name:<24}{confidence:.3f}")
    for entity in result.entities:
        click.echo(f"entity    {entity.kind:<24}{entity.value}   “{entity.raw}”")


@main.command()
@_told_plainly
def retention() -> None:
    """Say what the coming night would take away because it was kept long enough. Nothing is changed."""
    from bot.retention import tell_expired  # noqa: PLC0415

    _run(tell_expired(_settings(), click.echo))


@main.command()
@click.option("--language", default=None, help="Start in this language (en, ru, es).")
@_told_plainly
def chat(language: str | None) -> None:
    """Talk to the bot in the terminal: the same conversation as on the web."""
    from bot.terminal import chat_in_terminal  # noqa: PLC0415

    _run(chat_in_terminal(_settings(), language))


@main.command()
@_told_plainly
def check() -> None:
    """Look at configuration, database, ERP, NLU model and channels, and say what to mend."""
    from bot.check import check_all  # noqa: PLC0415

    failures = asyncio.run(check_all(_settings(), click.echo))
    if failures:
        click.echo(f"\n{failures} to mend.")
        sys.exit(1)
    click.echo("\nAll is well.")


@main.group()
def audit() -> None:
    """The audit trail: who did or read what."""


@audit.command("verify")
@click.option("--noted", help="A line that this command printed earlier, as number:hash.")
@_told_plainly
def verify_command(noted: str | None) -> None:
    """Recompute the chain of hashes, and name the first row that was tampered with."""
    from bot.audit import verdict_text, verify  # noqa: PLC0415

    verdict, still = asyncio.run(verify(_settings(), noted))
    click.echo(verdict_text(verdict, still=still))
    if verdict.broken is not None or not still:
        sys.exit(1)


@main.group()
def contact() -> None:
    """Export or erase what is stored about a customer."""


@contact.command("export")
@click.argument("address")
@click.argument("file", type=click.Path(path_type=Path))
@_told_plainly
def export_command(address: str, file: Path) -> None:
    """Write everything about the contact with ADDRESS (mailto:…, tel:+…, web:…) to FILE as JSON."""
    from bot.privacy import export_to  # noqa: PLC0415

    asyncio.run(export_to(_settings(), address, file))
    click.echo(f"Written to {file}.")


@contact.command("erase")
@click.argument("address")
@click.confirmation_option(prompt="This cannot be undone. Erase the contact?")
@_told_plainly
def erase_command(address: str) -> None:
    """Erase the person behind ADDRESS; figures stay, without a trace of who it was."""
    from bot.privacy import erase  # noqa: PLC0415

    asyncio.run(erase(_settings(), address))
    click.echo("Erased.")
