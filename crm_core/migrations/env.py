"""Alembic's entry: runs on the connection that `crm_core.migrate` hands over."""

from alembic import context

from crm_core.migrate import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, compare_server_default=False)
with context.begin_transaction():
    context.run_migrations()
