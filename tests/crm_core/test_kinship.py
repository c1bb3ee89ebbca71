"""Who may be one customer: shown with what speaks for it, merged and un-merged by who may, and by nothing else."""

import pytest

from crm_core import models
from crm_core.contracts import ContactId, ConversationId, Identity, Inbound
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.intake import Received
from crm_core.kinship import Evidence, EvidenceKind, Kin, kin_of, merge_kin, merges_into, unmerge_kin
from tests.support.factories import Centre, visitor

MAIL = "mailto:maria@example.com"


async def comes(centre: Centre, who: str, identity: Identity | None = None, *, inbox: str = "web") -> Received:
    """Somebody writes and is put into the line of the service team."""
    received = await centre.deliver(Inbound(f"first-{who}", visitor(who), "Hello", identity=identity), inbox=inbox)
    await centre.waiting(who, inbox=inbox)
    return received


async def kin(centre: Centre, contact_id: int, reader: str = "lev") -> list[Kin]:
    async with centre.sessions() as session:
        return await kin_of(session, centre.reach(reader), contact_id)


async def mail_and_chat(centre: Centre) -> tuple[Received, Received]:
    """First a contact with the address, then a visitor whose shop log-in proves the same address."""
    by_mail = await comes(centre, "by-mail", Identity(email="maria@example.com"))
    by_chat = await comes(centre, "by-chat", Identity(email="Maria@Example.com", name="Maria López"))
    return by_mail, by_chat


async def test_an_address_proved_by_two_contacts_speaks_for_one_person(centre: Centre) -> None:
    by_mail, by_chat = await mail_and_chat(centre)
    (seen,) = await kin(centre, by_mail.contact_id)
    assert (seen.contact_id, seen.name) == (by_chat.contact_id, "Maria López")
    assert seen.evidence == (Evidence(EvidenceKind.CLAIMS_ADDRESS, MAIL),)
    assert [one.contact_id for one in await kin(centre, by_chat.contact_id)] == [by_mail.contact_id]


async def test_one_customer_of_the_erp_proved_twice_speaks_for_one_person(centre: Centre) -> None:
    chat = await comes(centre, "chat", Identity(customer_ref="C-1001"))
    phone = await comes(centre, "phone")
    async with centre.work() as session:
        row = await session.get_one(models.Conversation, phone.conversation_id)
        row.customer_ref, row.verified_at = "C-1001", centre.now
    (seen,) = await kin(centre, chat.contact_id)
    assert seen.evidence == (Evidence(EvidenceKind.SAME_CUSTOMER, "C-1001"),)
    assert [one.contact_id for one in await kin(centre, phone.contact_id)] == [chat.contact_id]


async def test_a_number_that_was_only_said_speaks_for_nothing(centre: Centre) -> None:
    chat = await comes(centre, "chat", Identity(customer_ref="C-1001"))
    other = await comes(centre, "other")
    async with centre.work() as session:
        (await session.get_one(models.Conversation, other.conversation_id)).customer_ref = "C-1001"
    assert await kin(centre, chat.contact_id) == []


async def test_contacts_of_other_teams_are_not_shown(centre: Centre) -> None:
    by_mail, _ = await mail_and_chat(centre)
    assert await kin(centre, by_mail.contact_id, "olga") == []


async def test_merging_brings_all_channels_together_and_can_be_taken_back(centre: Centre) -> None:
    by_mail, by_chat = await mail_and_chat(centre)
    await centre.put_into(by_mail.conversation_id, models.ConversationState.CLOSED, None, "service")
    here, lev = ConversationId(by_chat.conversation_id), centre.reach("lev")
    async with centre.work() as session:
        await merge_kin(session, centre.now, lev, here, ContactId(by_mail.contact_id))
    assert {row.contact_id for row in await centre.rows(models.Conversation)} == {by_chat.contact_id}
    assert await kin(centre, by_chat.contact_id) == []
    async with centre.sessions() as session:
        (past,) = await merges_into(session, by_chat.contact_id)
    assert MAIL in past.addresses
    async with centre.work() as session:
        await unmerge_kin(session, centre.now, lev, here, past.id)
    assert {row.contact_id for row in await centre.rows(models.Conversation)} == {
        by_chat.contact_id, by_mail.contact_id,
    }  # fmt: skip
    assert len(await kin(centre, by_chat.contact_id)) == 1


async def test_nothing_is_merged_without_evidence(centre: Centre) -> None:
    one, other = await comes(centre, "one"), await comes(centre, "other")
    with pytest.raises(Conflict):
        async with centre.work() as session:
            await merge_kin(session, centre.now, centre.reach("grace"), one.conversation_id, other.contact_id)


async def test_an_agent_may_not_merge(centre: Centre) -> None:
    by_mail, by_chat = await mail_and_chat(centre)
    with pytest.raises(Forbidden):
        async with centre.work() as session:
            await merge_kin(session, centre.now, centre.reach("elena"), by_chat.conversation_id, by_mail.contact_id)


async def test_a_merge_of_somebody_else_is_not_undone_from_here(centre: Centre) -> None:
    by_mail, by_chat = await mail_and_chat(centre)
    await centre.put_into(by_mail.conversation_id, models.ConversationState.CLOSED, None, "service")
    stranger = await comes(centre, "stranger")
    lev = centre.reach("lev")
    async with centre.work() as session:
        await merge_kin(session, centre.now, lev, by_chat.conversation_id, by_mail.contact_id)
        (past,) = await merges_into(session, by_chat.contact_id)
    with pytest.raises(NotFound):
        async with centre.work() as session:
            await unmerge_kin(session, centre.now, lev, stranger.conversation_id, past.id)
