"""What was learnt from the sales, for the page of customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "learnt_finding",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_learnt_finding")),
    )
    op.add_column("customer_value_run", sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
    # an extract that was learnt from before has taught nothing of this
    op.execute("delete from customer_value_run")


def downgrade() -> None:
    op.drop_column("customer_value_run", "done_at")
    op.drop_table("learnt_finding")
