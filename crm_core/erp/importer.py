"""Import of CSV files into the embedded ERP: good rows are taken, bad ones told with what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Boolean, Numeric, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.erp.csv_kinds import KindName, Reference
from crm_core.erp.csv_reading import Problem
from crm_core.erp.csv_records import Key, Parsed, Record, parse_file
from crm_core.erp.quantities import clean_email, phone_key
from crm_core.erp.tables import ErpCustomer, ErpCustomerContact, ErpOrder
from crm_core.erp.upsert import table_of, upsert

CONTACTS = {"emails": ("email", clean_email), "phones": ("phone", phone_key)}
KEYS_A_QUERY = 5000

Known = dict[KindName, set[str]]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came, or would come, of one file."""

    file: str
    kind: KindName | None
    new: int
    updated: int
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> int:
        return sum(not problem.is_remark for problem in self.problems)


async def import_files(session: AsyncSession, paths: Sequence[Path], *, dry_run: bool = False) -> list[FileReport]:
    """All files in the order in which they depend on each other; nothing is written in a dry run."""
    parsed = [parse_file(path) for path in paths]
    reports = [FileReport(one.file, None, 0, 0, (one,)) for one in parsed if isinstance(one, Problem)]
    files = [one for one in parsed if isinstance(one, Parsed)]
    arriving: Known = {name: set() for name in KindName}
    files.sort(key=lambda one: list(KindName).index(one.kind.name))
    return reports + [await _import(session, file, arriving, dry_run=dry_run) for file in files]


async def _import(session: AsyncSession, file: Parsed, arriving: Known, *, dry_run: bool) -> FileReport:
    file = await _without_orphans(session, file, arriving)
    there = await _keys_there(session, file)
    arriving[file.kind.name] |= {str(record.key[0]) for record in file.records}
    if not dry_run:
        await write(session, file)
    updated = sum(record.key in there for record in file.records)
    problems = tuple(sorted(file.problems, key=lambda problem: problem.line))
    return FileReport(file.file, file.kind.name, len(file.records) - updated, updated, problems)


async def write(session: AsyncSession, file: Parsed) -> None:
    """The records of one file, already checked against what they refer to."""
    rows = [_row(file, record) for record in file.records]
    if rows:
        await upsert(session, file.kind.model, rows)
    if file.kind.name is KindName.CUSTOMERS:
        await _replace_contacts(session, file.records)


def _row(file: Parsed, record: Record) -> dict[str, object]:
    """An empty cell empties a column, but gives one that cannot be empty its usual value."""
    columns = table_of(file.kind.model).columns
    row: dict[str, object] = {}
    for name, value in record.values.items():
        if name in CONTACTS:
            continue
        column = columns[name]
        usual = False if isinstance(column.type, Boolean) else 0 if isinstance(column.type, Numeric) else value
        row[name] = usual if value is None and not column.nullable else value
    return row


async def _without_orphans(session: AsyncSession, file: Parsed, arriving: Known) -> Parsed:
    reference = file.kind.reference
    if reference is None:
        return file
    model = ErpCustomer if reference.kind is KindName.CUSTOMERS else ErpOrder
    asked = {str(record.values[reference.field]) for record in file.records}
    known = arriving[reference.kind] | await _numbers_there(session, model, asked - arriving[reference.kind])
    orphans = [record for record in file.records if record.values[reference.field] not in known]
    problems = tuple(_orphaned(file, record, reference) for record in orphans)
    good = tuple(record for record in file.records if record.values[reference.field] in known)
    return replace(file, records=good, problems=(*file.problems, *problems))


def _orphaned(file: Parsed, record: Record, reference: Reference) -> Problem:
    said = f"the {reference.kind.removesuffix('s')} {record.values[reference.field]} is not known"
    return Problem(file.file, record.line, f"{said}; import the {reference.kind} as well, or correct the number")


async def _numbers_there(session: AsyncSession, model: type[ErpCustomer | ErpOrder], asked: set[str]) -> set[str]:
    listed, found = sorted(asked), set[str]()
    for start in range(0, len(listed), KEYS_A_QUERY):
        part = listed[start : start + KEYS_A_QUERY]
        found.update(await session.scalars(select(model.number).where(model.number.in_(part))))
    return found


async def _keys_there(session: AsyncSession, file: Parsed) -> set[Key]:
    table = table_of(file.kind.model)
    columns = [table.columns[name] for name in file.kind.key]
    found: set[Key] = set()
    for start in range(0, len(file.records), KEYS_A_QUERY):
        keys = [record.key for record in file.records[start : start + KEYS_A_QUERY]]
        rows = await session.execute(select(*columns).where(tuple_(*columns).in_(keys)))
        found.update(tuple(row) for row in rows)
    return found


async def _replace_contacts(session: AsyncSession, records: Sequence[Record]) -> None:
    """An address that is no longer in the file no longer proves anything."""
    for field, (kind, _) in CONTACTS.items():
        given = [str(record.key[0]) for record in records if field in record.values]
        for start in range(0, len(given), KEYS_A_QUERY):
            part = given[start : start + KEYS_A_QUERY]
            mine = ErpCustomerContact.customer_number.in_(part) & (ErpCustomerContact.kind == kind)
            await session.execute(delete(ErpCustomerContact).where(mine))
    rows = [row for record in records for row in _contact_rows(str(record.key[0]), record.values)]
    if rows:
        await upsert(session, ErpCustomerContact, rows)


def _contact_rows(number: str, values: Mapping[str, object]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for field, (kind, key_of) in CONTACTS.items():
        given = values.get(field)
        rows.extend(
            {"customer_number": number, "kind": kind, "value": value, "key": key_of(value)}
            for value in (given if isinstance(given, tuple) else ())
        )
    return rows
