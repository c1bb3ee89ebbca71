"""Undo after sending: taken back before anybody saw it, said once and in order, whatever happens meanwhile."""

from datetime import timedelta

import pytest

from crm_core import models
from crm_core.agent_work import close_conversation, reply, transfer_to_queue
from crm_core.contracts import ConversationId
from crm_core.errors import AlreadySent, Conflict, Forbidden, InvalidInput, NotFound
from crm_core.held_replies import UNDO_S, Draft, held_replies, hold_reply, release_job, take_back
from crm_core.jobs import JobKind
from crm_core.outgoing_files import StoredFile
from crm_core.transcripts import visitor_updates
from tests.support.factories import Centre


async def hold(
    centre: Centre,
    conversation_id: ConversationId,
    text: str = "It ships today.",
    by: str = "elena",
    ends: str | None = None,
) -> int:
    async with centre.work() as session:
        draft = Draft(text, closes_as=ends)
        return await hold_reply(session, centre.now, centre.reach(by), conversation_id, draft)


async def undo(centre: Centre, conversation_id: ConversationId, held_id: int, by: str = "elena") -> str:
    async with centre.work() as session:
        return await take_back(session, centre.reach(by), conversation_id, held_id)


async def release(centre: Centre, conversation_id: ConversationId, held_id: int) -> None:
    async with centre.work() as session:
        later = centre.now + timedelta(seconds=UNDO_S)
        await release_job(session, later, conversation_id, {"held_id": held_id})


async def said(centre: Centre) -> list[str]:
    return [row.text for row in await centre.rows(models.Message) if row.author == "agent"]


async def seen_by_visitor(centre: Centre, after: int = 0) -> list[tuple[int, str]]:
    async with centre.sessions() as session:
        updates = await visitor_updates(session, centre.inboxes["web"], "web:maria", after)
    return [(entry.id, entry.text) for entry in updates.entries]


