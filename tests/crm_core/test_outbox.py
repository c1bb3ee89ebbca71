"""Messages that go out: stored in order, with a job where somebody must carry them."""

import pytest

from crm_core import models
from crm_core.contracts import Card, Choice, Tone
from crm_core.conversations import lock_conversation
from crm_core.jobs import JobKind
from crm_core.outbox import BOT_VOICE, Utterance, post
from tests.support.factories import Centre


@pytest.mark.parametrize(("inbox", "delivery", "jobs"), [("web", "sent", 0), ("mail", "pending", 3)])
async def test_a_message_is_sent_once_stored_where_it_is_fetched_and_carried_elsewhere(
    centre: Centre, inbox: str, delivery: str, jobs: int
) -> None:
    received = await centre.write(inbox=inbox)
    async with centre.work() as session:
        conversation = await lock_conversation(session, received.conversation_id)
        ids = await post(session, centre.now, conversation, BOT_VOICE, [Utterance(str(number)) for number in range(3)])
    stored = [row for row in await centre.rows(models.Message) if row.direction == "out"]
    assert [(row.id, row.text, row.delivery) for row in stored] == [
        (message_id, str(number), delivery) for number, message_id in enumerate(ids)
    ]
    assert {row.sent_at for row in stored} == {None if jobs else centre.now}
    sends = [row for row in await centre.rows(models.Job) if row.kind == JobKind.SEND]
    assert [row.payload for row in sends] == [{"message_id": message_id} for message_id in ids[:jobs]]


async def test_nothing_said_stores_nothing(centre: Centre) -> None:
    received = await centre.write()
    async with centre.work() as session:
        conversation = await lock_conversation(session, received.conversation_id)
        assert await post(session, centre.now, conversation, BOT_VOICE, []) == []
    assert len(await centre.rows(models.Message)) == 1


def test_the_content_is_what_richer_channels_draw_from() -> None:
    said = Utterance("Text", (Choice("Yes", "y"),), Card("Order", tone=Tone.OK, lines=("a", "b")))
    content = said.content()
    assert content["choices"] == [{"label": "Yes", "value": "y"}]
    assert isinstance(content["card"], dict)
    assert (content["card"]["title"], content["card"]["tone"], content["card"]["lines"]) == ("Order", "ok", ["a", "b"])
    assert Utterance("Text").content() == {}
