"""The layout of the warehouse: every table with its columns, in types that DuckDB and ClickHouse both have."""

from collections.abc import Mapping
from dataclasses import dataclass

TEXT, WHOLE, MOMENT, DAY, TRUTH, NUMBER, MONEY, SECONDS = (
    "VARCHAR", "BIGINT", "TIMESTAMP", "DATE", "BOOLEAN", "DOUBLE", "DECIMAL(18,4)", "DECIMAL(18,6)",
)  # fmt: skip
_ABOUT = {"queue": TEXT, "channel": TEXT, "language": TEXT, "intent": TEXT, "agent": TEXT}


@dataclass(frozen=True, slots=True)
class Table:
    """`day`: the column by whose day the files are parted; without one the table is a single file."""

    columns: Mapping[str, str]
    day: str | None = None


# what is made of the events of conversations, and replaced conversation by conversation
STORIES: Mapping[str, Table] = {
    "fact_segment": Table({
        "conversation_id": WHOLE, "number": WHOLE, "contact_id": WHOLE, **_ABOUT, "queued_at": MOMENT,
        "answered_at": MOMENT, "left_at": MOMENT, "ended_at": MOMENT, "ended_how": TEXT, "callback_at": MOMENT,
        "offers": WHOLE, "declines": WHOLE, "p50_s": SECONDS, "p80_s": SECONDS,
    }, "queued_at"),
    "fact_run": Table({
        "conversation_id": WHOLE, **_ABOUT, "began_at": MOMENT, "is_first": TRUTH, "replied_at": MOMENT,
        "over_at": MOMENT,
    }, "began_at"),
    "fact_conversation": Table({
        "conversation_id": WHOLE, "contact_id": WHOLE, **_ABOUT, "opened_at": MOMENT, "first_solved_at": MOMENT,
        "last_solved_at": MOMENT, "closed_at": MOMENT, "reopens": WHOLE, "is_open": TRUTH, "is_human": TRUTH,
        "has_bot": TRUTH, "is_surveyed": TRUTH, "score": WHOLE, "back_at": MOMENT,
    }, "opened_at"),
    "fact_message": Table({
        "event_id": WHOLE, "conversation_id": WHOLE, "contact_id": WHOLE, "channel": TEXT, "language": TEXT,
        "sent_at": MOMENT, "author": TEXT, "agent": TEXT,
    }, "sent_at"),
    "fact_handoff": Table({
        "event_id": WHOLE, "conversation_id": WHOLE, **_ABOUT, "requested_at": MOMENT, "reason": TEXT,
    }, "requested_at"),
    "fact_survey": Table({
        "conversation_id": WHOLE, "contact_id": WHOLE, **_ABOUT, "asked_at": MOMENT, "answered_at": MOMENT,
        "score": WHOLE,
    }, "asked_at"),
    "fact_contact_interval": Table({
        "conversation_id": WHOLE, "agent": TEXT, "started_at": MOMENT, "ended_at": MOMENT,
    }, "started_at"),
}  # fmt: skip
OTHERS: Mapping[str, Table] = {
    "fact_presence_interval": Table({"agent": TEXT, "started_at": MOMENT, "ended_at": MOMENT}, "started_at"),
    "fact_sale_line": Table({
        "source": TEXT, "order_id": TEXT, "position": WHOLE, "order_number": TEXT, "customer_key": WHOLE,
        "sku": TEXT, "stage": TEXT, "ordered_on": DAY, "quantity": MONEY, "shipped": MONEY, "returned": MONEY,
        "amount": MONEY, "currency": TEXT,
    }),
    "fact_campaign_touch": Table({
        "campaign": WHOLE, "contact_id": WHOLE, "arm": TEXT, "is_hold_out": TRUTH, "channel": TEXT, "state": TEXT,
        "assigned_at": MOMENT, "touched_at": MOMENT, "responded_at": MOMENT, "orders": WHOLE, "revenue": MONEY,
    }),
    "fact_forecast": Table({
        "queue": TEXT, "date": DAY, "half_hour": WHOLE, "made_at": MOMENT, "expected": NUMBER, "naive": NUMBER,
        "came": NUMBER,
    }),
    "rollup": Table({
        "slot_at": MOMENT, "queue": TEXT, "channel": TEXT, "measure": TEXT, "bin": WHOLE, "n": WHOLE,
        "total": NUMBER, "squares": NUMBER,
    }, "slot_at"),
    # the same by whole days; its files hold a month each, and `day` is the first of it
    "rollup_day": Table({
        "date": DAY, "queue": TEXT, "channel": TEXT, "measure": TEXT, "bin": WHOLE, "n": WHOLE, "total": NUMBER,
        "squares": NUMBER,
    }, "date"),
    "dim_date": Table({
        "date": DAY, "iso_year": WHOLE, "iso_week": WHOLE, "weekday": WHOLE, "month": WHOLE, "quarter": WHOLE,
    }),
    "dim_slot": Table({
        "slot_at": MOMENT, "calendar": TEXT, "local_at": MOMENT, "weekday": WHOLE, "slot": WHOLE, "open_s": NUMBER,
        "is_open": TRUTH,
    }, "slot_at"),
    "dim_contact": Table({
        "contact_id": WHOLE, "language": TEXT, "customer_key": WHOLE, "is_erased": TRUTH, "valid_from": MOMENT,
        "valid_to": MOMENT,
    }),
    "dim_customer": Table({
        "version": WHOLE, "customer_key": WHOLE, "source": TEXT, "language": TEXT, "blocked": TRUTH,
        "valid_from": MOMENT, "valid_to": MOMENT,
    }),
    "dim_agent": Table({
        "agent": TEXT, "role": TEXT, "teams": TEXT, "language": TEXT, "capacity": WHOLE, "is_disabled": TRUTH,
        "valid_from": MOMENT, "valid_to": MOMENT,
    }),
    "dim_queue": Table({"queue": TEXT, "calendar": TEXT, "policy": TEXT, "teams": TEXT}),
    "dim_channel": Table({"channel": TEXT, "inboxes": WHOLE}),
    "dim_intent": Table({"intent": TEXT}),
    "dim_product": Table({"source": TEXT, "sku": TEXT, "name": TEXT, "price": MONEY, "currency": TEXT}),
    "dim_campaign": Table({
        "campaign": WHOLE, "name": TEXT, "goal": TEXT, "counted_days": WHOLE, "cost": MONEY, "began_at": MOMENT,
        "ended_at": MOMENT,
    }),
    "cost_rate": Table({
        "kind": TEXT, "low": NUMBER, "likely": NUMBER, "high": NUMBER, "valid_from": MOMENT, "valid_to": MOMENT,
    }),
}  # fmt: skip
TABLES: Mapping[str, Table] = {**STORIES, **OTHERS}


def typed_nothing(table: Table) -> str:
    """A select of no rows with the table's columns, and `day` where there is one."""
    columns = dict(table.columns) | ({"day": DAY} if table.day else {})
    return "select " + ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items()) + " where false"


_CLICKHOUSE = {
    TEXT: "Nullable(String)", WHOLE: "Nullable(Int64)", MOMENT: "Nullable(DateTime64(6, 'UTC'))",
    DAY: "Nullable(Date32)", TRUTH: "Nullable(Bool)", NUMBER: "Nullable(Float64)", MONEY: "Nullable(Decimal(18, 4))",
    SECONDS: "Nullable(Decimal(18, 6))",
}  # fmt: skip


def clickhouse_ddl(name: str) -> str:
    """A table of ClickHouse with the same columns, to load the files into."""
    table = TABLES[name]
    columns = ",\n  ".join(f"{column} {_CLICKHOUSE[kind]}" for column, kind in table.columns.items())
    parted = f" partition by toYYYYMM(assumeNotNull({table.day}))" if table.day else ""
    order = f"tuple(assumeNotNull({table.day}))" if table.day else "tuple()"
    return f"create table {name} (\n  {columns}\n) engine = MergeTree{parted} order by {order}"
