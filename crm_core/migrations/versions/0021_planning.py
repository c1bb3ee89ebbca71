"""planning."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    _roster()
    op.create_table(
        "known_arrivals",
        sa.Column("queue_key", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("queue_key", "on", name=op.f("pk_known_arrivals")),
    )
    op.create_table(
        "forecast_day",
        sa.Column("queue_key", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected", postgresql.JSONB(), nullable=False),
        sa.Column("naive", postgresql.JSONB(), nullable=False),
        sa.Column("came", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("queue_key", "on", name=op.f("pk_forecast_day")),
    )


def _roster() -> None:
    op.create_table(
        "roster_shift",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queues", postgresql.JSONB(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_roster_shift_order")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_roster_shift_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_shift")),
    )  # fmt: skip
    op.create_index(op.f("ix_roster_shift_is_published_starts_at"), "roster_shift", ["is_published", "starts_at"])
    op.create_index(op.f("ix_roster_shift_user_id_starts_at"), "roster_shift", ["user_id", "starts_at"])
    op.create_table(
        "roster_publication",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("monday", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("shifts", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_roster_publication_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_publication")),
    )
    op.create_index(op.f("ix_roster_publication_monday"), "roster_publication", ["monday"])


def downgrade() -> None:
    for table in ("forecast_day", "known_arrivals", "roster_publication", "roster_shift"):
        op.drop_table(table)
