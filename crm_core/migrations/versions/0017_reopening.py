"""reopening and leaving."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("inbox", sa.Column("reopens_within_days", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("inbox", sa.Column("leaves_after_s", sa.Integer(), nullable=True))
    op.add_column("conversation", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    for column, table in (("last_agent_id", "app_user"), ("follows_id", "conversation")):
        op.add_column("conversation", sa.Column(column, sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f(f"fk_conversation_{column}"), "conversation", table, [column], ["id"])
    empty = sa.text("'[]'")
    op.add_column("held_reply", sa.Column("files", postgresql.JSONB(), server_default=empty, nullable=False))
    op.add_column("held_reply", sa.Column("closes_as", sa.Text(), nullable=True))
    op.create_table(
        "visitor_presence",
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_visitor_presence_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_visitor_presence")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("visitor_presence")
    for column in ("closes_as", "files"):
        op.drop_column("held_reply", column)
    for column in ("follows_id", "last_agent_id", "left_at"):
        op.drop_column("conversation", column)
    for column in ("leaves_after_s", "reopens_within_days"):
        op.drop_column("inbox", column)
