"""Bring the database's tables to this version of the code; safe to run by several processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text

from crm_core import (  # noqa: F401 - registers the tables
    models,
    models_api,
    models_campaigns,
    models_contacts,
    models_desk,
    models_email,
    models_oversight,
    models_phone,
    models_planning,
    models_practice,
    models_reports,
    models_routing,
    models_sales,
    models_settings,
    models_sign_in,
    models_steps,
    models_value,
)
from crm_core.erp import star_tables, tables  # noqa: F401 - registers the tables
from crm_core.schema import Base

METADATA = Base.metadata
LOCK_KEY = 7_316_001  # any constant: two migrations at once would collide


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(url: str) -> None:
    """Upgrade to the newest revision in one transaction. Synchronous: run it in a thread or before the loop."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            command.upgrade(alembic_config(connection), "head")
    finally:
        engine.dispose()


def pending_revisions(url: str) -> list[str]:
    """Revisions that the code has and the database lacks; empty when they agree."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    script = ScriptDirectory.from_config(alembic_config())
    pending: list[str] = []
    for revision in script.walk_revisions():
        if revision.revision == current:
            break
        pending.append(revision.revision)
    return pending[::-1]
