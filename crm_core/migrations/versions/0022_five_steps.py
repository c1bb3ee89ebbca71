"""five steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "five_steps_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_five_steps_version_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_five_steps_version")),
    )
    op.create_table(
        "report_subscription",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_report_subscription_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_report_subscription")),
    )
    op.create_table(
        "report_letter",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_report_letter_user_id")),
        sa.PrimaryKeyConstraint("user_id", "week", name=op.f("pk_report_letter")),
    )


def downgrade() -> None:
    op.drop_table("report_letter")
    op.drop_table("report_subscription")
    op.drop_table("five_steps_version")
