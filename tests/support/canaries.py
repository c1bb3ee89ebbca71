"""Unmistakable words in every column that could hold something personal, and a search through the whole database."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from crm_core import models, models_phone
from crm_core.models_campaigns import CampaignMember, Consent
from crm_core.models_contacts import AddressClaim
from crm_core.models_desk import HeldReply
from crm_core.models_oversight import QualityReview
from crm_core.models_sales import Lead
from crm_core.schema import Base

MARK = "canary"
PERSONAL: tuple[type[Base], ...] = (
    models.Contact, models.Address, models.ContactMerge, models.Conversation, models.Message, models.AttachmentRow,
    models.InboundPayload, models.Event, models.Job, models.Survey, models.NluCorrection, AddressClaim,
    models_phone.Call,
    QualityReview,
    HeldReply,
    Consent,
    CampaignMember,
    Lead,
)  # fmt: skip
# words of our own, which name nobody; a new column is personal until it is listed here
OWN_WORDS = frozenset({
    "contact.language", "contact_merge.actor", "contact_merge.moved", "conversation.state", "conversation.queue_key",
    "conversation.language", "conversation.intent", "conversation.verified_how", "conversation.disposition",
    "message.direction", "message.author", "message.visibility", "message.language", "message.delivery",
    "event.kind", "event.actor", "job.kind", "job.state", "survey.kind", "nlu_correction.intent_was",
    "nlu_correction.intent", "nlu_correction.state", "quality_review.scorecard", "quality_review.answers",
    "call.direction",
    "consent.purpose", "consent.source", "campaign_member.language", "campaign_member.state",
    "campaign_member.reason", "lead.stage", "lead.lost_reason",
})  # fmt: skip


def personal_columns() -> list[tuple[str, str]]:
    """Table and column of each."""
    return [
        (table.name, column.name)
        for table in (model.__table__ for model in PERSONAL)
        if isinstance(table, Table)
        for column in table.columns
        if isinstance(column.type, (Text, JSONB, LargeBinary)) and f"{table.name}.{column.name}" not in OWN_WORDS
    ]


def plant(connection: psycopg.Connection, scopes: dict[str, Sequence[int]]) -> None:
    """A canary in every personal column of the rows with these ids, by table."""
    for table, column in personal_columns():
        ids = list(scopes.get(table, ()))
        connection.execute(
            sql.SQL("update {} set {} = {} where id = any(%(ids)s)").format(
                sql.Identifier(table), sql.Identifier(column), _planted(table, column)
            ),
            {"ids": ids, "word": f"{MARK} {table}.{column} "},
        )


def _planted(table: str, column: str) -> sql.SQL:
    """Unique where it must be: the row's id ends it."""
    word = "%(word)s || id"
    kind = Base.metadata.tables[table].columns[column].type
    if isinstance(kind, JSONB):
        # under a key that is kept, one that is not, and deep inside
        deep = f"'source', json_build_array({word}), 'deep', json_build_object('a', {word})"
        return sql.SQL(f"jsonb_build_object('reason', {word}, 'text', {word}, {deep}, 'waited_s', 12.5)")  # type: ignore[arg-type]
    if isinstance(kind, LargeBinary):
        return sql.SQL(f"convert_to({word}, 'UTF8')")  # type: ignore[arg-type]
    return sql.SQL(word)


def places(connection: psycopg.Connection) -> set[str]:
    """Every `table.column` of the whole database in which a canary is left, as a dump would show it."""
    found = set()
    columns = connection.execute(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'"
    ).fetchall()
    for table, column, kind in columns:
        text = sql.SQL("encode({}, 'escape')" if kind == "bytea" else "{}::text").format(sql.Identifier(column))
        query = sql.SQL("select 1 from {} where {} ilike %s limit 1").format(sql.Identifier(table), text)
        if connection.execute(query, [f"%{MARK}%"]).fetchone() is not None:
            found.add(f"{table}.{column}")
    return found


def backup(connection: psycopg.Connection) -> dict[str, bytes]:
    """Every row of every table."""
    kept = {}
    for table in _tables(connection):
        with connection.cursor().copy(sql.SQL("copy {} to stdout").format(sql.Identifier(table))) as rows:
            kept[table] = b"".join(bytes(row) for row in rows)
    return kept


def restore(connection: psycopg.Connection, kept: dict[str, bytes]) -> None:
    tables = sql.SQL(", ").join(sql.Identifier(table) for table in kept)
    with _without_constraints(connection):
        connection.execute(sql.SQL("truncate {} cascade").format(tables))
        for table, rows in kept.items():
            with connection.cursor().copy(sql.SQL("copy {} from stdin").format(sql.Identifier(table))) as target:
                target.write(rows)


@contextmanager
def _without_constraints(connection: psycopg.Connection) -> Iterator[None]:
    connection.execute("set session_replication_role = replica")
    yield
    connection.execute("set session_replication_role = default")


def _tables(connection: psycopg.Connection) -> Iterable[str]:
    query = "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"
    return [name for (name,) in connection.execute(query).fetchall()]
