"""Closed conversations that go on: by the customer, by an agent; and what must not open one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from crm_core import models
from crm_core.agent_work import accept_conversation
from crm_core.contracts import Attachment, ConversationId, Inbound, Mark
from crm_core.conversations import close, lock_conversation
from crm_core.errors import Conflict, Forbidden, NotFound
from crm_core.events import Actor
from crm_core.intake import Received
from crm_core.reopening import is_only_thanks, reopen
from crm_core.routing_rules import read_rules
from crm_core.routing_view import read_waiting
from insight.facts import facts_of
from tests.support.factories import Centre, routing_files, visitor
from tests.support.stories import told

AGAIN = Inbound("again", visitor("maria"), "It is still broken")


@pytest.fixture
async def closed(centre: Centre) -> ConversationId:
    """Elena's, closed; its inbox opens again for three days."""
    await centre.follow(routing_files())
    async with centre.work() as session:
        await session.execute(update(models.Inbox).values(reopens_within_days=3))
    conversation_id = await centre.assigned("elena")
    await centre.close(conversation_id)
    return conversation_id


async def again(centre: Centre, inbound: Inbound = AGAIN, **later: float) -> Received:
    return await centre.deliver(inbound, at=centre.now + timedelta(**(later or {"hours": 5})))


async def take_up(centre: Centre, conversation_id: ConversationId, by: str = "pavel") -> None:
    async with centre.work() as session:
        await reopen(session, centre.now, centre.reach(by), conversation_id)


async def test_who_writes_again_goes_on_where_it_ended(centre: Centre, closed: ConversationId) -> None:
    received = await again(centre)
    found = await centre.conversation(closed)
    assert received.conversation_id == closed
    assert (found.state, found.closed_at, found.disposition) == ("queued", None, None)
    kinds = [kind for kind, _ in await centre.events(closed)]
    opened = kinds.index("reopened")
    assert kinds[opened + 1] == "queued"
    assert kinds.index("message_received", opened) > opened


async def test_it_is_kept_for_the_agent_who_had_it(centre: Centre, closed: ConversationId) -> None:
    await again(centre)
    async with centre.work() as session:
        (waiting,) = await read_waiting(session, centre.now, await read_rules(session))
    assert waiting.last_agent == centre.staff["elena"]


async def test_once_somebody_took_it_the_preference_is_over(centre: Centre, closed: ConversationId) -> None:
    await again(centre)
    async with centre.work() as session:
        await accept_conversation(session, centre.now, centre.reach("pavel"), closed)
    assert (await centre.conversation(closed)).last_agent_id is None


@pytest.mark.parametrize("days", [4, 40])
async def test_later_a_new_one_begins_that_is_linked_to_the_old(
    centre: Centre, closed: ConversationId, days: int
) -> None:
    received = await again(centre, days=days)
    begun = await centre.conversation(received.conversation_id)
    assert begun.id != closed
    assert begun.state == "bot"
    assert begun.follows_id == (closed if days < 30 else None)


async def test_thanks_disturb_nobody(centre: Centre, closed: ConversationId) -> None:
    received = await again(centre, replace(AGAIN, text="Thank you very much!"))
    assert received.conversation_id != closed
    assert (await centre.conversation(closed)).state == "closed"


async def test_a_photo_with_thanks_is_looked_at(centre: Centre, closed: ConversationId) -> None:
    photo = Attachment("broken.jpg", "image/jpeg", b"x", stored_as="token")
    received = await again(centre, replace(AGAIN, text="Thanks", attachments=(photo,)))
    assert received.conversation_id == closed


async def test_an_out_of_office_note_opens_nothing(centre: Centre, closed: ConversationId) -> None:
    await again(centre, replace(AGAIN, marks=frozenset({Mark.AUTOMATIC})))
    assert (await centre.conversation(closed)).state == "closed"


async def test_a_delivery_repeated_after_the_end_opens_nothing(centre: Centre, closed: ConversationId) -> None:
    await again(centre)
    await centre.close(closed)
    received = await again(centre, hours=6)
    assert not received.is_new
    assert (await centre.conversation(closed)).state == "closed"


async def test_what_the_bot_finished_alone_or_was_spam_stays_closed(centre: Centre, closed: ConversationId) -> None:
    await again(centre)
    await centre.close(closed, "spam")
    assert (await again(centre, replace(AGAIN, external_id="spam"))).conversation_id != closed


async def test_where_the_inbox_says_never_a_new_one_begins(centre: Centre, closed: ConversationId) -> None:
    async with centre.work() as session:
        await session.execute(update(models.Inbox).values(reopens_within_days=0))
    assert (await again(centre)).conversation_id != closed


async def test_an_agent_opens_one_by_hand_and_has_it(centre: Centre, closed: ConversationId) -> None:
    await take_up(centre, closed)
    found = await centre.conversation(closed)
    assert (found.state, found.agent_id, found.closed_at) == ("assigned", centre.staff["pavel"], None)
    kinds = [kind for kind, _ in await centre.events(closed)]
    assert kinds[kinds.index("reopened") + 1] == "assigned"
    assert kinds.count("queued") == 1


async def test_by_hand_only_what_is_closed_seen_and_alone(centre: Centre, closed: ConversationId) -> None:
    with pytest.raises(NotFound):
        await take_up(centre, closed, by="olga")
    other = await again(centre, days=5)
    with pytest.raises(Conflict):
        await take_up(centre, closed)
    with pytest.raises(Forbidden):
        async with centre.work() as session:
            await reopen(session, centre.now, centre.reach("grace"), other.conversation_id)


async def test_reports_count_it_and_tell_first_solved_from_last(centre: Centre, closed: ConversationId) -> None:
    await again(centre, hours=5)
    async with centre.work() as session:
        conversation = await lock_conversation(session, closed)
        await close(session, centre.now + timedelta(hours=6), conversation, "resolved", Actor.agent(1))
    (fact,) = facts_of(await told(centre, closed)).conversations
    assert fact.reopens == 1
    assert (fact.first_solved_at, fact.last_solved_at) == (centre.now, centre.now + timedelta(hours=6))


@pytest.mark.parametrize(
    "said", ["Thanks!", "ok", "Спасибо большое", "Muchas gracias por su ayuda", "👍", "Ок, спасибо!"]
)
def test_mere_thanks_are_known(said: str) -> None:
    assert is_only_thanks(said)


@pytest.mark.parametrize(
    "said",
    ["Thanks, but it is broken", "ok then cancel it", "Спасибо, но где заказ?", "No gracias, quiero otro", "1002"],
)
def test_what_says_more_is_not(said: str) -> None:
    assert not is_only_thanks(said)
