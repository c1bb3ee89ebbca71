"""settings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "setting_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("changed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_setting_version_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting_version")),
    )
    op.create_index("ix_setting_version_document", "setting_version", ["document", "id"])
    op.create_table(
        "setup_step",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_setup_step_user_id")),
        sa.PrimaryKeyConstraint("step", name=op.f("pk_setup_step")),
    )
    # the whole documents have versions now; what holds is written here by every start and every edit
    op.drop_column("routing_rule", "edited")
    op.execute("delete from routing_rule where from_file is null")
    op.alter_column("routing_rule", "from_file", new_column_name="content", nullable=False)


def downgrade() -> None:
    op.alter_column("routing_rule", "content", new_column_name="from_file", nullable=True)
    op.add_column("routing_rule", sa.Column("edited", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.drop_table("setup_step")
    op.drop_table("setting_version")
