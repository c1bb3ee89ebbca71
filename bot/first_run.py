"""`python -m bot run`: set up what is missing, say where everything is, and keep it running."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from bot.demo import DemoAgent, ensure_demo
from bot.nlu_training import train_with_progress
from bot.secret import server_key
from bot.services import database_url, embedded_postgres
from bot.supervise import supervise
from config.business import read_business
from config.settings import Settings
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.embedded import EmbeddedPostgres, may_run_here
from crm_core.errors import Conflict, SetupRequired
from crm_core.migrate import migrate, pending_revisions
from crm_core.staff import SETUP_LINK_VALID, LinkPurpose, first_admin_needed, issue_link

TALKATIVE_AFTER_S = 1.0
LISTEN_PATIENCE_S = 20.0


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Say what is being done, and how long it took when that was over a second."""
    click.echo(f"  {doing} …", nl=False)
    started = time.monotonic()
    yield
    took_s = time.monotonic() - started
    click.echo(f" done ({took_s:.0f} s)" if took_s > TALKATIVE_AFTER_S else " done")


def _claim_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SetupRequired(
                f"Port {settings.port} on {settings.host} is taken: stop what listens there, "
                "or choose another with SWITCHBOARD_PORT."
            ) from error


def run_all(settings: Settings, *, demo: bool) -> None:
    """Returns when Ctrl+C has ended everything. Raises SetupRequired with what to do when it cannot start."""
    reason = may_run_here() if settings.database_url is None else None
    if reason is not None:
        raise SetupRequired(reason)
    _claim_port(settings)
    business = read_business(settings.config_dir)
    click.echo(f"Switchboard for {business.company.name}")
    with step("Starting PostgreSQL"):
        postgres = embedded_postgres(settings)
    try:
        url = database_url(settings)
        if pending_revisions(url):
            with step("Making the tables"):
                migrate(url)
        train_with_progress(settings)
        server_key(settings)
        agents, link = asyncio.run(_prepare(settings, url, demo=demo))
        asyncio.run(_open(settings, agents, link, postgres))
    finally:
        if postgres is not None:
            postgres.stop()
    click.echo("Stopped. Nothing is lost; `make run` goes on where it was.")


async def _prepare(settings: Settings, url: str, *, demo: bool) -> tuple[list[DemoAgent], str | None]:
    engine = open_engine(url, pool_size=2)
    try:
        sessions = open_sessions(engine)
        agents = await ensure_demo(settings, sessions) if demo else []
        async with unit_of_work(sessions) as session:
            if not await first_admin_needed(session):
                return agents, None
            return agents, await issue_link(session, utc_now(), LinkPurpose.SETUP, valid_for=SETUP_LINK_VALID)
    finally:
        await engine.dispose()


async def new_setup_link(settings: Settings) -> str:
    """For processes that were started one by one. Raises Conflict when there is an administrator already."""
    _, token = await _prepare(settings, await asyncio.to_thread(database_url, settings), demo=False)
    if token is None:
        raise Conflict("There is an administrator already.")
    return f"{settings.base_url}/desk/setup/{token}"


async def _open(
    settings: Settings, agents: list[DemoAgent], link: str | None, postgres: EmbeddedPostgres | None
) -> None:
    running = asyncio.create_task(supervise(["serve", "worker"], postgres))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_until_listening(settings), LISTEN_PATIENCE_S)
    _tell(settings, agents, link)
    await running


async def _until_listening(settings: Settings) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


def _tell(settings: Settings, agents: list[DemoAgent], link: str | None) -> None:
    base = settings.base_url
    click.echo(f"\n  Chat page   {base}/\n  Desk        {base}/desk")
    if link is not None:
        click.echo(f"  First admin {base}/desk/setup/{link}\n              (works once, for a day)")
    if agents:
        click.echo("\n  Demo: the sample company is loaded, and these agents can log in at the desk:")
        for agent in agents:
            click.echo(f"    {agent.email:<28}{agent.password}   {agent.role}")
        click.echo("  Leave them out with `python -m bot run` (without --demo).")
    click.echo("\n  Try: “Where is my order 100234?” (e-mail maria.lopez@example.com)" if agents else "")
    click.echo("  Stop with Ctrl+C.\n")
