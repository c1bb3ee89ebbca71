"""What is reported later of a message: reports may repeat and overtake each other."""

from datetime import timedelta

import pytest

from crm_core import models
from crm_core.contracts import (
    AddressKind,
    DeliveryState,
    DeliveryUpdate,
    Edit,
    Inbound,
    Mark,
    MessageId,
    Part,
    Reachability,
)
from crm_core.deliveries import note_delivery, note_edit, note_reachability
from tests.support.factories import Centre, visitor


async def sent_message(centre: Centre) -> tuple[int, MessageId]:
    """A message of the bot that its provider knows as SM-1."""
    received = await centre.write(inbox="mail")
    message_id = await centre.bot_says(received.conversation_id, "On its way.")
    async with centre.work() as session:
        row = await session.get_one(models.Message, message_id)
        row.delivery, row.external_id = DeliveryState.SENT.value, "SM-1"
    return received.conversation_id, MessageId(message_id)


async def reported(centre: Centre, *reports: DeliveryUpdate, inbox: str = "mail") -> list[bool]:
    changed = []
    for minute, report in enumerate(reports):
        async with centre.work() as session:
            at = centre.now + timedelta(minutes=minute)
            changed.append(await note_delivery(session, at, centre.inboxes[inbox], report))
    return changed


async def stored(centre: Centre, message_id: int) -> models.Message:
    return next(row for row in await centre.rows(models.Message) if row.id == message_id)


async def test_delivered_and_read_are_noted_with_their_times(centre: Centre) -> None:
    conversation_id, message_id = await sent_message(centre)
    by_provider = DeliveryUpdate(DeliveryState.DELIVERED, external_id="SM-1")
    assert await reported(centre, by_provider, DeliveryUpdate(DeliveryState.READ, message_id=message_id)) == [True] * 2
    message = await stored(centre, message_id)
    assert (message.delivery, message.delivered_at) == ("read", centre.now)
    kinds = [kind for kind, _ in await centre.events(conversation_id)]
    assert kinds[-2:] == ["message_delivered", "message_read"]


@pytest.mark.parametrize("late", [DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED])
async def test_a_report_that_was_overtaken_changes_nothing(centre: Centre, late: DeliveryState) -> None:
    conversation_id, message_id = await sent_message(centre)
    delivered = DeliveryUpdate(DeliveryState.DELIVERED, external_id="SM-1")
    assert await reported(centre, delivered, DeliveryUpdate(late, external_id="SM-1")) == [True, False]
    assert (await stored(centre, message_id)).delivery == "delivered"
    assert len([kind for kind, _ in await centre.events(conversation_id) if kind.startswith("message_")]) == 2


DELIVERED, READ, FAILED = DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.FAILED


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([(1, DELIVERED)], "sent"),
        ([(1, DELIVERED), (2, DELIVERED)], "delivered"),
        ([(2, READ), (1, DELIVERED)], "delivered"),
        ([(2, READ), (1, READ)], "read"),
        ([(1, DELIVERED), (2, FAILED)], "failed"),
        ([(2, FAILED), (1, DELIVERED)], "failed"),
        ([(1, DELIVERED), (1, DELIVERED)], "sent"),
    ],
)
async def test_a_long_text_arrived_when_all_its_parts_did(
    centre: Centre, reports: list[tuple[int, DeliveryState]], expected: str
) -> None:
    _, message_id = await sent_message(centre)
    told = [DeliveryUpdate(state, message_id=message_id, part=Part(number, 2)) for number, state in reports]
    await reported(centre, *told)
    assert (await stored(centre, message_id)).delivery == expected


async def test_a_report_about_another_inbox_s_message_changes_nothing(centre: Centre) -> None:
    _, message_id = await sent_message(centre)
    report = DeliveryUpdate(DeliveryState.FAILED, external_id="SM-1", code="30003")
    assert await reported(centre, report, inbox="web") == [False]
    assert await reported(centre, report) == [True]
    assert (await stored(centre, message_id)).delivery_code == "30003"


async def test_an_edit_keeps_what_was_written_before(centre: Centre) -> None:
    received = await centre.deliver(Inbound("m-e", visitor("maria"), "Where is 100234?"))
    edit = Edit("m-e", "Where is 100235? My card is 4111 1111 1111 1111")
    async with centre.work() as session:
        assert await note_edit(session, centre.now, centre.inboxes["web"], edit)
    async with centre.work() as session:
        assert not await note_edit(session, centre.now, centre.inboxes["web"], edit)
        assert not await note_edit(session, centre.now, centre.inboxes["mail"], Edit("m-e", "Mine"))
    message = await stored(centre, received.message_id)
    assert message.text.startswith("Where is 100235?")
    assert "4111 1111" not in message.text
    assert message.content == {"before": ["Where is 100234?"], "marks": ["edited"]}


async def test_an_address_is_marked_unreachable_and_cleared(centre: Centre) -> None:
    await centre.write()
    gone = Reachability(visitor("maria"), is_reachable=False, reason="blocked")
    back = Reachability(visitor("maria"), is_reachable=True, reason="started")
    marks = []
    for report in (gone, gone, back, back):
        async with centre.work() as session:
            changed = await note_reachability(session, centre.now, report)
        (address,) = await centre.rows(models.Address)
        marks.append((changed, address.unreachable_why))
    assert marks == [(True, "blocked"), (False, "blocked"), (True, None), (False, None)]
    assert [kind for kind, _ in await centre.events(None)] == ["address_unreachable", "address_reachable"]


async def test_an_automatic_message_is_kept_with_its_marks_and_gets_no_turn(centre: Centre) -> None:
    marks = frozenset({Mark.AUTOMATIC, Mark.UNVERIFIED_SENDER})
    inbound = Inbound("m-a", visitor("maria"), "I am away.", marks=marks, extra={"quoted": "> card 4111111111111111"})
    await centre.deliver(inbound)
    (message,) = await centre.rows(models.Message)
    assert message.content["marks"] == ["automatic", "unverified_sender"]
    assert "4111111111111111" not in str(message.content)
    assert await centre.rows(models.Job) == []
    assert AddressKind.WEB.value in (await centre.rows(models.Address))[0].uri


async def test_a_bounce_marks_only_the_address_that_the_message_went_to(centre: Centre) -> None:
    _, message_id = await sent_message(centre)
    other = await centre.write(who="boris", inbox="mail")
    assert other.is_new
    for who, marked in (("boris", False), ("maria", True)):
        report = Reachability(visitor(who), is_reachable=False, reason="bounced_5.1.1", message_id=message_id)
        async with centre.work() as session:
            assert await note_reachability(session, centre.now, report) is marked
