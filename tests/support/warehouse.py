"""Warehouses of tests: filled from the test's database, and compared row by row."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.routing_files import Calendar
from crm_core.hours import hours_of
from crm_core.reporting import Dimension, Period, Question
from insight.extract import Source, extract
from insight.simulated_events import Told
from insight.warehouse import Manifest, Warehouse
from insight.warehouse_tables import STORIES
from tests.support.reported import WITHIN_S
from tests.support.simulated_day import OPENS_AT, SimulatedDay, simulated_day

LATER = datetime(2027, 6, 1, tzinfo=UTC)  # after everything that is simulated
OFFICE = hours_of(Calendar.model_validate({
    "key": "office", "time_zone": "Europe/Madrid",
    "windows": [{"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "18:00"}],
}))  # fmt: skip


def source(url: str, batch: int = 1_000) -> Source:
    return Source(url, {"office": OFFICE}, batch)


def fill(url: str, folder: Path, *, batch: int = 1_000, full: bool = False, now: datetime = LATER) -> Manifest:
    return extract(source(url, batch), Warehouse(folder), now, lambda _: None, full=full)


def facts_in(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that is made of events, and of the rollups."""
    with Warehouse(folder).open() as connection:
        found = {name: connection.execute(f"select * from {name} order by all").fetchall() for name in STORIES}
        statement = "select * exclude (total, squares), round(total, 6), round(squares, 3) from rollup order by all"
        return {**found, "rollup": connection.execute(statement).fetchall()}


def words_in(folder: Path, word: str) -> set[str]:
    """Tables with a text in which the word stands; the files are compressed, so they are read as tables."""
    with Warehouse(folder).open() as connection:
        names = [
            name for (name,) in connection.execute("select view_name from duckdb_views() where not internal").fetchall()
        ]
        counted = {
            name: connection.execute(
                f"select count(*) from {name} as row where cast(row as varchar) ilike '%{word}%'"
            ).fetchall()
            for name in names
        }
    return {name for name, ((count,),) in counted.items() if count}


def later_day(number: int, contacts: int = 25) -> SimulatedDay:
    """The same centre on another day, other people."""
    day = simulated_day(number, contacts=contacts, first_id=1_000 * number)
    told = [Told(each.at + timedelta(days=number), each.event) for each in day.told]
    return SimulatedDay(day.segments, told)


def question(first: int = 0, days: int = 1, **only: str) -> Question:
    since = OPENS_AT.replace(hour=0) + timedelta(days=first)
    period = Period(since, since + timedelta(days=days))
    chosen = {Dimension(name): value for name, value in only.items()}
    return Question(period, period.earlier(period.length), LATER, "Europe/Madrid", chosen, WITHIN_S)
