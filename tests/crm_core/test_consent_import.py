"""Consents collected elsewhere: each with its day, and a no stays a no."""

from datetime import UTC, date, datetime

import pytest

from crm_core import models
from crm_core.consent_import import BadLine, Person, import_person, read_people
from crm_core.consents import ConsentSource, Said, consent_of, withdraw_consent
from crm_core.errors import InvalidInput
from crm_core.events import CONTACT
from tests.support.factories import Centre

TODAY = date(2026, 11, 23)
TABLE = """email,phone,name,language,customer_ref,agreed_on
Anna@Example.com,,Anna,es,C-1,2026-05-01
,611 22 33 44,Boris,ru,,2026-05-02
not an address,,X,en,,2026-05-02
x@example.com,,X,en,,yesterday
y@example.com,,Y,en,,2027-01-01
z@example.com,,Z,fr,,2026-05-02
"""


def test_each_line_is_a_person_or_says_what_is_wrong_with_it() -> None:
    anna, boris, *wrong = read_people(TABLE.splitlines(), "ES", TODAY)
    assert isinstance(anna, Person)
    assert isinstance(boris, Person)
    assert (anna.address.uri, anna.agreed_at) == ("mailto:anna@example.com", datetime(2026, 5, 1, tzinfo=UTC))
    assert boris.address.uri == "tel:+34611223344"
    assert [each.number for each in wrong if isinstance(each, BadLine)] == [4, 5, 6, 7]


def test_a_table_without_the_day_is_refused_whole() -> None:
    with pytest.raises(InvalidInput, match="agreed_on"):
        list(read_people(["email,name", "a@example.com,A"], "ES", TODAY))


async def test_an_import_repeats_nothing_and_undoes_no_withdrawal(centre: Centre) -> None:
    people = [each for each in read_people(TABLE.splitlines(), "ES", TODAY) if isinstance(each, Person)]

    async def imported() -> int:
        async with centre.work() as session:
            return sum([await import_person(session, centre.now, person) for person in people])

    assert [await imported(), await imported()] == [2, 0]
    anna = (await centre.rows(models.Contact))[0]
    assert (anna.name, anna.language, anna.customer_ref) == ("Anna", "es", "C-1")
    async with centre.work() as session:
        await withdraw_consent(session, centre.now, anna.id, Said(CONTACT, ConsentSource.LINK))
    assert await imported() == 0
    async with centre.work() as session:
        consent = await consent_of(session, anna.id)
    assert consent is not None
    assert not consent.is_given
