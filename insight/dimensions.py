"""The tables beside the facts: who and what they are about, and the sales that were read from the ERP."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Protocol

import duckdb

from config.business import Business
from config.five_steps import ONE_OFF, WORTH, YEARLY
from crm_core.campaign_results import BOUGHT
from crm_core.hours import BusinessHours, hours_of
from insight.warehouse import THE_ONE, Manifest, Warehouse, selected, staged
from insight.warehouse_tables import TABLES

SLOT = timedelta(minutes=15)
_SLOTS_A_DAY = timedelta(days=1) // SLOT
Calendars = Mapping[str, BusinessHours]


def calendars_of(business: Business) -> Calendars:
    """As they hold now."""
    return {calendar.key: hours_of(calendar) for calendar in business.hours.calendars}


class Loader(Protocol):
    """PostgreSQL's answers as tables of DuckDB."""

    duckdb: duckdb.DuckDBPyConnection

    def load(self, name: str, statement: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Versions:
    """A dimension that keeps its past (SCD2): how it is read now, what tells one from another, what may change."""

    table: str
    seen: str
    key: str
    attributes: tuple[str, ...]


# `forget`: who asked to be erased keeps one version, without a past
CONTACTS = Versions("dim_contact", """
select c.id as contact_id, case when c.erased_at is null then c.language end as language,
       (select min(d.key) from dim_customer d where d.customer_id = c.customer_ref) as customer_key,
       c.erased_at is not null as is_erased, c.created_at at time zone 'UTC' as since,
       c.erased_at is not null as forget
from contact c
""", "contact_id", ("language", "customer_key", "is_erased"))  # fmt: skip
AGENTS = Versions("dim_agent", """
select cast(id as text) as agent, role, (select string_agg(t, ', ' order by t) from jsonb_array_elements_text(teams) t)
         as teams, language, cast(capacity as bigint) as capacity, disabled_at is not null as is_disabled,
       created_at at time zone 'UTC' as since, false as forget
from app_user
""", "agent", ("role", "teams", "language", "capacity", "is_disabled"))  # fmt: skip

_RATES = ", ".join(
    f"('{part}', '{kind}')" for part, kinds in (("costs", ONE_OFF + YEARLY), ("worth", WORTH)) for kind in kinds
)
COPIES: Mapping[str, str] = {
    "dim_customer": """
        select key as version, min(key) over (partition by source, customer_id) as customer_key, source, language,
               blocked, valid_from at time zone 'UTC' as valid_from, valid_to at time zone 'UTC' as valid_to
        from dim_customer""",
    "dim_product": "select source, sku, name, cast(price as text) as price, currency from dim_product",
    "fact_sale_line": """
        select f.source, f.order_id, cast(f.position as bigint) as position, f.order_number, d.customer_key, f.sku,
               f.stage, f.ordered_on, cast(f.quantity as text) as quantity, cast(f.shipped as text) as shipped,
               cast(f.returned as text) as returned, cast(f.amount as text) as amount, f.currency
        from fact_sale_line f left join (select source, customer_id, min(key) as customer_key from dim_customer
                                         group by 1, 2) d using (source, customer_id)""",
    "dim_queue": """
        select key as queue, content->>'hours' as calendar, content->>'sla' as policy,
               (select string_agg(t, ', ' order by t) from jsonb_array_elements_text(content->'teams') t) as teams
        from routing_rule where kind = 'queue'""",
    "dim_channel": "select channel, count(*) as inboxes from inbox group by channel",
    "dim_campaign": """
        select id as campaign, name, conversion as goal, cast(conversion_days as bigint) as counted_days,
               cast(cost as text) as cost, started_at at time zone 'UTC' as began_at,
               ended_at at time zone 'UTC' as ended_at
        from campaign where started_at is not null""",
    "fact_campaign_touch": f"""
        with bought as ({BOUGHT} group by m.id), wrote as (
            select m.id, min(e.at) as at from campaign_member m join campaign c on c.id = m.campaign_id
            join event e on e.contact_id = m.contact_id and e.kind = 'message_received'
                and e.at >= c.started_at and e.at < c.started_at + make_interval(days => c.conversion_days)
            group by m.id
        )
        select m.campaign_id as campaign, m.contact_id, a.key as arm, a.is_hold_out, i.channel, m.state,
               m.assigned_at at time zone 'UTC' as assigned_at, m.posted_at at time zone 'UTC' as touched_at,
               w.at at time zone 'UTC' as responded_at, coalesce(m.orders, b.orders, 0) as orders,
               cast(coalesce(m.revenue, b.revenue, 0) as text) as revenue
        from campaign_member m join campaign_arm a on a.id = m.arm_id join inbox i on i.id = m.inbox_id
        left join bought b on b.id = m.id left join wrote w on w.id = m.id""",
    "fact_forecast": """
        select f.queue_key as queue, f."on" as date, each.place - 1 as half_hour,
               f.made_at at time zone 'UTC' as made_at, cast(each.expected as float8) as expected,
               cast(f.naive->>cast(each.place - 1 as int) as float8) as naive,
               cast(f.came->>cast(each.place - 1 as int) as float8) as came
        from forecast_day f, jsonb_array_elements_text(f.expected) with ordinality as each (expected, place)""",
    "cost_rate": f"""
        with told as (
            select s.kind, v.at, v.content->s.part->s.kind as rate,
                   lag(v.content->s.part->s.kind) over (partition by s.kind order by v.id) as before
            from five_steps_version v, (values {_RATES}) as s (part, kind)
        )
        select kind, cast(rate->>'low' as float8) as low, cast(rate->>'mode' as float8) as likely,
               cast(rate->>'high' as float8) as high, at at time zone 'UTC' as valid_from,
               lead(at) over (partition by kind order by at) at time zone 'UTC' as valid_to
        from told where rate is distinct from before""",
}  # fmt: skip
# a copy is made again when this changes
MARKS: Mapping[str, str] = {
    "dim_customer": "select coalesce(max(valid_from), max(valid_to))::text || count(*) from dim_customer",
    "dim_product": "select max(extracted_at)::text || count(*) from dim_product",
    "fact_sale_line": "select max(extracted_at)::text || count(*) from fact_sale_line",
}


def copy_dimensions(loader: Loader, warehouse: Warehouse, manifest: Manifest, calendars: Calendars) -> Manifest:
    """Bring every dimension up to date in files; the manifest that names them is not yet the one that counts."""
    for name, statement in COPIES.items():
        manifest = _copied(loader, warehouse, manifest, (name, statement))
    for versions in (CONTACTS, AGENTS):
        manifest = _versioned(loader, warehouse, manifest, versions)
    manifest = _slots(loader.duckdb, warehouse, manifest, calendars)
    for name, statement in _derived(manifest, warehouse).items():
        manifest = _single(loader.duckdb, warehouse, manifest, (name, statement))
    return manifest


def _copied(loader: Loader, warehouse: Warehouse, manifest: Manifest, copy: tuple[str, str]) -> Manifest:
    name, statement = copy
    mark = _mark(loader, name)
    if mark is not None and mark == manifest.marks.get(name):
        return manifest
    loader.load("copied", statement)
    columns = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in TABLES[name].columns.items())
    manifest = _single(loader.duckdb, warehouse, manifest, (name, f"select {columns} from copied"))
    return replace(manifest, marks={**manifest.marks, **({name: mark} if mark is not None else {})})


