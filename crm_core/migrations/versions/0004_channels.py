"""channels."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("address", sa.Column("unreachable_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("address", sa.Column("unreachable_why", sa.Text(), nullable=True))
    op.add_column("conversation", sa.Column("address_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_conversation_address_id"), "conversation", "address", ["address_id"], ["id"], ondelete="SET NULL"
    )
    op.execute(
        "update conversation c set address_id = (select min(a.id) from address a where a.contact_id = c.contact_id)"
    )


def downgrade() -> None:
    op.drop_column("conversation", "address_id")
    op.drop_column("address", "unreachable_why")
    op.drop_column("address", "unreachable_at")
