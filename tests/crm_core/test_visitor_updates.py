"""What a visitor's widget is shown: theirs, public, in order, and not more."""

from datetime import timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_core.agent_work import add_note, reply
from crm_core.contracts import Attachment, ConversationId, Inbound
from crm_core.surveys import answer_survey, send_survey
from crm_core.transcripts import VisitorUpdates, visitor_updates
from tests.support.factories import Centre, routing_files, visitor


async def seen_by(centre: Centre, who: str = "maria", after: int = 0, inbox: str = "web") -> VisitorUpdates:
    async with centre.sessions() as session:
        return await visitor_updates(session, centre.inboxes[inbox], visitor(who).uri, after)


def texts(updates: VisitorUpdates) -> list[str]:
    return [entry.text for entry in updates.entries]


async def test_before_the_first_message_there_is_nothing(centre: Centre) -> None:
    assert await seen_by(centre) == VisitorUpdates()


async def test_a_known_visitor_of_another_inbox_has_said_nothing_here(centre: Centre) -> None:
    await centre.write(inbox="mail")
    assert await seen_by(centre) == VisitorUpdates()


async def test_messages_come_in_order_and_only_those_after_the_last_seen(centre: Centre) -> None:
    conversation_id = (await centre.write("one")).conversation_id
    await centre.bot_says(conversation_id, "two")
    third = await centre.write("three")
    await centre.bot_says(conversation_id, "four")
    assert texts(await seen_by(centre)) == ["one", "two", "three", "four"]
    assert texts(await seen_by(centre, after=third.message_id)) == ["four"]


async def test_when_nothing_is_new_the_state_is_still_told(centre: Centre) -> None:
    received = await centre.write()
    updates = await seen_by(centre, after=received.message_id)
    assert updates == VisitorUpdates(received.conversation_id, "bot")


async def test_a_conversation_that_was_closed_and_the_next_are_read_as_one(centre: Centre) -> None:
    first = (await centre.write("old")).conversation_id
    await centre.bot_says(first, "answer")
    await centre.close(first)
    assert (await seen_by(centre)).state == "closed"
    second = (await centre.write("new")).conversation_id
    updates = await seen_by(centre)
    assert texts(updates) == ["old", "answer", "new"]
    assert (updates.conversation_id, updates.state) == (second, "bot")


async def test_nobody_sees_what_is_somebody_else_s(centre: Centre) -> None:
    await centre.write("Maria's secret", who="maria")
    await centre.write("Boris asks", who="boris")
    assert texts(await seen_by(centre, "boris")) == ["Boris asks"]


async def test_notes_and_what_the_bot_understood_stay_inside(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        await add_note(session, centre.now, centre.reach("pavel"), conversation_id, "VIP")
        await reply(session, centre.now, centre.reach("elena"), conversation_id, "Hello Maria")
    updates = await seen_by(centre)
    assert texts(updates) == ["Hello", "Hello Maria"]
    for entry in updates.entries:
        assert (entry.nlu, entry.agent_id, entry.delivery_code) == (None, None, None)


async def test_of_an_agent_only_the_first_name_is_told(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        await reply(session, centre.now, centre.reach("elena"), conversation_id, "Hello")
    updates = await seen_by(centre)
    assert (updates.agent_name, updates.entries[-1].agent_name) == ("Elena", "Elena")


async def test_who_is_merely_offered_the_conversation_is_not_named(centre: Centre) -> None:
    await centre.offered("elena")
    assert (await seen_by(centre)).agent_name is None


async def test_the_place_in_the_line_counts_who_came_before_in_the_same_queue(centre: Centre) -> None:
    start = centre.now
    await centre.follow(routing_files())
    await centre.set_state("elena")
    for minutes, who, queue in ((0, "anna", "service"), (1, "boris", "billing"), (2, "maria", "service")):
        centre.now = start + timedelta(minutes=minutes)
        await centre.waiting(who, queue)
    places = {who: (await seen_by(centre, who)).queue_position for who in ("anna", "boris", "maria")}
    assert places == {"anna": 1, "boris": 1, "maria": 2}
    assert ((await seen_by(centre, "maria")).estimated_wait_s or 0) > (
        (await seen_by(centre, "anna")).estimated_wait_s or 0
    )


async def test_who_is_served_has_no_place_in_the_line(centre: Centre) -> None:
    await centre.assigned("elena")
    updates = await seen_by(centre)
    assert (updates.queue_position, updates.estimated_wait_s, updates.state) == (None, None, "assigned")


async def test_the_rating_is_due_until_it_is_given(centre: Centre) -> None:
    conversation_id = await closed_and_asked(centre)
    assert ((await seen_by(centre)).survey_due, (await seen_by(centre)).answered) == (True, False)
    async with centre.work() as session:
        await answer_survey(session, centre.now, conversation_id, 4, None)
    assert ((await seen_by(centre)).survey_due, (await seen_by(centre)).answered) == (False, True)


async def closed_and_asked(centre: Centre) -> ConversationId:
    conversation_id = (await centre.write()).conversation_id
    await centre.bot_says(conversation_id, "It comes on Friday")
    await centre.close(conversation_id)
    async with centre.work() as session:
        assert await send_survey(session, centre.now, conversation_id)
    return conversation_id


async def test_a_file_is_shown_with_its_message(centre: Centre) -> None:
    file = Attachment("chair.jpg", "image/jpeg", b"123", stored_as="t" * 43)
    await centre.deliver(Inbound("m-file", visitor("maria"), "Look", attachments=(file,)))
    (entry,) = (await seen_by(centre)).entries
    assert [(shown.name, shown.content_type, shown.size) for shown in entry.attachments] == [
        ("chair.jpg", "image/jpeg", 3)
    ]  # fmt: skip


@pytest.mark.parametrize("messages", [1, 30])
async def test_it_takes_few_queries_however_much_was_said(centre: Centre, engine: AsyncEngine, messages: int) -> None:
    for number in range(messages):
        await centre.write(str(number))
    statements: list[str] = []

    def keep(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    sqlalchemy_event.listen(engine.sync_engine, "before_cursor_execute", keep)
    updates = await seen_by(centre)
    sqlalchemy_event.remove(engine.sync_engine, "before_cursor_execute", keep)
    assert len(updates.entries) == messages
    assert 1 <= len(statements) <= 3