def _mark(loader: Loader, name: str) -> str | None:
    if name not in MARKS:
        return None
    loader.load("mark", f"select coalesce(({MARKS[name]}), '') as mark")
    ((found,),) = loader.duckdb.execute("select mark from mark").fetchall()
    return str(found)


def _single(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, manifest: Manifest, given: tuple[str, str]
) -> Manifest:
    name, statement = given
    files = staged(connection, warehouse, name, statement)
    return manifest.with_parts(name, {THE_ONE: files[THE_ONE]})


def _versioned(loader: Loader, warehouse: Warehouse, manifest: Manifest, versions: Versions) -> Manifest:
    loader.load("seen", versions.seen)
    run = manifest.run
    assert run is not None  # noqa: S101 - dimensions are copied within a run
    now = datetime.fromisoformat(run.began_at).astimezone(UTC).replace(tzinfo=None)
    statement = next_versions(versions, selected(manifest, versions.table, warehouse.folder), now)
    return _single(loader.duckdb, warehouse, manifest, (versions.table, statement))


def next_versions(versions: Versions, was: str, now: datetime) -> str:
    """The rows of the dimension, from what it was and from `seen`: who changed gets a new row, and the old one ends."""
    key, names = versions.key, ", ".join(versions.attributes)
    was_names, seen_names = (", ".join(f"{of}.{name}" for name in versions.attributes) for of in ("w", "s"))
    changed = f"({was_names}) is distinct from ({seen_names})"
    moment = f"timestamp '{now.isoformat(sep=' ')}'"
    return f"""
with was as ({was}), kept as (select w.* from was w left join seen s using ({key}) where not coalesce(s.forget, false))
select {key}, {names}, valid_from, valid_to from kept where valid_to is not null
union all
select w.{key}, {was_names}, w.valid_from,
       case when s.{key} is null or {changed} then {moment} end as valid_to
from kept w left join seen s using ({key}) where w.valid_to is null
union all
select s.{key}, {seen_names},
       case when exists (select 1 from kept w where w.{key} = s.{key}) then {moment} else s.since end as valid_from,
       cast(null as timestamp) as valid_to
from seen s left join kept w on w.{key} = s.{key} and w.valid_to is null
where w.{key} is null or {changed}
"""


