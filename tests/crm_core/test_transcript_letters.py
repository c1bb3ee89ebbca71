"""The transcript by mail: what goes, where to, and what must never go."""

import pytest
from sqlalchemy import insert, update

from crm_core import models
from crm_core.agent_work import add_note, reply
from crm_core.contracts import ConversationId
from crm_core.errors import Forbidden, NotFound
from crm_core.jobs import JobKind
from crm_core.supervision import whisper
from crm_core.transcript_letters import send_transcript
from crm_core.transcripts import public_entries
from tests.support.factories import Centre


@pytest.fixture
async def mine(centre: Centre) -> ConversationId:
    return await centre.assigned("elena")


async def add_mail(centre: Centre, conversation_id: ConversationId, *, proven: bool = True) -> int:
    contact_id = (await centre.conversation(conversation_id)).contact_id
    values = {"uri": "mailto:maria@oslo.example", "contact_id": contact_id, "created_at": centre.now}
    row = insert(models.Address).values(**values, verified_at=centre.now if proven else None)
    async with centre.work() as session:
        return int((await session.scalars(row.returning(models.Address.id))).one())


async def send(centre: Centre, conversation_id: ConversationId, address_id: int, by: str = "elena") -> str:
    async with centre.work() as session:
        return await send_transcript(session, centre.now, centre.reach(by), conversation_id, address_id)


async def test_it_goes_to_the_proven_address(centre: Centre, mine: ConversationId) -> None:
    address_id = await add_mail(centre, mine)
    assert await send(centre, mine, address_id) == "maria@oslo.example"
    (job,) = [row for row in await centre.rows(models.Job) if row.kind == JobKind.TRANSCRIPT]
    assert job.payload == {"address_id": address_id}
    assert (await centre.events(mine))[-1][0] == "transcript_asked_for"


async def test_an_address_that_was_only_claimed_gets_nothing(centre: Centre, mine: ConversationId) -> None:
    with pytest.raises(NotFound):
        await send(centre, mine, await add_mail(centre, mine, proven=False))


async def test_neither_does_one_that_bounces_or_is_another_customer_s(centre: Centre, mine: ConversationId) -> None:
    other = await add_mail(centre, await centre.assigned("elena", "ivan"))
    with pytest.raises(NotFound):
        await send(centre, mine, other)
    async with centre.work() as session:
        await session.execute(update(models.Address).values(unreachable_at=centre.now))
    with pytest.raises(NotFound):
        await send(centre, mine, other)


async def test_only_its_agent_sends_it_until_it_is_closed(centre: Centre, mine: ConversationId) -> None:
    address_id = await add_mail(centre, mine)
    with pytest.raises(Forbidden):
        await send(centre, mine, address_id, by="pavel")
    await centre.close(mine)
    assert await send(centre, mine, address_id, by="pavel")


async def test_notes_and_whispers_never_go(centre: Centre, mine: ConversationId) -> None:
    async with centre.work() as session:
        await reply(session, centre.now, centre.reach("elena"), mine, "It ships today.")
        await add_note(session, centre.now, centre.reach("elena"), mine, "She is difficult.")
        await whisper(session, centre.now, centre.reach("grace"), mine, "Offer a discount.")
    async with centre.sessions() as session:
        entries = await public_entries(session, mine)
    assert [entry.text for entry in entries] == ["Hello", "It ships today."]
    assert entries[-1].agent_name == "Elena"
