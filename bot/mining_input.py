"""Where the mining commands take their data from: a CSV file, or the company's own database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cli_database import open_database
from config.settings import Settings
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.erp.csv_reading import Problem
from insight.arrivals import Day, read_days
from insight.mining.rows import ItemWeek, Sale
from insight.mining.sales import item_weeks, read_arrival_days, read_sales_extract
from insight.mining.sheets import Read, read_item_weeks, read_sales

Answer = TypeVar("Answer")
MOST_TOLD = 20


def sales(csv: Path | None, currency: str | None) -> list[Sale]:
    if csv is not None:
        return told(read_sales(csv, today()))
    return _asked(lambda session: read_sales_extract(session, currency))


def weeks(csv: Path | None, currency: str | None) -> list[ItemWeek]:
    """Weeks of items; from the database, whole weeks until yesterday."""
    if csv is not None:
        return told(read_item_weeks(csv))
    known = sales(None, currency)
    return item_weeks(known, last_day(known))


def arrival_days(csv: Path | None, zone: str) -> Sequence[Day]:
    return read_days(csv) if csv is not None else _asked(lambda session: read_arrival_days(session, zone, utc_now()))


def last_day(known: Sequence[Sale]) -> date:
    """Until when the sales are known."""
    return max((sale.on for sale in known), default=today())


def today() -> date:
    return utc_now().date()


def told(read: Read[Answer]) -> Answer:
    """The rows; what could not be used goes to the error output, line by line."""
    for problem in read.problems[:MOST_TOLD]:
        click.echo(str(problem), err=True)
    if len(read.problems) > MOST_TOLD:
        click.echo(_rest(read.problems), err=True)
    return read.rows


def _rest(problems: Sequence[Problem]) -> str:
    return f"… and {len(problems) - MOST_TOLD} more lines, the last one {problems[-1].line}."


def _asked(ask: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
    place: AbstractContextManager[str] = open_database(Settings())
    with place as url:
        return asyncio.run(_within(url, ask))


async def _within(url: str, ask: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
    engine = open_engine(url, pool_size=1)
    try:
        async with unit_of_work(open_sessions(engine)) as session:
            return await ask(session)
    finally:
        await engine.dispose()
