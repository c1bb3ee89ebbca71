"""corrections."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "nlu_correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("intent_was", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("corrected_by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('open', 'accepted', 'dismissed')", name=op.f("ck_nlu_correction_state")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_nlu_correction_conversation_id")
        ),
        sa.ForeignKeyConstraint(["corrected_by"], ["app_user.id"], name=op.f("fk_nlu_correction_corrected_by")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_nlu_correction_message_id")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["app_user.id"], name=op.f("fk_nlu_correction_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nlu_correction")),
        sa.UniqueConstraint("message_id", name=op.f("uq_nlu_correction_message_id")),
    )
    op.create_index(op.f("ix_nlu_correction_conversation_id"), "nlu_correction", ["conversation_id"], unique=False)
    op.create_index(
        "ix_nlu_correction_open", "nlu_correction", ["id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )


def downgrade() -> None:
    op.drop_table("nlu_correction")
