"""practice."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0018"

STATES = "state in ('offered', 'active', 'finished', 'left')"


def upgrade() -> None:
    op.create_table(
        "practice_lesson",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("script", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_practice_lesson_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_lesson")),
    )
    op.create_table(
        "practice_assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("lesson", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("assigned_by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(user_id is null) <> (team is null)", name=op.f("ck_practice_assignment_whose")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_practice_assignment_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["assigned_by"], ["app_user.id"], name=op.f("fk_practice_assignment_assigned_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_assignment")),
    )
    for column in ("user_id", "team", "assigned_by"):
        op.create_index(op.f(f"ix_practice_assignment_{column}"), "practice_assignment", [column])
    _create_runs()
    op.create_table(
        "first_day_step",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_first_day_step_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "step", name=op.f("pk_first_day_step")),
    )


def _create_runs() -> None:
    op.create_table(
        "practice_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson", sa.Text(), nullable=False),
        sa.Column("script", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("branches", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("review", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("commented_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_practice_run_state")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_practice_run_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["commented_by"], ["app_user.id"], name=op.f("fk_practice_run_commented_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_run")),
    )
    op.create_index("ix_practice_run_user_id", "practice_run", ["user_id", "lesson"])
    op.create_table(
        "practice_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("macro", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["practice_run.id"], name=op.f("fk_practice_entry_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_entry")),
    )
    op.create_index(op.f("ix_practice_entry_run_id"), "practice_entry", ["run_id"])


def downgrade() -> None:
    for table in ("first_day_step", "practice_entry", "practice_run", "practice_assignment", "practice_lesson"):
        op.drop_table(table)
