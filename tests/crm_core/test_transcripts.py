"""What staff read of a conversation, and what they may not."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from crm_core import models
from crm_core.agent_work import add_note, reply
from crm_core.contacts import Merge, merge_contacts
from crm_core.contracts import Attachment, Card, Choice, ContactId, ConversationId, Identity, Inbound, Tone
from crm_core.conversations import lock_conversation
from crm_core.errors import NotFound
from crm_core.events import Actor
from crm_core.outbox import BOT_VOICE, Utterance, post
from crm_core.surveys import answer_survey, send_survey
from crm_core.transcripts import MOST_ENTRIES, Transcript, contact_timeline, entries_after, transcript
from tests.support.factories import Centre, visitor

CARD = Card(
    "Order 100234", "sent in part", Tone.WARN, 2, 4, ("2 of 4 chairs",), "as of 15:02", "https://t.example/1", "SEUR"
)


async def read(centre: Centre, conversation_id: ConversationId, who: str = "elena") -> Transcript:
    async with centre.work() as session:
        return await transcript(session, centre.reach(who), conversation_id)


async def talk(centre: Centre) -> ConversationId:
    """A customer, the bot with a card, an agent, a note."""
    file = Attachment("bill.pdf", "application/pdf", b"12345", stored_as="t" * 43)
    identity = Identity("C-1001", "maria@example.com", None, "María López")
    first = Inbound(
        "m-first", visitor("maria"), "Where is it?", language="en", subject="Order", choice="order_status",
        identity=identity, attachments=(file,),
    )  # fmt: skip
    await centre.deliver(first)
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        await post(
            session, centre.now, conversation, BOT_VOICE, [Utterance("On its way", (Choice("Wait", "w"),), CARD)]
        )
        await session.execute(update(models.Message).where(models.Message.text == "Where is it?").values(nlu={"x": 1}))
        await reply(session, centre.now, centre.reach("elena"), conversation_id, "I look into it.")
        await add_note(session, centre.now, centre.reach("pavel"), conversation_id, "Call the carrier")
    return conversation_id


async def test_all_is_there_in_the_order_it_was_said(centre: Centre) -> None:
    entries = (await read(centre, await talk(centre))).entries
    assert [(entry.author, entry.text) for entry in entries] == [
        ("contact", "Where is it?"), ("contact", "Hello"), ("bot", "On its way"), ("agent", "I look into it."),
        ("agent", "Call the carrier"),
    ]  # fmt: skip
    assert [entry.visibility for entry in entries] == ["public"] * 4 + ["internal"]
    assert [entry.agent_name for entry in entries] == [None, None, None, "Elena Moreno", "Pavel Orlov"]


async def test_an_entry_carries_what_stands_beside_its_text(centre: Centre) -> None:
    first, _, bot, *_ = (await read(centre, await talk(centre))).entries
    assert (first.choice, first.nlu, first.language, first.direction) == ("order_status", {"x": 1}, "en", "in")
    assert [(file.name, file.size, file.token) for file in first.attachments] == [("bill.pdf", 5, "t" * 43)]
    assert (bot.choices, bot.card, bot.delivery) == ((Choice("Wait", "w"),), CARD, "sent")


async def test_the_head_says_who_where_and_how_far(centre: Centre) -> None:
    conversation_id = await talk(centre)
    await centre.close(conversation_id)
    async with centre.work() as session:
        await send_survey(session, centre.now, conversation_id)
        await answer_survey(session, centre.now, conversation_id, 5, "Great")
        # a survey of another kind makes no second head
        other = {"conversation_id": conversation_id, "kind": "nps", "sent_at": centre.now, "score": 1}
        await session.execute(insert(models.Survey).values(**other))
    head = (await read(centre, conversation_id)).conversation
    assert (head.id, head.contact_name, head.customer_ref) == (conversation_id, "María López", "C-1001")
    assert [(address.uri, address.verified_how) for address in head.addresses] == [
        ("web:maria", None), ("mailto:maria@example.com", "channel"),
    ]  # fmt: skip
    assert (head.channel, head.inbox_name, head.subject, head.language) == ("web", "Web", "Order", "en")
    assert (head.state, head.agent_name, head.queue_key, head.disposition) == (
        "closed", "Elena Moreno", "service", "resolved",
    )  # fmt: skip
    assert (head.survey_score, head.survey_comment) == (5, "Great")
    assert head.queued_at == head.first_replied_at == head.closed_at == centre.now
    assert head.handoff is not None
    assert head.handoff["order_number"] == "100234"


async def test_only_what_is_new_is_read_after_a_message(centre: Centre) -> None:
    conversation_id = await talk(centre)
    entries = (await read(centre, conversation_id)).entries
    async with centre.work() as session:
        assert await entries_after(session, conversation_id, entries[2].id) == entries[3:]
        assert await entries_after(session, conversation_id, entries[-1].id) == ()


async def test_of_a_very_long_conversation_the_newest_part_is_read(centre: Centre) -> None:
    conversation_id = await centre.assigned("elena")
    async with centre.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        said = [Utterance(str(number)) for number in range(MOST_ENTRIES + 5)]
        await post(session, centre.now, conversation, BOT_VOICE, said)
    entries = (await read(centre, conversation_id)).entries
    assert [entry.text for entry in entries] == [str(number) for number in range(5, MOST_ENTRIES + 5)]


@pytest.mark.parametrize(("who", "sees"), [("elena", True), ("pavel", True), ("olga", False), ("grace", True)])
async def test_who_may_not_know_of_it_finds_nothing(centre: Centre, who: str, sees: bool) -> None:  # noqa: FBT001
    conversation_id = await centre.assigned("elena")
    if sees:
        assert (await read(centre, conversation_id, who)).conversation.id == conversation_id
    else:
        with pytest.raises(NotFound):
            await read(centre, conversation_id, who)


async def test_what_is_not_there_and_what_is_hidden_are_told_alike(centre: Centre) -> None:
    hidden = await centre.assigned("elena")
    sentences = set()
    for conversation_id in (hidden, ConversationId(999_999)):
        with pytest.raises(NotFound) as refused:
            await read(centre, conversation_id, "olga")
        sentences.add(str(refused.value))
    assert len(sentences) == 1


async def test_the_timeline_holds_what_its_reader_may_see_newest_first(centre: Centre) -> None:
    first = await centre.assigned("elena")
    await centre.close(first)
    second = await centre.assigned("olga", queue="billing")
    await centre.close(second, by="olga")
    third = (await centre.write()).conversation_id
    contact_id = (await centre.conversation(first)).contact_id
    async with centre.work() as session:
        lists = {
            who: [line.id for line in await contact_timeline(session, centre.reach(who), contact_id)]
            for who in ("elena", "olga", "grace")
        }
        (line,) = await contact_timeline(session, centre.reach("elena"), contact_id)
    assert lists == {"elena": [first], "olga": [second], "grace": [third, second, first]}
    assert (line.channel, line.state, line.disposition, line.survey_score) == ("web", "closed", "resolved", None)


async def test_after_a_merge_the_timeline_is_one(centre: Centre) -> None:
    one = await centre.write(who="anna")
    await centre.close(one.conversation_id)
    two = await centre.write(who="boris")
    async with centre.work() as session:
        merge = Merge(ContactId(one.contact_id), ContactId(two.contact_id), "same e-mail")
        await merge_contacts(session, centre.now, Actor("system"), merge)
        timeline = await contact_timeline(session, centre.reach("grace"), two.contact_id)
    assert [line.id for line in timeline] == [two.conversation_id, one.conversation_id]


async def test_a_card_is_read_back_as_it_was_shown(centre: Centre) -> None:
    plain = replace(CARD, lines=(), link=None)
    received = await centre.write()
    async with centre.work() as session:
        conversation = await lock_conversation(session, received.conversation_id)
        await post(session, centre.now, conversation, BOT_VOICE, [Utterance("Plain", card=plain)])
    assert (await read(centre, received.conversation_id, "grace")).entries[-1].card == plain
