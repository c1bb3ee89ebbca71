"""`python -m bot agent …`: what an agent can, until the desk has a page for it."""

import asyncio

import click

from bot.services import database_url
from config.settings import Settings
from crm_core.abilities import Abilities, set_abilities, user_by_email
from crm_core.db import open_engine, open_sessions, unit_of_work
from crm_core.errors import SwitchboardError
from crm_core.routing_values import Load


@click.group("agent")
def agent() -> None:
    """Skills, languages and capacity of the people at the desk."""


@agent.command("set")
@click.argument("email")
@click.option("--skill", "skills", multiple=True, metavar="NAME=LEVEL", help="A skill of queues.yml, level 1 to 5.")
@click.option("--language", "languages", multiple=True, metavar="CODE=LEVEL", help="A language they serve in.")
@click.option("--capacity", default=5, show_default=True, help="Chats and letters at once.")
@click.option("--most", "limits", multiple=True, metavar="KIND=NUMBER", help="At most so many of call, chat or mail.")
def set_command(
    email: str, skills: tuple[str, ...], languages: tuple[str, ...], capacity: int, limits: tuple[str, ...]
) -> None:
    """Say what the agent with EMAIL can; what was said before is replaced."""
    most = {_kind(kind): number for kind, number in _pairs(limits).items()}
    abilities = Abilities(_pairs(skills), _pairs(languages), capacity, most)
    try:
        asyncio.run(_set(Settings(), email, abilities))
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Noted for {email}.")


def _pairs(given: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for pair in given:
        name, _, number = pair.partition("=")
        if not name or not number.isdigit():
            raise click.BadParameter(f"“{pair}”: write it like billing=3")
        found[name] = int(number)
    return found


def _kind(name: str) -> Load:
    if name not in set(Load):
        raise click.BadParameter(f"“{name}” is no kind of contact; there are call, chat and mail")
    return Load(name)


async def _set(settings: Settings, email: str, abilities: Abilities) -> None:
    engine = open_engine(database_url(settings), pool_size=1)
    try:
        async with unit_of_work(open_sessions(engine)) as session:
            await set_abilities(session, await user_by_email(session, email), abilities)
    finally:
        await engine.dispose()
