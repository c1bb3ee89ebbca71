"""What an agent may do, what it writes, and what is refused."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from crm_core import models
from crm_core.agent_work import (
    MOST_CHARACTERS,
    accept_conversation,
    add_note,
    close_conversation,
    reply,
    take_over,
    transfer_to_queue,
)
from crm_core.contracts import ConversationId
from crm_core.errors import AlreadyTaken, Conflict, Forbidden, InvalidInput, NotFound
from crm_core.jobs import JobKind
from tests.support.factories import Centre

KNOWN = ("resolved", "spam")


@pytest.fixture
def say(centre: Centre) -> Callable[..., Awaitable[int]]:
    async def say(who: str, conversation_id: ConversationId, text: str = "Hello", at: datetime | None = None) -> int:
        async with centre.work() as session:
            return await reply(session, at or centre.now, centre.reach(who), conversation_id, text)

    return say


Say = Callable[..., Awaitable[int]]


async def test_a_reply_is_stored_as_the_agent_s_and_recorded(centre: Centre, say: Say) -> None:
    conversation_id = await centre.assigned("elena")
    message_id = await say("elena", conversation_id, "  It ships today.\n", centre.now + timedelta(seconds=40))
    message = (await centre.rows(models.Message))[-1]
    assert (message.id, message.text, message.author, message.agent_id, message.visibility) == (
        message_id, "It ships today.", "agent", centre.staff["elena"], "public",
    )  # fmt: skip
    assert (await centre.conversation(conversation_id)).first_replied_at == centre.now + timedelta(seconds=40)
    detail = {"message_id": message_id, "first": True, "waited_s": 40.0}
    assert (await centre.events(conversation_id))[-1] == ("agent_replied", detail)


async def test_a_reply_in_an_inbox_that_must_be_carried_gets_a_job(centre: Centre, say: Say) -> None:
    conversation_id = await centre.assigned("elena", inbox="mail")
    message_id = await say("elena", conversation_id)
    (job,) = [row for row in await centre.rows(models.Job) if row.kind == JobKind.SEND]
    assert (job.conversation_id, job.payload) == (conversation_id, {"message_id": message_id})
    assert (await centre.rows(models.Message))[-1].delivery == "pending"


async def test_the_wait_is_counted_from_the_first_unanswered_word(centre: Centre, say: Say) -> None:
    conversation_id = await centre.assigned("elena")
    start = centre.now
    for step, seconds in (("says", 10), ("says", 15), ("asks", 100), ("asks", 160), ("says", 220)):
        at = start + timedelta(seconds=seconds)
        await (say("elena", conversation_id, "Hm", at) if step == "says" else centre.write("Well?", at=at))
    replies = [detail for kind, detail in await centre.events(conversation_id) if kind == "agent_replied"]
    assert [(detail["first"], detail["waited_s"]) for detail in replies] == [
        (True, 10.0),
        (False, None),
        (False, 120.0),
    ]


async def test_the_wait_in_the_line_counts_and_the_time_with_the_bot_does_not(centre: Centre, say: Say) -> None:
    conversation_id = await centre.assigned("elena")
    await say("elena", conversation_id, at=centre.now + timedelta(minutes=1))
    async with centre.work() as session:
        moved = centre.now + timedelta(minutes=5)
        await transfer_to_queue(session, moved, centre.reach("elena"), conversation_id, "billing")
        await accept_conversation(session, moved, centre.reach("olga"), conversation_id)
    await say("olga", conversation_id, at=centre.now + timedelta(minutes=7))
    assert (await centre.events(conversation_id))[-1][1]["waited_s"] == 120.0


async def test_a_note_stays_inside_and_is_no_reply(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena", inbox="mail")
    async with centre.work() as session:
        note_id = await add_note(session, centre.now, centre.reach("pavel"), conversation_id, "VIP, be kind")
    note = (await centre.rows(models.Message))[-1]
    assert (note.id, note.visibility, note.delivery, note.sent_at) == (note_id, "internal", None, None)
    assert (await centre.conversation(conversation_id)).first_replied_at is None
    assert not [row for row in await centre.rows(models.Job) if row.kind == JobKind.SEND]
    assert (await centre.events(conversation_id))[-1] == ("note_added", {"message_id": note_id})


@pytest.mark.parametrize("text", ["", " \n\t", "a\x00", "\ud800", "x" * (MOST_CHARACTERS + 1)])
async def test_what_cannot_be_said_is_refused(centre: Centre, say: Say, text: str) -> None:
    conversation_id = await centre.assigned("elena")
    with pytest.raises(InvalidInput):
        await say("elena", conversation_id, text)
    async with centre.work() as session:
        with pytest.raises(InvalidInput):
            await add_note(session, centre.now, centre.reach("elena"), conversation_id, text)
    assert len(await centre.rows(models.Message)) == 1


async def test_only_the_owner_replies(centre: Centre, say: Say) -> None:
    conversation_id = await centre.assigned("elena")
    for who in ("pavel", "lev", "grace", "ada"):
        with pytest.raises(Forbidden):
            await say(who, conversation_id)
    with pytest.raises(NotFound):
        await say("olga", conversation_id)


async def test_an_offer_must_be_accepted_before_a_reply(centre: Centre, say: Say) -> None:
    conversation_id = await centre.offered("elena")
    with pytest.raises(Forbidden):
        await say("elena", conversation_id)
    async with centre.work() as session:
        await accept_conversation(session, centre.now, centre.reach("elena"), conversation_id)
    assert await say("elena", conversation_id)


async def test_a_closed_conversation_takes_no_reply(centre: Centre, say: Say) -> None:
    conversation_id = await centre.assigned("elena")
    await centre.close(conversation_id)
    with pytest.raises(Conflict, match="closed"):
        await say("elena", conversation_id)


async def test_of_two_who_accept_the_second_is_told(centre: Centre) -> None:
    conversation_id = await centre.waiting()
    async with centre.work() as session:
        await accept_conversation(session, centre.now, centre.reach("elena"), conversation_id)
        with pytest.raises(AlreadyTaken):
            await accept_conversation(session, centre.now, centre.reach("pavel"), conversation_id)
        with pytest.raises(NotFound):
            await accept_conversation(session, centre.now, centre.reach("olga"), conversation_id)


async def test_a_supervisor_takes_over_and_then_may_reply(centre: Centre, say: Say) -> None:
    conversation_id = await centre.assigned("elena")
    for who, error in (("pavel", Forbidden), ("lev", Forbidden), ("olga", NotFound)):
        async with centre.work() as session:
            with pytest.raises(error):
                await take_over(session, centre.now, centre.reach(who), conversation_id)
    async with centre.work() as session:
        await take_over(session, centre.now, centre.reach("grace"), conversation_id)
    assert await say("grace", conversation_id)
    with pytest.raises(Forbidden):
        await say("elena", conversation_id)


async def test_a_supervisor_takes_over_from_the_bot(centre: Centre, say: Say) -> None:
    conversation_id = (await centre.write()).conversation_id
    async with centre.work() as session:
        await take_over(session, centre.now, centre.reach("grace"), conversation_id)
    assert await say("grace", conversation_id)


async def test_a_transfer_needs_a_queue_that_exists(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        for queue in ("", "nonsense", "service\x00"):
            with pytest.raises(InvalidInput):
                await transfer_to_queue(session, centre.now, centre.reach("elena"), conversation_id, queue)
        await transfer_to_queue(session, centre.now, centre.reach("elena"), conversation_id, "billing")
        with pytest.raises(NotFound):  # now another team's
            await transfer_to_queue(session, centre.now, centre.reach("elena"), conversation_id, "service")


async def test_closing_needs_a_disposition_that_exists(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        with pytest.raises(InvalidInput):
            await close_conversation(session, centre.now, centre.reach("elena"), conversation_id, ("nice", KNOWN))
        with pytest.raises(Forbidden):
            await close_conversation(session, centre.now, centre.reach("pavel"), conversation_id, ("resolved", KNOWN))
        for _ in range(2):  # a second click does no harm
            await close_conversation(session, centre.now, centre.reach("elena"), conversation_id, ("resolved", KNOWN))
    assert (await centre.conversation(conversation_id)).disposition == "resolved"
    assert [kind for kind, _ in await centre.events(conversation_id)].count("closed") == 1


async def test_what_is_not_there_is_not_found(centre: Centre, say: Say) -> None:
    with pytest.raises(NotFound):
        await say("ada", ConversationId(999_999))
