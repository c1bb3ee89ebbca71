"""`python -m bot insight …`: fill the warehouse, ask it and learn. A new subcommand is a click command in COMMANDS."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import duckdb

from bot.cli_database import current_database, told_plainly, within
from bot.cli_economics import FIVE_STEPS
from bot.cli_mining import MINING
from bot.insight_questions import Days, answered, as_json, days_of, question_of, report_as_json
from bot.insight_views import answer_text, report_text
from bot.settings_follower import as_held
from config.business import read_business
from config.settings import Settings
from crm_core.db import utc_now
from crm_core.reporting import Dimension, Question
from desk.report_csv import RISKY
from desk.words import Words, read_catalogues
from insight.dimensions import calendars_of
from insight.export import Wanted, export
from insight.extract import Progress, Source, extract
from insight.history import read_history
from insight.warehouse import Manifest, Warehouse
from insight.warehouse_tables import TABLES, clickhouse_ddl

Command = Callable[..., None]
Asked = Any  # what click makes of an option
DAY = click.DateTime(["%Y-%m-%d"])
as_json_option = click.option("--json", "is_json", is_flag=True, help="One JSON object instead of text.")


def period_options(command: Command) -> Command:
    """`--from`, `--to`, one for each dimension, and the T of the service level."""
    for dimension in reversed(Dimension):
        command = click.option(f"--{dimension}", help=f"Only this {dimension}.")(command)
    within = click.option(
        "--within", "within_s", default=20.0, show_default=True, help="T of the service level, seconds."
    )
    last = click.option("--to", "last", type=DAY, help="Last day; yesterday unless told otherwise.")
    first = click.option("--from", "first", type=DAY, help="First day; four weeks unless told otherwise.")
    return first(last(within(command)))


@click.command("extract")
@click.option("--full", is_flag=True, help="Make everything anew, not only what is new.")
@as_json_option
def extract_command(*, full: bool, is_json: bool) -> None:
    """Bring the warehouse up to date with the database; stopped in the middle, it goes on from there."""
    with told_plainly():
        settings = Settings()
        from_files, began_at = read_business(settings.config_dir), utc_now()
        tell = (lambda _: None) if is_json else _told
        with current_database(settings) as url:
            business = asyncio.run(within(url, lambda sessions: as_held(from_files, sessions)))
            manifest = extract(
                Source(url, calendars_of(business)), Warehouse(settings.warehouse_dir), began_at, tell, full=full
            )
    took_s = (utc_now() - began_at).total_seconds()
    if is_json:
        click.echo(json.dumps({"extracted_at": manifest.extracted_at, "took_s": took_s, "files": _files(manifest)}))
    else:
        files = sum(_files(manifest).values())
        click.echo(f"The warehouse is as of {began_at:%Y-%m-%d %H:%M:%S} UTC: {files} files, {took_s:.1f} s.")


@click.command("kpi")
@period_options
@click.option("--exact", is_flag=True, help="Quantiles from every single fact.")
@as_json_option
def kpi_command(*, exact: bool, is_json: bool, **asked: Asked) -> None:
    """The figures of a period, with n, interval and the period before."""
    with told_plainly(), _opened(asked) as (warehouse, days, question):
        answer = answered(warehouse, days, question, exact=exact)
    click.echo(json.dumps(as_json(answer)) if is_json else answer_text(answer, _words()))


@click.command("report")
@period_options
@click.option(
    "--by", type=click.Choice([each.value for each in Dimension]), default=Dimension.QUEUE.value, show_default=True
)
@as_json_option
def report_command(*, by: str, is_json: bool, **asked: Asked) -> None:
    """The whole report of a period, exact: by queue, channel, language, intent or agent."""
    with told_plainly(), _opened(asked) as (warehouse, days, question):
        report = read_history(warehouse, question)
    if is_json:
        click.echo(json.dumps(report_as_json(report, days, question)))
    else:
        click.echo(report_text(report, (days, question), Dimension(by), _words()))


@click.command("export")
@click.argument("table", type=click.Choice(sorted(TABLES)))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "first", type=DAY, help="First day (UTC).")
@click.option("--to", "last", type=DAY, help="Last day (UTC).")
@as_json_option
def export_command(table: str, file: Path, first: datetime | None, last: datetime | None, *, is_json: bool) -> None:
    """Write a TABLE of the warehouse to FILE, by its ending as CSV or Parquet."""
    days = (first.date() if first else None, last.date() if last else None)
    with told_plainly(), Warehouse(Settings().warehouse_dir).open() as warehouse:
        rows = export(warehouse, Wanted(table, *days, RISKY), file)
    click.echo(json.dumps({"table": table, "file": str(file), "rows": rows}) if is_json else f"{rows} rows to {file}.")


@contextmanager
def _opened(asked: Mapping[str, Asked]) -> Iterator[tuple[duckdb.DuckDBPyConnection, Days, Question]]:
    """The warehouse and what is asked of it, by the company's clock and as of the last extraction."""
    settings = Settings()
    warehouse, zone = Warehouse(settings.warehouse_dir), ZoneInfo(read_business(settings.config_dir).company.time_zone)
    days = days_of(asked["first"], asked["last"], utc_now().astimezone(zone).date())
    only = {dimension: asked[dimension.value] for dimension in Dimension if asked[dimension.value]}
    with warehouse.open() as connection:
        as_of = warehouse.manifest().as_of or utc_now()
        yield connection, days, question_of(days, as_of, (zone, asked["within_s"]), only)


def _told(progress: Progress) -> None:
    click.echo(f"  {progress.done:,} of {progress.of:,} conversations")


def _files(manifest: Manifest) -> dict[str, int]:
    return {name: len(manifest.files(name)) for name in manifest.tables}


def _words() -> Words:
    return read_catalogues()["en"]


@click.command("ddl")
def ddl_command() -> None:
    """Print the tables as ClickHouse makes them."""
    click.echo(";\n\n".join(clickhouse_ddl(name) for name in TABLES) + ";")


COMMANDS: tuple[click.Command, ...] = (
    extract_command, kpi_command, report_command, export_command, ddl_command, *MINING, *FIVE_STEPS,
)  # fmt: skip


@click.group("insight")
def insight() -> None:
    """The warehouse: fill it, ask it, take files out of it; and what the past teaches."""


for command in COMMANDS:
    insight.add_command(command)
