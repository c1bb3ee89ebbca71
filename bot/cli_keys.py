"""`python -m bot key …`: the API's keys from the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import database_url
from config.settings import Settings
from crm_core.api_keys import ListedKey, NewKey, create_key, list_keys, revoke_key
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.errors import SwitchboardError
from crm_core.states import Scope

Result = TypeVar("Result")


@click.group("key")
def key() -> None:
    """Keys with which programs use the API."""


@key.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do.",
)
@click.option("--team", "teams", multiple=True, help="Only for conversations of this team; without one, for all.")
@click.option("--days", type=click.IntRange(min=1), help="Valid for so long; without it, until it is revoked.")
def create_command(name: str, scopes: tuple[str, ...], teams: tuple[str, ...], days: int | None) -> None:
    """Make a key for the program NAME and show it, this once."""
    new = NewKey(name, frozenset(Scope(scope) for scope in scopes), teams or None, days)
    key_id, made = _done(lambda session: create_key(session, utc_now(), None, new))
    click.echo(f"Key {key_id} for {name}. Keep it now, it is not shown again:\n{made}")


@key.command("list")
def list_command() -> None:
    """Show which keys there are, without the keys."""
    for one in _done(lambda session: list_keys(session, None)):
        click.echo(_line(one))


@key.command("revoke")
@click.argument("key_id", type=int)
def revoke_command(key_id: int) -> None:
    """From this moment the key with the number KEY_ID opens nothing."""
    _done(lambda session: revoke_key(session, utc_now(), None, key_id))
    click.echo("Revoked.")


def _line(one: ListedKey) -> str:
    end = f"until {one.expires_at:%Y-%m-%d}" if one.expires_at else "without end"
    state = "revoked" if one.revoked_at else end
    teams = "all teams" if one.teams is None else ", ".join(one.teams)
    return f"{one.id:<5}{one.hint}…  {one.name:<24}{state:<18}{teams:<18}{' '.join(one.scopes)}"


def _done(deed: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    try:
        return asyncio.run(_in_transaction(deed))
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from error
    except SQLAlchemyError as error:
        raise click.ClickException("The database is not ready: run `python -m bot migrate` first.") from error


async def _in_transaction(deed: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    engine = open_engine(database_url(Settings()), pool_size=1)
    try:
        async with unit_of_work(open_sessions(engine)) as session:
            return await deed(session)
    finally:
        await engine.dispose()
