"""warehouse."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0011"

# set after the column was added, so that no row of a large table is rewritten: those before it have none
TRANSACTION = "cast(cast(pg_current_xact_id() as text) as bigint)"


def upgrade() -> None:
    op.add_column("event", sa.Column("transaction_id", sa.BigInteger(), nullable=True))
    op.alter_column("event", "transaction_id", server_default=sa.text(TRANSACTION))
    op.create_index("ix_event_transaction_id", "event", ["transaction_id"])


def downgrade() -> None:
    op.drop_index("ix_event_transaction_id", table_name="event")
    op.drop_column("event", "transaction_id")
