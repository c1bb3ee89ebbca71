"""Consents that were collected elsewhere, from a table: contacts are made or found, a withdrawal is never undone."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.consents import ConsentSource, Said, consent_of, give_consent
from crm_core.contacts import canonical_email, canonical_phone, ensure_contact
from crm_core.contracts import Address, AddressKind
from crm_core.errors import InvalidInput
from crm_core.events import SYSTEM

LANGUAGES = frozenset({"en", "ru", "es"})
COLUMNS = ("email", "phone", "name", "language", "customer_ref", "agreed_on")


@dataclass(frozen=True, slots=True)
class Person:
    """One line: who agreed, and when."""

    address: Address
    agreed_at: datetime
    name: str | None
    language: str | None
    customer_ref: str | None


@dataclass(frozen=True, slots=True)
class BadLine:
    number: int
    problem: str


def read_people(lines: Iterable[str], country: str, today: date) -> Iterator[Person | BadLine]:
    """Of a CSV with a heading. Raises InvalidInput for one without the columns that matter."""
    rows = csv.DictReader(lines)
    known = set(rows.fieldnames or ())
    if "agreed_on" not in known or not known & {"email", "phone"}:
        raise InvalidInput(f"The first line names the columns: email or phone, agreed_on, and of {', '.join(COLUMNS)}.")
    for number, row in enumerate(rows, 2):
        try:
            yield _person({key: (value or "").strip() for key, value in row.items() if key}, country, today)
        except InvalidInput as error:
            yield BadLine(number, str(error))


def _person(row: Mapping[str, str], country: str, today: date) -> Person:
    if row.get("email"):
        address = Address(AddressKind.MAILTO, canonical_email(row["email"]))
    else:
        address = Address(AddressKind.TEL, canonical_phone(row.get("phone", ""), country))
    try:
        agreed_on = date.fromisoformat(row["agreed_on"])
    except ValueError as error:
        raise InvalidInput("agreed_on is a day like 2026-11-30: without it the consent cannot be proved.") from error
    if agreed_on > today:
        raise InvalidInput("agreed_on lies in the future.")
    language = row.get("language") or None
    if language not in LANGUAGES | {None}:
        raise InvalidInput("language is en, ru or es.")
    at = datetime.combine(agreed_on, time.min, UTC)
    return Person(address, at, row.get("name") or None, language, row.get("customer_ref") or None)


async def import_person(session: AsyncSession, now: datetime, person: Person) -> bool:
    """False when it was known already, or when they said no, whenever that was."""
    known = await ensure_contact(session, now, person.address)
    contact = models.Contact
    values = {
        name: func.coalesce(getattr(contact, name), getattr(person, name))
        for name in ("name", "language", "customer_ref")
    }
    row = update(contact).where(contact.id == known.id).values(**values)
    await session.execute(row.execution_options(synchronize_session=False))
    if await consent_of(session, known.id) is not None:
        return False
    return await give_consent(session, now, known.id, Said(SYSTEM, ConsentSource.IMPORT, agreed_at=person.agreed_at))
