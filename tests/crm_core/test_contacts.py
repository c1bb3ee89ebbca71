"""Canonical addresses, and merges that can be taken back to the letter."""

import asyncio
import random

import pytest
from sqlalchemy import select

from crm_core import models
from crm_core.contacts import (
    Merge,
    canonical_email,
    canonical_phone,
    ensure_contact,
    find_contact,
    merge_contacts,
    name_contact,
    standing_contact,
    unmerge_contacts,
)
from crm_core.contracts import Address, AddressKind, ContactId
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import Actor
from tests.support.factories import Centre, visitor

ANN = Actor("agent:1")


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("maria@example.com", "maria@example.com"),
        ("  Maria.Lopez@Example.COM \n", "maria.lopez@example.com"),
        ("o'brien+orders@mail.example.co.uk", "o'brien+orders@mail.example.co.uk"),
        ("info@мебель.рф", "info@мебель.рф"),
        ("a@xn--90ae.xn--p1ai", "a@xn--90ae.xn--p1ai"),
    ],
)
def test_an_email_has_one_form(written: str, canonical: str) -> None:
    assert canonical_email(written) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "", "maria", "@example.com", "maria@", "maria@localhost", "a@b@example.com", "a b@example.com",
        "Maria <maria@example.com>", "a@example.com, b@example.com", "a@example.com\nBcc: b@example.com",
        "a\x00@example.com", "a\x7f@example.com", "\ud800@example.com", "a@example.com\x00", '"a"@example.com',
        "a@[127.0.0.1]", "a:b@example.com", "group:a@example.com;", "a" * 65 + "@example.com", "a@" + "b" * 64 + ".com",
        "a@-", "a@example..com", "'" * 50_000, "a@" + "b." * 50_000,
    ],
)  # fmt: skip
def test_what_is_no_email_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        canonical_email(written)


@pytest.mark.parametrize(
    ("written", "country", "canonical"),
    [
        ("+34 910 555 100", "RU", "+34910555100"),
        ("910 555 100", "ES", "+34910555100"),
        ("0034 910 555 100", "ES", "+34910555100"),
        ("8 (903) 555-01-77", "RU", "+79035550177"),
        ("+7 903 555 01 77", "ES", "+79035550177"),
        ("(202) 555-0123 ext. 5", "US", "+12025550123"),
    ],
)
def test_a_telephone_number_has_one_form(written: str, country: str, canonical: str) -> None:
    assert canonical_phone(written, country) == canonical


@pytest.mark.parametrize("written", ["", "abc", "12", "+", "+34", "9" * 30, "910 555 100"])
def test_what_is_no_telephone_number_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        canonical_phone(written, "ZZ")


async def test_an_address_asked_for_by_many_at_once_has_one_contact(centre: Centre) -> None:
    async def ask() -> int:
        async with centre.work() as session:
            return (await ensure_contact(session, centre.now, visitor("maria"))).id

    assert len(set(await asyncio.gather(*(ask() for _ in range(30))))) == 1
    assert len(await centre.rows(models.Contact)) == 1


async def test_nobody_is_found_where_nobody_is(centre: Centre) -> None:
    async with centre.work() as session:
        assert await find_contact(session, visitor("nobody")) is None


async def test_only_who_has_no_name_is_given_one(centre: Centre) -> None:
    received = await centre.write()
    async with centre.work() as session:
        for name in (None, "María López", "Somebody Else"):
            await name_contact(session, received.contact_id, name)
    assert [row.name for row in await centre.rows(models.Contact)] == ["María López"]


async def merge(centre: Centre, source: int, target: int) -> int:
    async with centre.work() as session:
        return await merge_contacts(
            session, centre.now, ANN, Merge(ContactId(source), ContactId(target), "same e-mail")
        )  # fmt: skip


async def unmerge(centre: Centre, merge_id: int) -> None:
    async with centre.work() as session:
        await unmerge_contacts(session, centre.now, ANN, merge_id)


async def belongings(centre: Centre) -> dict[str, list[tuple[int, int | None]]]:
    """Who has what: what a merge moves and an un-merge gives back."""
    async with centre.sessions() as session:
        tables = {
            "contact": select(models.Contact.id, models.Contact.merged_into),
            "address": select(models.Address.id, models.Address.contact_id),
            "conversation": select(models.Conversation.id, models.Conversation.contact_id),
        }
        return {name: sorted((one, two) for one, two in await session.execute(query)) for name, query in tables.items()}


