"""Databases for tests: one embedded server a session, one migrated template, cleaned between tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from crm_core.embedded import EmbeddedPostgres
from crm_core.migrate import migrate

FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@contextmanager
def running_postgres(directory: Path, *, fast: bool = True) -> Iterator[EmbeddedPostgres]:
    """A server of its own; `fast` gives up durability, which the loss checks must not."""
    server = EmbeddedPostgres(directory / "postgres")
    if fast:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for setting in FAST:
                connection.execute(f"alter system set {setting}")
            connection.execute("select pg_reload_conf()")
    try:
        yield server
    finally:
        server.stop()


def migrated_database(server: EmbeddedPostgres, name: str) -> str:
    """The URL of a new database at the newest revision; migrations run once a server, the rest are copies."""
    if server.create_database("migrated"):
        migrate(server.url("migrated"))
    server.create_database(name, template="migrated")
    return server.url(name)


# Deleting what is there costs a millisecond; truncating every table makes new files for each of them.
_EMPTY = """
do $$
declare
    name text;
    has_rows boolean;
begin
    set local session_replication_role = replica;
    for name in
        select quote_ident(tablename) from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'
    loop
        execute format('select exists (select from %s)', name) into has_rows;
        if has_rows then
            execute format('delete from %s', name);
        end if;
    end loop;
end $$
"""


def empty(url: str) -> None:
    """Delete every row of every table; sequences go on. Foreign keys are not asked: nothing is left to refer to."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_EMPTY)
