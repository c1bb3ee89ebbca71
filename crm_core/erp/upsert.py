"""Insert rows, or bring those up to date that are there already."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.schema import Base

ROWS_A_STATEMENT = 500  # PostgreSQL takes 65,535 parameters a statement

Row = Mapping[str, object]


async def upsert(session: AsyncSession, model: type[Base], rows: Sequence[Row]) -> None:
    """All rows have the same columns; columns they lack keep their value. Keys must not repeat."""
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        await _upsert_some(session, table_of(model), rows[start : start + ROWS_A_STATEMENT])


def table_of(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


async def _upsert_some(session: AsyncSession, table: Table, rows: Sequence[Row]) -> None:
    statement = insert(table).values([dict(row) for row in rows])
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if changes:
        await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes))
    else:
        await session.execute(statement.on_conflict_do_nothing())
