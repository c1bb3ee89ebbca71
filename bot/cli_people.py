"""`python -m bot people …`: when nobody who could help can log in."""

import asyncio

import click

from bot.services import database_url
from config.settings import Settings
from crm_core.abilities import user_by_email
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.errors import SwitchboardError
from crm_core.sign_in_rules import reset_factor


@click.group("people")
def people() -> None:
    """The accounts of those who log in to the desk."""


@people.command("reset-second-factor")
@click.argument("email")
def reset_command(email: str) -> None:
    """Let EMAIL log in by password alone: for an administrator who lost the app and the recovery codes."""
    try:
        asyncio.run(_reset(Settings(), email))
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} is logged out everywhere and logs in by password; the second factor must be set up anew.")


async def _reset(settings: Settings, email: str) -> None:
    engine = open_engine(database_url(settings), pool_size=1)
    try:
        async with unit_of_work(open_sessions(engine)) as session:
            await reset_factor(session, utc_now(), None, await user_by_email(session, email))
    finally:
        await engine.dispose()
