"""What commands that need the database share: it is opened, and what a person can mend is told in one sentence."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from crm_core.db import Sessions, open_engine, open_sessions
from crm_core.embedded import EmbeddedPostgres
from crm_core.errors import SetupRequired, SwitchboardError
from crm_core.migrate import pending_revisions

Answer = TypeVar("Answer")


@contextmanager
def told_plainly() -> Iterator[None]:
    """What a person can mend is told in one sentence, without a traceback."""
    try:
        yield
    except SwitchboardError as error:
        raise click.ClickException(str(error)) from error
    except SQLAlchemyError as error:
        raise click.ClickException(f"The database does not answer as it should: {type(error).__name__}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "SWITCHBOARD_" + "__".join(str(part) for part in first["loc"]).upper()
        raise click.ClickException(f"The environment variable {name} is wrong: {first['msg']}.") from error


@contextmanager
def current_database(settings: Settings) -> Iterator[str]:
    """The URL of a database whose tables are up to date. Raises SetupRequired when they are not."""
    with open_database(settings) as url:
        if pending_revisions(url):
            raise SetupRequired("The tables are not up to date: run `python -m bot migrate` first.")
        yield url


def with_database(work: Callable[[Sessions], Awaitable[Answer]]) -> Answer:
    with told_plainly(), current_database(Settings()) as url:
        return asyncio.run(within(url, work))


async def within(url: str, work: Callable[[Sessions], Awaitable[Answer]]) -> Answer:
    engine = open_engine(url, pool_size=1)
    try:
        return await work(open_sessions(engine))
    finally:
        await engine.dispose()


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """The configured database, else our own; one that we had to start is stopped again."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    directory = settings.var_dir / "postgres"
    was_running = (directory / "postmaster.pid").exists()
    postgres = EmbeddedPostgres(directory)
    postgres.ensure_running()
    postgres.create_database()
    try:
        yield postgres.url()
    finally:
        if not was_running:
            postgres.stop()
