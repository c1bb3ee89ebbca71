"""A whisper reaches its agent and nobody else; taking over ends what the other could do."""

import pytest

from crm_core import models
from crm_core.agent_work import reply, take_over, transfer_to_queue
from crm_core.contracts import ConversationId
from crm_core.errors import Conflict, Forbidden
from crm_core.inbox_view import InboxTab, inbox_rows
from crm_core.jobs import JobKind
from crm_core.supervision import whisper
from crm_core.transcripts import transcript, visitor_updates
from tests.support.factories import Centre

SAID = "Offer her the refund."


async def say_softly(centre: Centre, conversation_id: ConversationId, by: str = "grace") -> int:
    async with centre.work() as session:
        return await whisper(session, centre.now, centre.reach(by), conversation_id, SAID)


async def take(centre: Centre, conversation_id: ConversationId) -> None:
    async with centre.work() as session:
        await take_over(session, centre.now, centre.reach("grace"), conversation_id)


async def hears(centre: Centre, who: str, conversation_id: ConversationId) -> bool:
    async with centre.sessions() as session:
        entries = (await transcript(session, centre.reach(who), conversation_id)).entries
    return SAID in [entry.text for entry in entries]


async def test_only_its_agent_and_who_supervises_hear_a_whisper(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena", inbox="mail")
    message_id = await say_softly(centre, conversation_id)
    heard = {who: await hears(centre, who, conversation_id) for who in ("elena", "grace", "ada", "pavel")}
    assert heard == {"elena": True, "grace": True, "ada": True, "pavel": False}
    detail = {"message_id": message_id, "agent_id": centre.staff["elena"]}
    assert (await centre.events(conversation_id))[-1] == ("whispered", detail)
    assert [row for row in await centre.rows(models.Job) if row.kind == JobKind.SEND] == []


async def test_the_customer_and_the_list_never_hear_it(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    await say_softly(centre, conversation_id)
    async with centre.sessions() as session:
        updates = await visitor_updates(session, centre.inboxes["web"], "web:maria", 0)
        rows = await inbox_rows(session, centre.reach("pavel"), InboxTab.ALL)
    assert SAID not in [entry.text for entry in updates.entries]
    assert [row.last_line for row in rows] == ["Hello"]


async def test_who_gets_it_later_does_not_hear_what_was_whispered_before(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    await say_softly(centre, conversation_id)
    async with centre.work() as session:
        await transfer_to_queue(session, centre.now, centre.reach("elena"), conversation_id, "service")
    assert not await hears(centre, "pavel", conversation_id)
    assert await hears(centre, "elena", conversation_id)


async def test_only_who_supervises_whispers_and_only_to_somebody(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    for who in ("elena", "pavel"):
        with pytest.raises(Forbidden):
            await say_softly(centre, conversation_id, by=who)
    waiting = await centre.waiting("tom")
    with pytest.raises(Conflict):
        await say_softly(centre, waiting)
    await take(centre, conversation_id)
    with pytest.raises(Conflict):
        await say_softly(centre, conversation_id)


async def test_once_taken_over_the_agent_answers_no_more(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    await take(centre, conversation_id)
    with pytest.raises(Forbidden):
        async with centre.work() as session:
            await reply(session, centre.now, centre.reach("elena"), conversation_id, "One moment")
