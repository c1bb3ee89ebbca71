"""Rows that many tests begin with: made once by the code that makes such rows, then copied into each test's database.

Ids are the same each time. The sequences of the database they are copied into must begin beyond them: `begin_beyond`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Identifier, Literal

# a row copied now is written by the transaction that copies it
_COLUMNS = """
select c.table_name, array_agg(c.column_name::text order by c.ordinal_position)
from information_schema.columns c join pg_tables t on t.tablename = c.table_name and t.schemaname = c.table_schema
where c.table_schema = 'public' and c.table_name <> 'alembic_version' and c.is_generated = 'NEVER'
  and c.column_name <> 'transaction_id'
group by 1
"""
_SEQUENCES = "select sequencename from pg_sequences where schemaname = 'public'"


@dataclass(frozen=True, slots=True)
class Rows:
    """Of one table, as PostgreSQL copies them."""

    columns: tuple[str, ...]
    copied: bytes


KeptRows = Mapping[str, Rows]


def keep(url: str) -> KeptRows:
    """Everything that stands in a database."""
    kept = {}
    with psycopg.connect(url) as connection:
        for table, columns in connection.execute(_COLUMNS).fetchall():
            statement = SQL("copy {} ({}) to stdout").format(Identifier(table), _listed(columns))
            with connection.cursor().copy(statement) as copy:
                copied = b"".join(bytes(part) for part in copy)
            if copied:
                kept[table] = Rows(tuple(columns), copied)
    return kept


def put(url: str, kept: KeptRows) -> None:
    """Foreign keys are not asked: what is copied refers to itself, or to what was copied before."""
    with psycopg.connect(url) as connection:
        connection.execute("set local session_replication_role = replica")
        for table, rows in kept.items():
            statement = SQL("copy {} ({}) from stdin").format(Identifier(table), _listed(rows.columns))
            with connection.cursor().copy(statement) as copy:
                copy.write(rows.copied)


def begin_beyond(url: str, number: int) -> None:
    """What a test adds never takes the id of a kept row."""
    with psycopg.connect(url) as connection:
        for (name,) in connection.execute(_SEQUENCES).fetchall():
            connection.execute(SQL("select setval({}, {})").format(Literal(f'"{name}"'), Literal(number)))


def _listed(columns: tuple[str, ...] | list[str]) -> SQL:
    return SQL(", ").join(Identifier(column) for column in columns)  # type: ignore[return-value]
