"""desk agent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("conversation", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "held_reply",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_held_reply_conversation_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["app_user.id"], name=op.f("fk_held_reply_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_reply")),
    )
    op.create_index(op.f("ix_held_reply_conversation_id"), "held_reply", ["conversation_id"])
    op.drop_constraint(op.f("ck_message_visibility"), "message", type_="check")
    op.create_check_constraint(
        op.f("ck_message_visibility"), "message", "visibility in ('public', 'internal', 'whisper')"
    )


def downgrade() -> None:
    op.execute("delete from message where visibility = 'whisper'")  # as a note the whole team would read it
    op.drop_constraint(op.f("ck_message_visibility"), "message", type_="check")
    op.create_check_constraint(op.f("ck_message_visibility"), "message", "visibility in ('public', 'internal')")
    op.drop_table("held_reply")
    op.drop_column("conversation", "escalated_at")
    op.drop_column("conversation", "snoozed_until")