async def test_a_held_reply_is_no_message_until_its_time(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    held_id = await hold(centre, conversation_id)
    (job,) = [row for row in await centre.rows(models.Job) if row.kind == JobKind.RELEASE]
    assert job.run_at == centre.now + timedelta(seconds=UNDO_S)
    assert await said(centre) == []
    assert "agent_replied" not in [kind for kind, _ in await centre.events(conversation_id)]
    async with centre.sessions() as session:
        (shown,) = await held_replies(session, conversation_id)
    assert (shown.id, shown.text, shown.agent_id) == (held_id, "It ships today.", centre.staff["elena"])
    await release(centre, conversation_id, held_id)
    assert await said(centre) == ["It ships today."]
    assert [kind for kind, _ in await centre.events(conversation_id)][-1] == "agent_replied"


async def test_who_watches_from_a_later_message_on_still_gets_it(centre: Centre) -> None:
    """An id given when it was written would lie before the customer's own next message, and be passed over."""
    conversation_id = await centre.assigned("elena")
    held_id = await hold(centre, conversation_id)
    await centre.write("Hello?")
    last = max(number for number, _ in await seen_by_visitor(centre))
    await release(centre, conversation_id, held_id)
    assert [text for _, text in await seen_by_visitor(centre, last)] == ["It ships today."]


@pytest.mark.parametrize("inbox", ["web", "mail"])
async def test_what_is_taken_back_nobody_ever_saw(centre: Centre, inbox: str) -> None:
    conversation_id = await centre.assigned("elena", inbox=inbox)
    held_id = await hold(centre, conversation_id)
    assert await undo(centre, conversation_id, held_id) == "It ships today."
    await release(centre, conversation_id, held_id)
    assert await said(centre) == []
    assert [row for row in await centre.rows(models.Job) if row.kind == JobKind.SEND] == []
    assert "It ships today." not in [text for _, text in await seen_by_visitor(centre)]


async def test_what_must_be_carried_gets_its_job_at_the_end(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena", inbox="mail")
    await release(centre, conversation_id, await hold(centre, conversation_id))
    (job,) = [row for row in await centre.rows(models.Job) if row.kind == JobKind.SEND]
    assert job.payload == {"message_id": (await centre.rows(models.Message))[-1].id}


async def test_it_is_said_once_however_often_the_job_runs(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    held_id = await hold(centre, conversation_id)
    for _ in range(3):
        await release(centre, conversation_id, held_id)
    assert await said(centre) == ["It ships today."]
    with pytest.raises(AlreadySent):
        await undo(centre, conversation_id, held_id)


async def test_what_was_written_first_is_said_first(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    first, second = await hold(centre, conversation_id, "One"), await hold(centre, conversation_id, "Two")
    await release(centre, conversation_id, second)
    assert await said(centre) == ["One", "Two"]
    await release(centre, conversation_id, first)
    third = await hold(centre, conversation_id, "Three")
    await hold(centre, conversation_id, "Four")
    await release(centre, conversation_id, third)
    assert await said(centre) == ["One", "Two", "Three"]


@pytest.mark.parametrize("way", ["reply", "transfer", "close"])
async def test_what_is_held_goes_before_what_the_agent_does_next(centre: Centre, way: str) -> None:
    conversation_id = await centre.assigned("elena")
    await hold(centre, conversation_id, "One")
    elena = centre.reach("elena")
    async with centre.work() as session:
        match way:
            case "reply":
                await reply(session, centre.now, elena, conversation_id, "Two")
            case "transfer":
                await transfer_to_queue(session, centre.now, elena, conversation_id, "billing")
            case _:
                await close_conversation(session, centre.now, elena, conversation_id, ("resolved", ("resolved",)))
    assert (await said(centre))[0] == "One"


async def test_only_its_writer_takes_it_back(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    held_id = await hold(centre, conversation_id)
    for who, refusal in (("pavel", AlreadySent), ("grace", AlreadySent), ("olga", NotFound)):
        with pytest.raises(refusal):
            await undo(centre, conversation_id, held_id, by=who)
    other = await centre.assigned("elena", "tom")
    with pytest.raises(AlreadySent):
        await undo(centre, other, held_id)


async def test_it_is_refused_as_any_reply_is(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    with pytest.raises(Forbidden):
        await hold(centre, conversation_id, by="pavel")
    with pytest.raises(InvalidInput):
        await hold(centre, conversation_id, "  ")
    await centre.close(conversation_id)
    with pytest.raises(Conflict):
        await hold(centre, conversation_id)


async def test_card_numbers_are_not_even_held(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    await hold(centre, conversation_id, "Your card 4111 1111 1111 1111")
    async with centre.sessions() as session:
        (shown,) = await held_replies(session, conversation_id)
    assert "4111 1111" not in shown.text


PHOTO = StoredFile("a-token", "label.png", "image/png", 12)


async def hold_and_close(centre: Centre, conversation_id: ConversationId) -> int:
    draft = Draft("It ships today.", (PHOTO,), "resolved")
    async with centre.work() as session:
        return await hold_reply(session, centre.now, centre.reach("elena"), conversation_id, draft)


async def test_files_wait_with_their_reply_and_go_with_it(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    held_id = await hold_and_close(centre, conversation_id)
    assert await centre.rows(models.AttachmentRow) == []
    await release(centre, conversation_id, held_id)
    (file,) = await centre.rows(models.AttachmentRow)
    (message,) = [row for row in await centre.rows(models.Message) if row.author == "agent"]
    assert (file.message_id, file.name, file.token) == (message.id, "label.png", "a-token")


async def test_sent_and_resolved_it_ends_when_it_is_said(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    held_id = await hold_and_close(centre, conversation_id)
    assert (await centre.conversation(conversation_id)).state == "assigned"
    await release(centre, conversation_id, held_id)
    ended = await centre.conversation(conversation_id)
    assert (ended.state, ended.disposition) == ("closed", "resolved")
    assert [kind for kind, _ in await centre.events(conversation_id)][-2:] == ["agent_replied", "closed"]


async def test_taken_back_it_neither_goes_nor_ends(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    held_id = await hold_and_close(centre, conversation_id)
    await undo(centre, conversation_id, held_id)
    await release(centre, conversation_id, held_id)
    assert await said(centre) == []
    assert (await centre.conversation(conversation_id)).state == "assigned"


async def test_a_customer_who_writes_meanwhile_keeps_it_open(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    held_id = await hold_and_close(centre, conversation_id)
    await centre.write("One more thing", at=centre.now + timedelta(seconds=2))
    await release(centre, conversation_id, held_id)
    assert await said(centre) == ["It ships today."]
    assert (await centre.conversation(conversation_id)).state == "assigned"


@pytest.mark.parametrize("first", [0, 1])
async def test_who_writes_once_more_before_the_end_ends_after_that(centre: Centre, first: int) -> None:
    """Whichever of the two jobs comes first, both replies are said, and then the conversation is closed."""
    conversation_id = await centre.assigned("elena")
    held = [await hold(centre, conversation_id, "Done.", ends="resolved"), await hold(centre, conversation_id, "Bye!")]
    for number in (first, 1 - first):
        before = await centre.conversation(conversation_id)
        assert before.state == "assigned" or await said(centre) == ["Done.", "Bye!"]
        await release(centre, conversation_id, held[number])
    after = await centre.conversation(conversation_id)
    assert (await said(centre), after.state, after.disposition) == (["Done.", "Bye!"], "closed", "resolved")