async def people(centre: Centre, number: int) -> list[int]:
    """Contacts, each with one closed conversation."""
    ids = []
    for name in range(number):
        received = await centre.write(who=f"visitor-{name}")
        await centre.close(received.conversation_id)
        ids.append(int(received.contact_id))
    return ids


async def test_a_merge_moves_everything_and_the_contact_is_found_by_both_addresses(centre: Centre) -> None:
    source, target = await people(centre, 2)
    merge_id = await merge(centre, source, target)
    owned = await belongings(centre)
    assert {owner for _, owner in owned["address"] + owned["conversation"]} == {target}
    async with centre.work() as session:
        for name in ("visitor-0", "visitor-1"):
            known = await find_contact(session, visitor(name))
            assert known is not None
            assert known.id == target
        assert await standing_contact(session, ContactId(source)) == target
    assert await centre.events(None) == [("contacts_merged", {"source": source, "merge_id": merge_id})]


async def test_who_writes_after_the_merge_writes_as_the_contact_that_stands(centre: Centre) -> None:
    source, target = await people(centre, 2)
    await merge(centre, source, target)
    assert (await centre.write(who="visitor-0")).contact_id == target


@pytest.mark.parametrize("seed", range(8))
async def test_unmerging_in_turn_restores_every_step_exactly(centre: Centre, seed: int) -> None:
    chance = random.Random(seed)
    standing = await people(centre, 6)
    steps: list[tuple[int, dict[str, list[tuple[int, int | None]]]]] = []
    for _ in range(5):
        before = await belongings(centre)
        source, target = chance.sample(standing, 2)
        steps.append((await merge(centre, source, target), before))
        standing.remove(source)
    assert len({owner for _, owner in (await belongings(centre))["address"]}) == 1
    for merge_id, before in reversed(steps):
        await unmerge(centre, merge_id)
        assert await belongings(centre) == before


async def test_what_came_after_the_merge_stays_where_it_came(centre: Centre) -> None:
    source, target = await people(centre, 2)
    merge_id = await merge(centre, source, target)
    new = await centre.write(who="visitor-0")
    await unmerge(centre, merge_id)
    owned = await belongings(centre)
    assert dict(owned["conversation"])[new.conversation_id] == target
    assert sorted(owner or 0 for _, owner in owned["address"]) == sorted([source, target])


async def test_a_merge_whose_target_moved_on_cannot_be_undone_first(centre: Centre) -> None:
    first, second, third = await people(centre, 3)
    merge_id = await merge(centre, first, second)
    await merge(centre, second, third)
    before = await belongings(centre)
    with pytest.raises(Conflict, match="later merge"):
        await unmerge(centre, merge_id)
    assert await belongings(centre) == before


async def test_a_merge_is_undone_once(centre: Centre) -> None:
    source, target = await people(centre, 2)
    merge_id = await merge(centre, source, target)
    await unmerge(centre, merge_id)
    with pytest.raises(Conflict):
        await unmerge(centre, merge_id)
    with pytest.raises(NotFound):
        await unmerge(centre, merge_id + 1)


async def test_what_cannot_be_merged(centre: Centre) -> None:
    first, second, third = await people(centre, 3)
    with pytest.raises(Conflict):
        await merge(centre, first, first)
    with pytest.raises(NotFound):
        await merge(centre, first, 999_999)
    await merge(centre, first, second)
    for source, target in ((first, third), (third, first)):
        with pytest.raises(Conflict):
            await merge(centre, source, target)


async def test_two_open_conversations_in_one_inbox_keep_contacts_apart(centre: Centre) -> None:
    one, two = await centre.write(who="anna"), await centre.write(who="boris")
    with pytest.raises(Conflict, match="close one of them"):
        await merge(centre, one.contact_id, two.contact_id)
    await centre.close(one.conversation_id)
    assert await merge(centre, one.contact_id, two.contact_id)


async def test_of_two_opposite_merges_at_once_one_wins(centre: Centre) -> None:
    first, second = await people(centre, 2)

    async def try_to_merge(source: int, target: int) -> bool:
        try:
            await merge(centre, source, target)
        except Conflict:
            return False
        return True

    outcomes = await asyncio.gather(try_to_merge(first, second), try_to_merge(second, first))
    assert sorted(outcomes) == [False, True]


async def test_nobody_stands_for_a_contact_that_never_was(centre: Centre) -> None:
    async with centre.work() as session:
        with pytest.raises(NotFound):
            await standing_contact(session, ContactId(999_999))


def test_an_address_is_stored_as_its_kind_and_value() -> None:
    assert Address(AddressKind.TEL, "+34910555100").uri == "tel:+34910555100"
