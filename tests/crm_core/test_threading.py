"""An answer finds its thread, a stranger does not, and repeating changes nothing."""

from dataclasses import replace

import pytest

from crm_core import models
from crm_core.contracts import Address, AddressKind, Identity, Inbound, Mark, MessageId
from crm_core.mailboxes import Position, keep_position, read_position
from crm_core.threading import plain_subject
from tests.support.factories import Centre

ANNA = Address(AddressKind.MAILTO, "anna@example.com")
EVE = Address(AddressKind.MAILTO, "eve@example.com")
FIRST = Inbound("<1@example.com>#a", ANNA, "Where is my order?", thread_key="<1@example.com>", subject="Order")
NEXT = replace(FIRST, external_id="<2@example.com>#b", thread_key="<2@example.com>", subject="Re: Order")
PROVEN = Identity(email="anna@example.com")


async def test_an_answer_to_our_message_goes_into_its_thread(centre: Centre) -> None:
    first = await centre.deliver(FIRST, inbox="mail")
    ours = await centre.bot_says(first.conversation_id, "Which one?")
    answer = replace(NEXT, in_reply_to=MessageId(ours))
    second, again = await centre.deliver(answer, inbox="mail"), await centre.deliver(answer, inbox="mail")
    assert (second.conversation_id, second.is_new) == (first.conversation_id, True)
    assert (again.message_id, again.is_new) == (second.message_id, False)


async def test_e4_somebody_else_gets_a_conversation_of_their_own(centre: Centre) -> None:
    first = await centre.deliver(FIRST, inbox="mail")
    ours = await centre.bot_says(first.conversation_id, "Which one?")
    other = await centre.deliver(replace(NEXT, sender=EVE, in_reply_to=MessageId(ours)), inbox="mail")
    assert other.conversation_id != first.conversation_id
    stored = (await centre.conversation(first.conversation_id)).address_id
    assert stored != (await centre.conversation(other.conversation_id)).address_id
    (said,) = [row for row in await centre.rows(models.Message) if row.id == other.message_id]
    assert said.content["marks"] == [Mark.DIFFERENT_SENDER.value]
    assert said.content["wrote_into"] == first.conversation_id

    from crm_core.models import Message  # noqa: PLC0415

    return Message


async def test_a_message_of_the_customer_cannot_be_answered_into(centre: Centre) -> None:
    first = await centre.deliver(FIRST, inbox="mail")
    second = await centre.deliver(replace(NEXT, in_reply_to=first.message_id), inbox="mail")
    assert second.conversation_id != first.conversation_id


@pytest.mark.parametrize(
    ("identity", "joins"), [(PROVEN, True), (None, False), (Identity(email="eve@example.com"), False)]
)
async def test_only_a_proven_sender_goes_on_by_subject(centre: Centre, identity: Identity | None, joins: int) -> None:
    first = await centre.deliver(FIRST, inbox="mail")
    second = await centre.deliver(replace(NEXT, identity=identity), inbox="mail")
    assert (second.conversation_id == first.conversation_id) is bool(joins)


async def test_another_subject_is_another_conversation(centre: Centre) -> None:
    first = await centre.deliver(FIRST, inbox="mail")
    second = await centre.deliver(replace(NEXT, identity=PROVEN, subject="Sofa"), inbox="mail")
    assert second.conversation_id != first.conversation_id


async def test_an_answer_after_the_end_opens_the_same_thread_anew(centre: Centre) -> None:
    first = await centre.deliver(FIRST, inbox="mail")
    ours = await centre.bot_says(first.conversation_id, "Done.")
    await centre.close(first.conversation_id)
    second = await centre.deliver(replace(NEXT, in_reply_to=MessageId(ours)), inbox="mail")
    assert second.conversation_id != first.conversation_id
    assert (await centre.conversation(second.conversation_id)).thread_key == FIRST.thread_key


@pytest.mark.parametrize(
    "subject", ["Order", "Re: Order", "RE: Fwd: order", "Ответ: Order", "RV:  Order", "Re[2]: Order"]
)
def test_prefixes_of_answers_do_not_count(subject: str) -> None:
    assert plain_subject(subject) == "order"


async def test_how_far_a_mailbox_is_read_is_kept(centre: Centre) -> None:
    mailbox = (centre.inboxes["mail"], "INBOX")
    async with centre.work() as session:
        assert await read_position(session, *mailbox) is None
        for last in (4, 9):
            await keep_position(session, centre.now, mailbox, Position(77, last))
        assert await read_position(session, *mailbox) == Position(77, 9)
