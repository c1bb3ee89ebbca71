"""Answers of colleagues to the like of a question: near enough, seen by the reader, and without that customer's own."""

import pytest

from crm_core.agent_work import reply
from crm_core.contracts import ConversationId
from crm_core.similar import Asked, Solved, similar_solved, without_their_own
from tests.support.factories import Centre

QUESTION = "My oak table arrived with a broken leg, can I get a new leg?"
ANSWER = "I am sorry! A new leg for order 100234 goes out today."


async def solved(centre: Centre, who: str = "ivan", queue: str = "service", disposition: str = "resolved") -> int:
    by = "elena" if queue == "service" else "olga"
    conversation_id = await centre.assigned(by, who, queue)
    received = await centre.write("the oak table has a broken leg", who=who)
    await centre.understood(received.message_id, "damaged_item")
    async with centre.work() as session:
        await reply(session, centre.now, centre.reach(by), conversation_id, ANSWER)
    await centre.close(conversation_id, disposition, by=by)
    return conversation_id


async def asked(centre: Centre, text: str = QUESTION, by: str = "pavel") -> list[Solved]:
    conversation_id = await centre.assigned("pavel")
    async with centre.sessions() as session:
        question = Asked(ConversationId(conversation_id), text, "en")
        return await similar_solved(session, centre.now, centre.reach(by), question)


async def test_what_was_answered_before_is_offered_with_its_source(centre: Centre) -> None:
    earlier = await solved(centre)
    (found,) = await asked(centre)
    assert found.conversation_id == earlier
    assert found.answer == "I am sorry! A new leg for order {number} goes out today."


async def test_another_matter_is_not(centre: Centre) -> None:
    await solved(centre)
    assert await asked(centre, "Can I pay my invoice in two parts?") == []


async def test_neither_is_what_was_not_solved(centre: Centre) -> None:
    await solved(centre, disposition="spam")
    assert await asked(centre) == []


async def test_nor_what_the_reader_may_not_see(centre: Centre) -> None:
    await solved(centre, queue="billing")
    assert await asked(centre) == []
    async with centre.sessions() as session:
        question = Asked(0, QUESTION, "en")
        assert await similar_solved(session, centre.now, centre.reach("grace"), question)


@pytest.mark.parametrize(
    ("said", "name", "kept"),
    [
        ("Dear Ivan Petrov, order SO-100234 is here.", "Ivan Petrov", "Dear {name}, order {number} is here."),
        ("I wrote to ivan@oslo.example.", "Ivan", "I wrote to {address}"),
        ("Call +34 600 123 456 within 14 days.", None, "Call {number} within 14 days."),
        ("Nothing of theirs.", None, "Nothing of theirs."),
    ],
)
def test_what_is_theirs_alone_is_a_blank(said: str, name: str | None, kept: str) -> None:
    assert without_their_own(said, name).startswith(kept)
