"""What one arriving message writes, what a repeated one does not, and what is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from crm_core import models
from crm_core.contacts import ensure_contact
from crm_core.contracts import Attachment, ContactId, Identity, Inbound
from crm_core.db import unit_of_work
from crm_core.errors import InvalidInput
from crm_core.intake import MOST_KEY_CHARACTERS, MOST_TEXT_CHARACTERS, InlineClaim, inbox_ids, receive
from crm_core.jobs import JobKind, claim
from crm_core.states import ConversationState
from tests.support.factories import Centre, visitor

HELLO = Inbound("m-hello", visitor("maria"), "Where is my order?", subject="Order", language="en", raw=b"\x00raw\xff")


async def test_a_first_message_is_stored_with_all_it_causes(centre: Centre) -> None:
    received = await centre.deliver(replace(HELLO, choice="order_status"))
    (contact,), (address,) = await centre.rows(models.Contact), await centre.rows(models.Address)
    (conversation,), (message,) = await centre.rows(models.Conversation), await centre.rows(models.Message)
    (payload,), (job,) = await centre.rows(models.InboundPayload), await centre.rows(models.Job)
    assert received.is_new
    assert (address.uri, address.contact_id, address.verified_at) == ("web:maria", contact.id, None)
    assert (conversation.contact_id, conversation.state, conversation.subject) == (contact.id, "bot", "Order")
    assert (message.text, message.direction, message.author) == ("Where is my order?", "in", "contact")
    assert message.content == {"choice": "order_status"}
    assert (payload.raw, payload.external_id, payload.contact_id) == (b"\x00raw\xff", "m-hello", contact.id)
    assert (job.kind, job.conversation_id, job.attempts) == (JobKind.TURN, conversation.id, 0)
    assert await centre.events(conversation.id) == [
        ("conversation_opened", {"channel": "web"}),
        ("message_received", {"message_id": message.id}),
    ]


async def test_the_next_message_joins_the_open_conversation(centre: Centre) -> None:
    first = await centre.write("Hello")
    second = await centre.write("Anybody there?", at=centre.now + timedelta(minutes=1))
    assert second.conversation_id == first.conversation_id
    conversation = await centre.conversation(first.conversation_id)
    assert conversation.last_inbound_at == centre.now + timedelta(minutes=1)
    kinds = [kind for kind, _ in await centre.events(first.conversation_id)]
    assert kinds == ["conversation_opened", "message_received", "message_received"]


async def test_a_redelivery_changes_nothing_and_names_the_first_copy(centre: Centre) -> None:
    first = await centre.deliver(HELLO)
    again = await centre.deliver(replace(HELLO, text="changed on the way"), at=centre.now + timedelta(hours=1))
    assert again == replace(first, is_new=False)
    (message,) = await centre.rows(models.Message)
    assert message.text == HELLO.text
    for model in (models.Event, models.Job, models.Contact, models.InboundPayload):
        assert len(await centre.rows(model)) == (2 if model is models.Event else 1)


async def test_a_redelivery_after_the_end_opens_nothing(centre: Centre) -> None:
    first = await centre.deliver(HELLO)
    await centre.close(first.conversation_id)
    assert (await centre.deliver(HELLO)).conversation_id == first.conversation_id
    assert len(await centre.rows(models.Conversation)) == 1


async def test_the_same_id_in_another_inbox_is_another_message(centre: Centre) -> None:
    first = await centre.deliver(HELLO)
    other = await centre.deliver(HELLO, inbox="mail")
    assert other.is_new
    assert (other.contact_id, other.conversation_id) != (first.contact_id, first.conversation_id)
    assert other.contact_id == first.contact_id


async def test_a_failed_transaction_leaves_nothing(centre: Centre) -> None:
    async def fail_after_intake() -> None:
        async with unit_of_work(centre.sessions) as session:
            await receive(session, centre.now, centre.inboxes["web"], HELLO)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await fail_after_intake()
    for model in (models.Contact, models.Address, models.Conversation, models.Message, models.Event, models.Job):
        assert await centre.rows(model) == [], model
    assert (await centre.deliver(HELLO)).is_new


async def test_threads_of_one_contact_are_conversations_of_their_own(centre: Centre) -> None:
    one = await centre.deliver(replace(HELLO, external_id="a", thread_key="<1@example.com>"))
    two = await centre.deliver(replace(HELLO, external_id="b", thread_key="<2@example.com>"))
    assert one.contact_id == two.contact_id
    assert one.conversation_id != two.conversation_id


async def test_after_the_end_a_new_conversation_opens(centre: Centre) -> None:
    first = await centre.write()
    await centre.close(first.conversation_id)
    assert (await centre.write()).conversation_id != first.conversation_id


async def test_a_person_s_conversation_gets_no_turn(centre: Centre) -> None:
    conversation_id = await centre.assigned()
    jobs_before = len(await centre.rows(models.Job))
    received = await centre.write("Thanks")
    assert received.conversation_id == conversation_id
    assert len(await centre.rows(models.Job)) == jobs_before


@pytest.mark.parametrize(
    ("resting", "event"), [(ConversationState.WRAP_UP, "assigned"), (ConversationState.SNOOZED, "resumed")]
)
async def test_who_writes_again_gets_their_agent_back(centre: Centre, resting: ConversationState, event: str) -> None:
    conversation_id = await centre.assigned()
    await centre.put_into(conversation_id, resting, centre.staff["elena"], "service")
    await centre.write("One more thing")
    conversation = await centre.conversation(conversation_id)
    assert (conversation.state, conversation.agent_id) == ("assigned", centre.staff["elena"])
    assert (await centre.events(conversation_id))[-1] == (event, {"agent_id": centre.staff["elena"]})


@pytest.mark.parametrize("broken", ["a\x00b", "\ud800"], ids=["NUL", "surrogate"])
@pytest.mark.parametrize("part", ["external_id", "text", "subject", "thread_key", "choice", "language"])
async def test_what_cannot_be_stored_is_refused(centre: Centre, part: str, broken: str) -> None:
    with pytest.raises(InvalidInput, match="plain text"):
        await centre.deliver(replace(HELLO, **{part: broken}))  # type: ignore[arg-type]
    assert await centre.rows(models.Message) == []


@pytest.mark.parametrize(
    "inbound",
    [
        replace(HELLO, sender=visitor("a\x00b")),
        replace(HELLO, attachments=(Attachment("a\x00.pdf", "application/pdf", b"", "t"),)),
        replace(HELLO, attachments=(Attachment("a.pdf", "text/\ud800", b"", "t"),)),
        replace(HELLO, identity=Identity(name="\x00")),
        replace(HELLO, identity=Identity(customer_ref="\x00")),
        replace(HELLO, external_id=""),
        replace(HELLO, text="x" * (MOST_TEXT_CHARACTERS + 1)),
        replace(HELLO, external_id="x" * (MOST_KEY_CHARACTERS + 1)),
        replace(HELLO, thread_key="x" * (MOST_KEY_CHARACTERS + 1)),
        replace(HELLO, sender=visitor("x" * (MOST_KEY_CHARACTERS + 1))),
    ],
    ids=["sender", "file", "type", "name", "ref", "no id", "long text", "long id", "long thread", "long sender"],
)
async def test_what_no_table_could_hold_is_refused(centre: Centre, inbound: Inbound) -> None:
    with pytest.raises(InvalidInput):
        await centre.deliver(inbound)


async def test_the_longest_allowed_is_stored(centre: Centre) -> None:
    key = "".join(chr(0x1F300 + number % 700) for number in range(MOST_KEY_CHARACTERS))
    longest = replace(
        HELLO, text="я" * MOST_TEXT_CHARACTERS, external_id=key, thread_key=key, sender=visitor(key)
    )  # fmt: skip
    assert (await centre.deliver(longest)).is_new


async def test_an_inline_turn_is_ours_until_its_lease_runs_out(centre: Centre) -> None:
    async with centre.work() as session:
        inline = InlineClaim("serve-1", lease_s=8)
        received = await receive(session, centre.now, centre.inboxes["web"], HELLO, inline=inline)
    assert received.turn is not None
    assert (received.turn.kind, received.turn.attempts) == (JobKind.TURN, 1)
    for seconds, found in ((7, 0), (9, 1)):
        async with centre.work() as session:
            later = centre.now + timedelta(seconds=seconds)
            assert len(await claim(session, later, worker="w", limit=9, lease_s=30)) == found


async def test_the_contact_s_own_language_is_believed_first(centre: Centre) -> None:
    first = await centre.deliver(HELLO)
    async with centre.work() as session:
        await session.execute(update(models.Contact).values(language="ru"))
    await centre.close(first.conversation_id)
    second = await centre.deliver(replace(HELLO, external_id="m-2", language="es"))
    assert (await centre.conversation(second.conversation_id)).language == "ru"


async def test_files_are_noted_with_their_message(centre: Centre) -> None:
    file = Attachment("bill.pdf", "application/pdf", b"12345", stored_as="t" * 43)
    received = await centre.deliver(replace(HELLO, attachments=(file,)))
    await centre.deliver(replace(HELLO, attachments=(file,)))
    (row,) = await centre.rows(models.AttachmentRow)
    assert (row.message_id, row.name, row.size, row.token) == (received.message_id, "bill.pdf", 5, "t" * 43)


IDENTITY = Identity("C-1001", "Maria.Lopez@Example.com", "+34 910 555 100", "María López")


async def test_what_the_channel_proves_is_noted(centre: Centre) -> None:
    await centre.deliver(replace(HELLO, identity=IDENTITY))
    (contact,) = await centre.rows(models.Contact)
    assert (contact.name, contact.customer_ref) == ("María López", "C-1001")
    proven = {row.uri: row.verified_how for row in await centre.rows(models.Address)}
    assert proven == {"web:maria": None, "mailto:maria.lopez@example.com": "channel", "tel:+34910555100": "channel"}


async def test_a_proven_address_of_somebody_else_stays_theirs(centre: Centre) -> None:
    owner = await centre.write(who="maria")
    async with centre.work() as session:
        mail = "mailto:maria.lopez@example.com"
        session.add(models.Address(uri=mail, contact_id=owner.contact_id, created_at=centre.now))
        await session.flush()
    await centre.deliver(Inbound("m-2", visitor("mallory"), "Hi", identity=replace(IDENTITY, name="Mallory")))
    (kept,) = [row for row in await centre.rows(models.Address) if row.uri == mail]
    assert (kept.contact_id, kept.verified_at) == (owner.contact_id, None)


async def test_an_own_address_becomes_verified_when_it_is_proven(centre: Centre) -> None:
    first = await centre.deliver(HELLO)
    async with centre.work() as session:
        row = models.Address(uri="tel:+34910555100", contact_id=first.contact_id, created_at=centre.now)
        session.add(row)
        await session.flush()
    await centre.deliver(replace(HELLO, external_id="m-2", identity=Identity(phone="+34910555100")))
    (phone,) = [row for row in await centre.rows(models.Address) if row.uri.startswith("tel:")]
    assert (phone.verified_at, phone.verified_how) == (centre.now, "channel")


async def test_what_is_no_address_proves_none(centre: Centre) -> None:
    odd = Identity(email="not an address", phone="910 555 100", name="María")
    assert (await centre.deliver(replace(HELLO, identity=odd))).is_new
    assert [row.uri for row in await centre.rows(models.Address)] == ["web:maria"]


async def test_a_known_contact_is_found_with_what_is_known(centre: Centre) -> None:
    first = await centre.deliver(replace(HELLO, identity=IDENTITY))
    async with centre.work() as session:
        known = await ensure_contact(session, centre.now, HELLO.sender)
    assert (known.id, known.customer_ref, known.verified) == (ContactId(first.contact_id), "C-1001", False)


async def test_only_active_inboxes_are_listed(centre: Centre) -> None:
    async with centre.work() as session:
        await session.execute(update(models.Inbox).where(models.Inbox.key == "mail").values(active=False))
    async with centre.work() as session:
        assert await inbox_ids(session) == {"web": centre.inboxes["web"]}
