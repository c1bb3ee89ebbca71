"""search audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

# `spanish` beside ours: its stemmer knows “-ción” only with the accent that people leave out
DICTIONARIES = {"en": "english", "ru": "russian", "es": "spanish"}
VECTOR = """
create function message_vector(language text, said text) returns tsvector
language sql immutable parallel safe
return case language
    when 'en' then to_tsvector('switchboard_en', said)
    when 'ru' then to_tsvector('switchboard_ru', said)
    when 'es' then to_tsvector('switchboard_es', said) || to_tsvector('spanish', said)
    else to_tsvector('switchboard_en', said) || to_tsvector('switchboard_ru', said)
         || to_tsvector('switchboard_es', said) || to_tsvector('spanish', said)
end
"""
FINAL = """
create function audit_entry_is_final() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is only added to';
end $$;
create trigger audit_entry_is_final before update or delete on audit_entry
for each row execute function audit_entry_is_final();
create trigger audit_trail_is_final before truncate on audit_entry
for each statement execute function audit_entry_is_final();
"""


def upgrade() -> None:
    op.execute("create extension if not exists unaccent")
    for language, dictionary in DICTIONARIES.items():
        name = f"switchboard_{language}"
        op.execute(f"create text search configuration {name} (copy = {dictionary})")
        op.execute(
            f"alter text search configuration {name} alter mapping for hword, hword_part, word "
            f"with unaccent, {dictionary}_stem"
        )
    op.execute(VECTOR)
    vector = sa.Computed("message_vector(language, text)", persisted=True)
    op.add_column("message", sa.Column("search", postgresql.TSVECTOR(), vector, nullable=True))
    op.create_index("ix_message_search", "message", ["search"], postgresql_using="gin")
    op.create_table(
        "saved_search",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_saved_search_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_search_user_id_name")),
    )
    op.create_table(
        "quality_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("reviewer_id", sa.BigInteger(), nullable=False),
        sa.Column("scorecard", sa.Text(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_quality_review_conversation_id")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["app_user.id"], name=op.f("fk_quality_review_agent_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["app_user.id"], name=op.f("fk_quality_review_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_review")),
    )
    for column in ("conversation_id", "agent_id"):
        op.create_index(op.f(f"ix_quality_review_{column}"), "quality_review", [column])
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    for column in ("at", "actor", "object"):
        op.create_index(op.f(f"ix_audit_entry_{column}"), "audit_entry", [column])
    op.execute(FINAL)


def downgrade() -> None:
    op.drop_table("audit_entry")
    op.execute("drop function audit_entry_is_final()")
    op.drop_table("quality_review")
    op.drop_table("saved_search")
    op.drop_column("message", "search")
    op.execute("drop function message_vector(text, text)")
    for language in DICTIONARIES:
        op.execute(f"drop text search configuration switchboard_{language}")
    op.execute("drop extension unaccent")
