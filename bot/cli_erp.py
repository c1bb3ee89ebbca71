"""`python -m bot erp …`: import files into the embedded ERP, and look into it."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from bot.cli_database import with_database
from bot.erp_views import customer_text, diagnosis_text, order_text, progress_text, report_text
from bot.erps import Opened, open_each, open_erp
from config.business import read_business
from config.settings import Settings
from crm_core.db import Sessions, unit_of_work
from crm_core.erp.book import CustomerBook, keep_customers
from crm_core.erp.connectors.one_c import OneC
from crm_core.erp.connectors.opening import Surroundings, open_connector, page
from crm_core.erp.connectors.recording import Recorder, Wanted, ask_everything
from crm_core.erp.diagnosis import Tried, diagnosed, needed_rights
from crm_core.erp.importer import FileReport, import_files
from crm_core.erp.port import Erp
from crm_core.erp.query import AgentIdentity, OrderQuery
from crm_core.erp.sql import SqlErp
from crm_core.errors import SetupRequired

Answer = TypeVar("Answer")


@click.group("erp")
def erp() -> None:
    """The company's ERP: customers, orders, shipments, invoices and products."""


@erp.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def import_command(files: tuple[Path, ...], *, dry_run: bool) -> None:
    """Import CSV FILES (customers, products, orders, lines, shipments, invoices); see docs/erp/csv.md."""

    async def run(sessions: Sessions) -> list[FileReport]:
        async with unit_of_work(sessions) as session:
            return await import_files(session, files, dry_run=dry_run)

    reports = with_database(run)
    for report in reports:
        click.echo(report_text(report))
    if dry_run:
        click.echo("This was a dry run: nothing was written.")
    if any(report.refused for report in reports):
        sys.exit(1)


@erp.command("check")
@click.option("--order", help="The number of a real order, to read it whole.")
def check_command(order: str | None) -> None:
    """Try every question the bot asks, of each ERP, and say in words which right is missing."""

    async def run(sessions: Sessions) -> list[tuple[Opened, list[Tried]]]:
        settings = Settings()
        opened = open_each(settings, read_business(settings.config_dir), sessions)
        try:
            return [(one, await diagnosed(one.erp, needed_rights(one.kind), order)) for one in opened]
        finally:
            for one in opened:
                await one.erp.aclose()

    told = with_database(run)
    for one, tried in told:
        click.echo(diagnosis_text(f"{one.name} (docs/erp/{page(one.kind)})", tried))
    if any(one.remedy for _, tried in told for one in tried):
        sys.exit(1)


@erp.command("find")
@click.option("--email", help="An e-mail address, in any case.")
@click.option("--phone", help="A telephone number, however it is written.")
def find_command(email: str | None, phone: str | None) -> None:
    """Find customers by --email or --phone."""
    if (email is None) == (phone is None):
        raise click.UsageError("Give one of --email and --phone.")
    found = with_database(lambda sessions: _asking(sessions, lambda erp: erp.find_customers(email=email, phone=phone)))
    for customer in found:
        click.echo(customer_text(customer))
    if not found:
        raise click.ClickException("Nobody has this address or number.")


@erp.command("order")
@click.argument("number")
def order_command(number: str) -> None:
    """Show the order NUMBER (ours, or the customer's own)."""
    query = OrderQuery(number, AgentIdentity("terminal"))
    order = with_database(lambda sessions: _asking(sessions, lambda erp: erp.get_order(query)))
    if order is None:
        raise click.ClickException(f"There is no order {number}.")
    click.echo(order_text(order))


@erp.command("contacts")
@click.argument("name")
def contacts_command(name: str) -> None:
    """Copy the customers' addresses and numbers of the 1C called NAME, which cannot be searched by them."""

    async def run(sessions: Sessions) -> int:
        connector, _ = _connector(name, SqlErp(sessions), None)
        if not isinstance(connector, OneC):
            raise SetupRequired(f"The ERP {name} is searched directly: its contacts need no copy.")
        try:
            kept = 0
            async for customers in connector.contacts():
                async with unit_of_work(sessions) as session:
                    kept += await keep_customers(session, customers)
        finally:
            await connector.aclose()
        return kept

    click.echo(f"{with_database(run)} customers copied.")


@erp.command("record")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--email", "emails", multiple=True, help="Look a customer up by it; may be repeated.")
@click.option("--phone", "phones", multiple=True)
@click.option("--order", "orders", multiple=True)
@click.option("--sku", "skus", multiple=True)
def record_command(name: str, file: Path, **asked: tuple[str, ...]) -> None:
    """Ask the ERP called NAME, and write what it answered to FILE, without keys and tokens, to be played back in tests.

    The answers hold what the ERP knows of these customers: use a company with made-up ones.
    """

    async def run(sessions: Sessions) -> int:
        recorder = Recorder()
        connector, key = _connector(name, SqlErp(sessions), recorder)
        recorder.keep_out(key, *key.split(":"))
        try:
            await ask_everything(connector, Wanted(**asked))
        finally:
            await connector.aclose()
        return recorder.write(file)

    click.echo(f"{with_database(run)} questions and their answers are in {file}.")


def _connector(name: str, book: CustomerBook, transport: Recorder | None) -> tuple[Erp, str]:
    """The connector itself, without our policy, and its key."""
    settings = Settings()
    entries = {entry.name: entry for entry in read_business(settings.config_dir).erps.erps}
    if name not in entries:
        raise SetupRequired(f"erp.yml has no ERP called {name}; it has {', '.join(entries) or 'none'}.")
    key = settings.secret_named(entries[name].key_env)
    connector = open_connector(entries[name], key, Surroundings(book, lambda *_: None, transport))
    return connector, (key or b"").decode().strip()


@erp.command("extract")
@click.option("--full", is_flag=True, help="Read everything again, not only what changed.")
def extract_command(*, full: bool) -> None:
    """Read customers, articles and orders into the warehouse; stopped in the middle, it goes on from there."""
    from bot.extraction import extract_now, open_sources  # noqa: PLC0415 - keeps the other commands quick

    async def run(sessions: Sessions) -> tuple[str, ...]:
        settings = Settings()
        async with open_sources(settings, read_business(settings.config_dir), sessions) as sources:
            await extract_now(sessions, sources, lambda progress: click.echo(progress_text(progress)), full=full)
        return sources.unreadable

    for name in with_database(run):
        click.echo(f"{name} cannot be read whole: its connector has no such question (docs/erp/README.md).")


async def _asking(sessions: Sessions, ask: Callable[[Erp], Awaitable[Answer]]) -> Answer:
    settings = Settings()
    erp = open_erp(settings, read_business(settings.config_dir), sessions)
    try:
        return await ask(erp)
    finally:
        await erp.aclose()
