"""warehouse."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

# set after the column was added, so that no row of a large table is rewritten: those before it have none
TRANSACTION = "cast(cast(pg_current_xact_id() as text) as bigint)"

Column = sa.Column[Any]


def moment(name: str, *, required: bool = False) -> Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not required)


def number(name: str, *, required: bool = False) -> Column:
    return sa.Column(name, sa.BigInteger(), nullable=not required)


def truth(name: str) -> Column:
    return sa.Column(name, sa.Boolean(), nullable=False)


def create_facts(name: str, at: str, *columns: Column) -> None:
    op.create_table(
        name,
        sa.Column("key", sa.BigInteger(), sa.Identity(), nullable=False),
        number("conversation_id", required=True),
        *(sa.Column(about, sa.Text(), nullable=True) for about in ("queue", "channel", "language", "intent", "agent")),
        moment(at, required=True),
        *columns,
        sa.PrimaryKeyConstraint("key", name=op.f(f"pk_{name}")),
    )
    for column in ("conversation_id", at):
        op.create_index(op.f(f"ix_{name}_{column}"), name, [column])


def upgrade() -> None:
    create_facts(
        "report_segment", "queued_at", moment("answered_at"), moment("left_at"), moment("ended_at"),
        sa.Column("ended_how", sa.Text(), nullable=True), moment("callback_at"), number("offers", required=True),
        number("declines", required=True), sa.Column("p50_s", sa.Numeric(18, 6), nullable=True),
        sa.Column("p80_s", sa.Numeric(18, 6), nullable=True),
    )  # fmt: skip
    create_facts("report_run", "began_at", truth("is_first"), moment("replied_at"), moment("over_at"))
    create_facts(
        "report_conversation", "opened_at", moment("first_solved_at"), moment("last_solved_at"), moment("closed_at"),
        number("reopens", required=True), truth("is_open"), truth("is_human"), truth("has_bot"), truth("is_surveyed"),
        sa.Column("score", sa.Integer(), nullable=True), moment("back_at"),
    )  # fmt: skip
    op.create_table(
        "report_state",
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        number("since"),
        number("horizon"),
        number("done", required=True),
        moment("newest_at"),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_report_state")),
    )
    op.add_column("event", sa.Column("transaction_id", sa.BigInteger(), nullable=True))
    op.alter_column("event", "transaction_id", server_default=sa.text(TRANSACTION))
    op.create_index("ix_event_transaction_id", "event", ["transaction_id"])


def downgrade() -> None:
    for name in ("report_state", "report_conversation", "report_run", "report_segment"):
        op.drop_table(name)
    op.drop_index("ix_event_transaction_id", table_name="event")
    op.drop_column("event", "transaction_id")
