"""Going on in another channel: same customer, same agent, everything known; nobody else's conversation is taken."""

import pytest
from sqlalchemy import update

from crm_core import models
from crm_core.contacts import ensure_contact
from crm_core.continuation import Continuation, Way, continue_in, ways_on
from crm_core.contracts import Address, AddressKind, ConversationId, Inbound
from crm_core.errors import Conflict, Forbidden, NotFound
from tests.support.factories import Centre, add_inbox

MAILBOX = Address(AddressKind.MAILTO, "maria@example.com")


async def chatting(centre: Centre) -> ConversationId:
    """Elena chats with Maria, whose mail address is known; there is a mailbox and an SMS number."""
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        centre.inboxes["post"] = await add_inbox(session, "post", pulled=False)
        await session.execute(update(models.Inbox).where(models.Inbox.key == "post").values(channel="email"))
        centre.inboxes["text"] = await add_inbox(session, "text", pulled=False)
        await session.execute(update(models.Inbox).where(models.Inbox.key == "text").values(channel="sms"))
        here = await session.get_one(models.Conversation, conversation_id)
        known = await ensure_contact(session, centre.now, MAILBOX)
        await session.execute(
            update(models.Address).where(models.Address.id == known.address_id).values(contact_id=here.contact_id)
        )
        here.customer_ref, here.verified_at, here.verified_how = "C-1001", centre.now, "order_email"
    return conversation_id


async def ways(centre: Centre, conversation_id: ConversationId) -> list[Way]:
    async with centre.sessions() as session:
        return await ways_on(session, await session.get_one(models.Conversation, conversation_id))


async def go_on(centre: Centre, conversation_id: ConversationId, way: Way, who: str = "elena") -> ConversationId:
    wanted = Continuation(way.inbox_id, way.address_id, "Here is what we said.")
    async with centre.work() as session:
        return await continue_in(session, centre.now, centre.reach(who), conversation_id, wanted)


async def test_only_ways_that_fit_an_address_are_offered(centre: Centre) -> None:
    (way,) = await ways(centre, await chatting(centre))
    assert (way.channel, way.uri, way.inbox_id) == ("email", MAILBOX.uri, centre.inboxes["post"])


async def test_the_agent_goes_on_there_with_everything_known(centre: Centre) -> None:
    here = await chatting(centre)
    (way,) = await ways(centre, here)
    there = await go_on(centre, here, way)
    opened = await centre.conversation(there)
    assert (opened.state, opened.agent_id, opened.inbox_id) == ("assigned", centre.staff["elena"], way.inbox_id)
    assert (opened.customer_ref, opened.verified_how, opened.handoff) == (
        "C-1001", "order_email", (await centre.conversation(here)).handoff,
    )  # fmt: skip
    said = [row for row in await centre.rows(models.Message) if row.conversation_id == there]
    assert [(row.text, row.delivery) for row in said] == [("Here is what we said.", "pending")]
    assert ("continued_elsewhere", {"to_conversation_id": there, "channel": "email"}) in await centre.events(here)
    assert await go_on(centre, here, way) == there, "the same matter goes on in the same thread"


async def test_an_answer_there_reaches_the_same_contact(centre: Centre) -> None:
    here = await chatting(centre)
    (way,) = await ways(centre, here)
    await go_on(centre, here, way)
    answer = await centre.deliver(Inbound("a-1", MAILBOX, "Thank you"), inbox="post")
    assert answer.contact_id == (await centre.conversation(here)).contact_id


async def test_an_address_that_cannot_be_reached_is_no_way(centre: Centre) -> None:
    here = await chatting(centre)
    (way,) = await ways(centre, here)
    async with centre.work() as session:
        (await session.get_one(models.Address, way.address_id)).unreachable_at = centre.now
    assert await ways(centre, here) == []
    with pytest.raises(NotFound):
        await go_on(centre, here, way)


async def test_only_the_owner_goes_on(centre: Centre) -> None:
    here = await chatting(centre)
    (way,) = await ways(centre, here)
    with pytest.raises(Forbidden):
        await go_on(centre, here, way, "pavel")


async def test_a_colleague_s_conversation_there_is_not_taken(centre: Centre) -> None:
    here = await chatting(centre)
    (way,) = await ways(centre, here)
    there = await go_on(centre, here, way)
    async with centre.work() as session:
        (await session.get_one(models.Conversation, there)).agent_id = centre.staff["pavel"]
    with pytest.raises(Conflict):
        await go_on(centre, here, way)
