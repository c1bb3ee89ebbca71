"""routing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "routing_rule",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("from_file", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("edited", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("kind in ('queue', 'calendar', 'policy')", name=op.f("ck_routing_rule_kind")),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_routing_rule")),
    )
    op.create_table(
        "agent_skill",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("kind in ('skill', 'language')", name=op.f("ck_agent_skill_kind")),
        sa.CheckConstraint("level between 1 and 5", name=op.f("ck_agent_skill_level")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_agent_skill_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "name", name=op.f("pk_agent_skill")),
    )
    op.create_table(
        "sla_clock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("queue_key", sa.Text(), nullable=False),
        sa.Column("target_s", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spent_s", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_sla_clock_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_clock")),
    )
    op.create_index("ix_sla_clock_conversation_id", "sla_clock", ["conversation_id"], unique=False)
    op.create_index(
        "uq_sla_clock_running",
        "sla_clock",
        ["conversation_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.add_column(
        "app_user",
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("app_user", sa.Column("idle_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("route_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("callback_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("offer", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("conversation", sa.Column("estimate", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column(
        "conversation",
        sa.Column("passed_by", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("conversation", "passed_by")
    op.drop_column("conversation", "estimate")
    op.drop_column("conversation", "offer")
    op.drop_column("conversation", "callback_at")
    op.drop_column("conversation", "route_by")
    op.drop_column("conversation", "due_at")
    op.drop_column("app_user", "idle_since")
    op.drop_column("app_user", "limits")
    op.drop_index("uq_sla_clock_running", table_name="sla_clock", postgresql_where=sa.text("ended_at is null"))
    op.drop_index("ix_sla_clock_conversation_id", table_name="sla_clock")
    op.drop_table("sla_clock")
    op.drop_table("agent_skill")
    op.drop_table("routing_rule")