def _derived(manifest: Manifest, warehouse: Warehouse) -> dict[str, str]:
    slots, talks = (selected(manifest, name, warehouse.folder) for name in ("dim_slot", "fact_conversation"))
    return {
        "dim_date": f"""
            select distinct day as date, isoyear(day) as iso_year, week(day) as iso_week, isodow(day) as weekday,
                   month(day) as month, quarter(day) as quarter from ({slots}) order by 1""",
        "dim_intent": f"select distinct intent from ({talks}) where intent is not null order by 1",
    }  # fmt: skip


def _slots(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, manifest: Manifest, calendars: Calendars
) -> Manifest:
    """The quarters of an hour of every day that has facts, by each calendar; all anew when a calendar changed."""
    mark = _calendar_mark(calendars)
    wanted = {day for name in manifest.tables for day in manifest.tables[name] if day != THE_ONE}
    known = set(manifest.tables.get("dim_slot", {})) if manifest.marks.get("dim_slot") == mark else set()
    missing = sorted(wanted - known)
    if not missing:
        return manifest
    columns = _slot_columns([date.fromisoformat(day) for day in missing], calendars)
    lists = ", ".join(f"unnest(${name}) as {name}" for name in columns)
    connection.execute(f"create or replace temp table slots as select {lists}", columns)
    typed = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in TABLES["dim_slot"].columns.items())
    files = staged(connection, warehouse, "dim_slot", f"select {typed}, cast(slot_at as date) as day from slots")
    return replace(manifest.with_parts("dim_slot", files), marks={**manifest.marks, "dim_slot": mark})


def _calendar_mark(calendars: Calendars) -> str:
    """Whatever is open when, for twenty years: a single hour that was moved makes another mark."""
    until = _BEGINNING + timedelta(days=20 * 365)
    told = {
        name: [str(hours.zone), hours.spans_between(_BEGINNING, until)] for name, hours in sorted(calendars.items())
    }
    return sha256(json.dumps(told).encode()).hexdigest()[:16]


def _slot_columns(days: Sequence[date], calendars: Calendars) -> dict[str, list[object]]:
    midnights = [datetime.combine(day, time(), UTC) for day in days]
    slots = [midnight + number * SLOT for midnight in midnights for number in range(_SLOTS_A_DAY)]
    rows = [_slot(at, name, hours) for name, hours in calendars.items() for at in slots]
    columns = TABLES["dim_slot"].columns
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


def _slot(at: datetime, name: str, hours: BusinessHours) -> tuple[object, ...]:
    """`open_s`: open seconds from a fixed beginning to the start of the slot; differences are business time."""
    local = at.astimezone(hours.zone).replace(tzinfo=None)
    number = (local.hour * 60 + local.minute) // 15
    return (
        at.replace(tzinfo=None), name, local, local.isoweekday(), number,
        hours.seconds_between(_BEGINNING, at), hours.is_open(at),
    )  # fmt: skip


_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
