"""A send that failed or is in doubt waits for a person, and each decision is carried out once."""

import pytest

from crm_core import models
from crm_core.contracts import ConversationId, DeliveryState, MessageId
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.jobs import JobKind
from crm_core.parked_sends import mark_sent, parked_sends, resend
from tests.support.factories import Centre


async def parked(centre: Centre, state: DeliveryState = DeliveryState.IN_DOUBT) -> tuple[ConversationId, MessageId]:
    """Elena's conversation by mail, with a message nobody knows the end of."""
    conversation_id = await centre.assigned("elena", inbox="mail")
    message_id = await centre.bot_says(conversation_id, "On its way.")
    async with centre.work() as session:
        row = await session.get_one(models.Message, message_id)
        row.delivery, row.delivery_code = state.value, "timeout"
        for job in await centre.rows(models.Job):
            await session.delete(await session.get_one(models.Job, job.id))
    return conversation_id, MessageId(message_id)


async def stored(centre: Centre, message_id: int) -> models.Message:
    return next(row for row in await centre.rows(models.Message) if row.id == message_id)


@pytest.mark.parametrize("state", [DeliveryState.IN_DOUBT, DeliveryState.FAILED])
async def test_it_is_sent_again_once(centre: Centre, state: DeliveryState) -> None:
    conversation_id, message_id = await parked(centre, state)
    async with centre.work() as session:
        await resend(session, centre.now, centre.reach("elena"), conversation_id, message_id)
    assert (await stored(centre, message_id)).delivery == "pending"
    sends = [job.payload for job in await centre.rows(models.Job) if job.kind == JobKind.SEND]
    assert sends == [{"message_id": message_id}]
    with pytest.raises(Conflict):
        async with centre.work() as session:
            await resend(session, centre.now, centre.reach("grace"), conversation_id, message_id)
    assert (await centre.events(conversation_id))[-1] == ("send_settled", {"message_id": message_id, "how": "resent"})


async def test_it_is_taken_for_sent(centre: Centre) -> None:
    conversation_id, message_id = await parked(centre)
    async with centre.work() as session:
        await mark_sent(session, centre.now, centre.reach("elena"), conversation_id, message_id)
    message = await stored(centre, message_id)
    assert (message.delivery, message.delivery_code, message.sent_at) == ("sent", None, centre.now)
    assert await centre.rows(models.Job) == []


async def test_what_did_arrive_is_not_sent_again(centre: Centre) -> None:
    conversation_id, message_id = await parked(centre, DeliveryState.DELIVERED)
    with pytest.raises(Conflict):
        async with centre.work() as session:
            await resend(session, centre.now, centre.reach("elena"), conversation_id, message_id)


@pytest.mark.parametrize(("who", "error"), [("pavel", Forbidden), ("olga", NotFound)])
async def test_a_colleague_s_send_is_not_theirs_to_settle(centre: Centre, who: str, error: type[Exception]) -> None:
    conversation_id, message_id = await parked(centre)
    with pytest.raises(error):
        async with centre.work() as session:
            await mark_sent(session, centre.now, centre.reach(who), conversation_id, message_id)
    assert (await stored(centre, message_id)).delivery == "in_doubt"


async def test_a_message_of_another_conversation_is_not_there(centre: Centre) -> None:
    _, message_id = await parked(centre)
    other = await centre.assigned("elena", who="anton", inbox="mail")
    with pytest.raises(NotFound):
        async with centre.work() as session:
            await resend(session, centre.now, centre.reach("elena"), other, message_id)


async def test_the_list_holds_what_its_reader_may_see(centre: Centre) -> None:
    _, message_id = await parked(centre)
    async with centre.sessions() as session:
        seen = {who: await parked_sends(session, centre.reach(who)) for who in ("elena", "olga", "grace")}
    assert {who: [one.message_id for one in found] for who, found in seen.items()} == {
        "elena": [message_id], "olga": [], "grace": [message_id],
    }  # fmt: skip
    assert (seen["grace"][0].code, seen["grace"][0].channel) == ("timeout", "mail")
