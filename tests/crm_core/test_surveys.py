"""Whom we ask for a rating, and what becomes of the answer."""

from datetime import datetime, timedelta

import pytest

from crm_core import models
from crm_core.agent_work import reply
from crm_core.contracts import ConversationId
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.surveys import answer_survey, send_survey
from tests.support.factories import Centre


async def closed(centre: Centre, disposition: str = "resolved", *, answered: bool = True) -> ConversationId:
    conversation_id = await centre.assigned("elena")
    if answered:
        async with centre.work() as session:
            await reply(session, centre.now, centre.reach("elena"), conversation_id, "Here you are.")
    await centre.close(conversation_id, disposition)
    return conversation_id


async def send(centre: Centre, conversation_id: ConversationId) -> bool:
    async with centre.work() as session:
        return await send_survey(session, centre.now, conversation_id)


async def answer(
    centre: Centre, conversation_id: ConversationId, score: int, comment: str | None = None, at: datetime | None = None
) -> None:
    async with centre.work() as session:
        await answer_survey(session, at or centre.now, conversation_id, score, comment)


async def test_who_was_answered_is_asked_once(centre: Centre) -> None:
    conversation_id = await closed(centre)
    assert [await send(centre, conversation_id) for _ in range(2)] == [True, False]
    assert (await centre.events(conversation_id))[-1] == ("survey_sent", {"survey": "csat"})
    assert len(await centre.rows(models.Survey)) == 1


async def test_who_was_helped_by_the_bot_is_asked(centre: Centre) -> None:
    received = await centre.write()
    await centre.bot_says(received.conversation_id, "It arrives on Friday.")
    await centre.close(received.conversation_id)
    assert await send(centre, received.conversation_id)


async def test_who_never_got_an_answer_is_not_asked(centre: Centre) -> None:
    assert not await send(centre, await closed(centre, answered=False))


@pytest.mark.parametrize("disposition", ["spam", "no_answer", "bot_finished"])
async def test_nobody_is_asked_about_silence_or_spam(centre: Centre, disposition: str) -> None:
    assert not await send(centre, await closed(centre, disposition))


async def test_an_open_or_unknown_conversation_is_not_asked_about(centre: Centre) -> None:
    assert not await send(centre, await centre.assigned())
    assert not await send(centre, ConversationId(999_999))


async def test_the_answer_is_kept_and_told_with_who_gave_it(centre: Centre) -> None:
    conversation_id = await closed(centre)
    await send(centre, conversation_id)
    await answer(centre, conversation_id, 4, "Quick\x00 and kind")
    (survey,) = await centre.rows(models.Survey)
    assert (survey.score, survey.comment, survey.answered_at) == (4, "Quick and kind", centre.now)
    event = (await centre.rows(models.Event))[-1]
    assert (event.kind, event.data) == ("survey_answered", {"survey": "csat", "score": 4, "changed": False})
    assert event.contact_id == (await centre.conversation(conversation_id)).contact_id


async def test_within_the_hour_the_answer_may_change(centre: Centre) -> None:
    conversation_id = await closed(centre)
    await send(centre, conversation_id)
    await answer(centre, conversation_id, 2)
    await answer(centre, conversation_id, 5, "Better now", centre.now + timedelta(minutes=50))
    with pytest.raises(Conflict):
        await answer(centre, conversation_id, 1, None, centre.now + timedelta(minutes=61))
    (survey,) = await centre.rows(models.Survey)
    assert (survey.score, survey.comment) == (5, "Better now")
    answers = [detail for kind, detail in await centre.events(conversation_id) if kind == "survey_answered"]
    assert [(detail["score"], detail["changed"]) for detail in answers] == [(2, False), (5, True)]


async def test_saying_the_same_again_changes_nothing(centre: Centre) -> None:
    conversation_id = await closed(centre)
    await send(centre, conversation_id)
    for hours in (0, 0.5, 5):
        await answer(centre, conversation_id, 3, "ok", centre.now + timedelta(hours=hours))
    assert [kind for kind, _ in await centre.events(conversation_id)].count("survey_answered") == 1


@pytest.mark.parametrize("score", [0, 6, -1, 100])
async def test_a_rating_is_one_to_five(centre: Centre, score: int) -> None:
    conversation_id = await closed(centre)
    await send(centre, conversation_id)
    with pytest.raises(InvalidInput):
        await answer(centre, conversation_id, score)


async def test_what_was_not_asked_cannot_be_answered(centre: Centre) -> None:
    with pytest.raises(NotFound):
        await answer(centre, await closed(centre), 5)


async def test_a_long_comment_is_cut(centre: Centre) -> None:
    conversation_id = await closed(centre)
    await send(centre, conversation_id)
    await answer(centre, conversation_id, 1, "я" * 9_000)
    assert [len(row.comment or "") for row in await centre.rows(models.Survey)] == [2_000]
