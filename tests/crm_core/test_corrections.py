"""Intents corrected in the transcript: who may, what the reviewer decides, what is demanded of models from then on."""

import pytest

from crm_core import models
from crm_core.contracts import ConversationId, MessageId
from crm_core.corrections import (
    Reading,
    accept_correction,
    accepted_corrections,
    as_regression,
    correct_intent,
    dismiss_correction,
    open_corrections,
)  # fmt: skip
from crm_core.errors import Conflict, Forbidden, InvalidInput, NotFound
from crm_core.transcripts import transcript
from tests.support.factories import Centre

pytestmark = pytest.mark.slow


async def read(
    centre: Centre, text: str = "Where is it?", intent: str = "greeting"
) -> tuple[ConversationId, MessageId]:
    """A message that the bot read as `intent`, now with Elena."""
    received = await centre.write(text)
    await centre.understood(received.message_id, intent)
    await centre.assigned("elena")
    return received.conversation_id, received.message_id


async def correct(centre: Centre, who: str, conversation_id: ConversationId, message_id: int, intent: str) -> None:
    async with centre.work() as session:
        reading = Reading(MessageId(message_id), intent)
        await correct_intent(session, centre.now, centre.reach(who), conversation_id, reading)


async def waiting(centre: Centre) -> list[tuple[str, str, str, str]]:
    async with centre.work() as session:
        found = await open_corrections(session, centre.reach("grace"))
    return [(one.text, one.intent_was, one.intent, one.by) for one in found]


async def test_a_correction_waits_for_review_shows_in_the_transcript_and_is_an_event(centre: Centre) -> None:
    conversation_id, message_id = await read(centre)
    await correct(centre, "elena", conversation_id, message_id, "order_status")
    assert await waiting(centre) == [("Where is it?", "greeting", "order_status", "Elena Moreno")]
    async with centre.work() as session:
        entries = (await transcript(session, centre.reach("elena"), conversation_id)).entries
    assert [entry.corrected_intent for entry in entries if entry.id == message_id] == ["order_status"]
    happened = [data for kind, data in await centre.events(conversation_id) if kind == "intent_corrected"]
    assert happened == [{"message_id": message_id, "from_intent": "greeting", "intent": "order_status"}]


async def test_a_second_thought_replaces_it_and_the_bots_own_reading_takes_it_back(centre: Centre) -> None:
    conversation_id, message_id = await read(centre)
    await correct(centre, "elena", conversation_id, message_id, "order_status")
    await correct(centre, "lev", conversation_id, message_id, "complaint")
    assert [line[2:] for line in await waiting(centre)] == [("complaint", "Lev Lead")]
    await correct(centre, "elena", conversation_id, message_id, "greeting")
    assert await waiting(centre) == []


async def test_nobody_corrects_what_they_may_not_see_nor_what_the_bot_did_not_read(centre: Centre) -> None:
    conversation_id, message_id = await read(centre)
    said = await centre.bot_says(conversation_id, "Hello")
    other = (await centre.write("Hi", who="boris")).message_id
    with pytest.raises(NotFound):
        await correct(centre, "olga", conversation_id, message_id, "order_status")
    for unread in (said, other):
        with pytest.raises(NotFound):
            await correct(centre, "elena", conversation_id, unread, "order_status")
    assert await waiting(centre) == []


async def test_what_is_accepted_is_demanded_in_the_reviewers_words(centre: Centre) -> None:
    conversation_id, message_id = await read(centre, "Where is it? Ana Ruiz, 4111 1111 1111 1111")
    await correct(centre, "elena", conversation_id, message_id, "order_status")
    async with centre.work() as session:
        (one,) = await open_corrections(session, centre.reach("grace"))
        await accept_correction(session, centre.now, centre.reach("grace"), one.id, " Where is it? 4111 1111 1111 1111")
    assert await waiting(centre) == []
    async with centre.work() as session:
        accepted = await accepted_corrections(session)
    assert as_regression(accepted) == {"en": {"order_status": ["Where is it? •••• •••• •••• 1111"]}}
    with pytest.raises(Conflict):
        await correct(centre, "elena", conversation_id, message_id, "complaint")


async def test_a_dismissed_one_teaches_nothing_and_no_longer_shows(centre: Centre) -> None:
    conversation_id, message_id = await read(centre)
    await correct(centre, "elena", conversation_id, message_id, "order_status")
    async with centre.work() as session:
        (one,) = await open_corrections(session, centre.reach("grace"))
        await dismiss_correction(session, centre.now, centre.reach("grace"), one.id)
    async with centre.work() as session:
        assert await accepted_corrections(session) == []
        entries = (await transcript(session, centre.reach("elena"), conversation_id)).entries
        with pytest.raises(Conflict):
            await dismiss_correction(session, centre.now, centre.reach("grace"), one.id)
    assert {entry.corrected_intent for entry in entries} == {None}


@pytest.mark.parametrize("who", ["elena", "lev"])
async def test_only_supervisors_review(centre: Centre, who: str) -> None:
    conversation_id, message_id = await read(centre)
    await correct(centre, "elena", conversation_id, message_id, "order_status")
    (row,) = await centre.rows(models.NluCorrection)
    async with centre.work() as session:
        with pytest.raises(Forbidden):
            await open_corrections(session, centre.reach(who))
        with pytest.raises(Forbidden):
            await dismiss_correction(session, centre.now, centre.reach(who), row.id)
        with pytest.raises(Forbidden):
            await accept_correction(session, centre.now, centre.reach(who), row.id, "Where is it?")


@pytest.mark.parametrize("text", ["", "  ", "x" * 501, "a\x00b"])
async def test_a_sentence_to_learn_is_a_sentence(centre: Centre, text: str) -> None:
    conversation_id, message_id = await read(centre)
    await correct(centre, "elena", conversation_id, message_id, "order_status")
    (row,) = await centre.rows(models.NluCorrection)
    async with centre.work() as session:
        with pytest.raises(InvalidInput):
            await accept_correction(session, centre.now, centre.reach("grace"), row.id, text)
