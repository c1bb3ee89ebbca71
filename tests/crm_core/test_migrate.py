"""Migrations make the tables that the code expects, once, whoever runs them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url

from crm_core.embedded import EmbeddedPostgres
from crm_core.migrate import METADATA, alembic_config, migrate, pending_revisions


@pytest.fixture
def fresh_url(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    name = f"fresh_{abs(hash(request.node.name))}"
    postgres.create_database(name)
    return postgres.url(name)


def test_the_newest_revision_has_the_tables_of_the_models(shared_database: str) -> None:
    engine = create_engine(make_url(shared_database).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert differences == []


@pytest.mark.slow
def test_many_processes_may_migrate_at_once(fresh_url: str) -> None:
    assert pending_revisions(fresh_url)[0] == "0001"
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [fresh_url] * 4))
    assert pending_revisions(fresh_url) == []


@pytest.mark.slow
def test_every_revision_can_be_taken_back(fresh_url: str) -> None:
    migrate(fresh_url)
    engine = create_engine(make_url(fresh_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    engine.dispose()
    assert pending_revisions(fresh_url)[0] == "0001"
    migrate(fresh_url)
    assert pending_revisions(fresh_url) == []
