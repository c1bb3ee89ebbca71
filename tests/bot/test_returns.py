"""A return goes to the ERP by a job: once, also after failures; what the ERP never takes goes to a person."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from bot.metrics import Metrics
from bot.returns import ask_for_return
from bot.turn import TurnServices, run_turn
from bot.worker import JobFailedError
from config.settings import TurnSettings
from crm_core import jobs, models
from crm_core.contracts import Address, AddressKind, ConversationId, Inbound
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.errors import ErpBadRequest, ErpInDoubt
from crm_core.intake import receive
from crm_core.jobs import ClaimedJob, JobKind
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from crm_core.states import ConversationState
from nlu.native import NativeEngine
from tests.bot.conftest import MakeServices
from tests.support.shop import Shop

pytestmark = pytest.mark.slow
ANNA = Address(AddressKind.WEB, "anna")


@dataclass
class Desk:
    """A customer who wrote to the bot, and what came of it."""

    services: TurnServices
    sessions: Sessions
    written: int = 0

    async def write(self, text: str) -> ConversationId:
        self.written += 1
        async with unit_of_work(self.sessions) as session:
            inbox_id = (await session.execute(select(models.Inbox.id))).scalar_one()
            received = await receive(session, utc_now(), inbox_id, Inbound(f"m{self.written}", ANNA, text))
        await run_turn(self.services, received.conversation_id, None)
        return received.conversation_id

    async def job(self) -> ClaimedJob:
        async with self.sessions() as session:
            row = (await session.scalars(select(models.Job).where(models.Job.kind == JobKind.ERP_RETURN))).one()
        return ClaimedJob(row.id, JobKind.ERP_RETURN, row.conversation_id, row.payload, row.attempts, row.created_at)

    async def jobs_left(self) -> list[str]:
        async with self.sessions() as session:
            kinds = select(models.Job.state).where(models.Job.kind == JobKind.ERP_RETURN)
            return list((await session.scalars(kinds)).all())

    async def said(self, visibility: str = "public") -> list[str]:
        async with self.sessions() as session:
            outgoing = (models.Message.direction == "out") & (models.Message.visibility == visibility)
            return list((await session.scalars(select(models.Message.text).where(outgoing).order_by("id"))).all())

    async def conversation(self) -> models.Conversation:
        async with self.sessions() as session:
            return (await session.scalars(select(models.Conversation))).one()


@pytest.fixture
async def desk(make_services: MakeServices, shop: Shop, nlu: NativeEngine, sessions: Sessions) -> Desk:
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, [ConfiguredInbox("web", "webchat", "Web", pulled=True)])
    return Desk(TurnServices(make_services(shop), nlu, TurnSettings(), Metrics(), utc_now), sessions)


async def asked_for_a_return(desk: Desk) -> ClaimedJob:
    await desk.write("I want to return my order 100234, anna@example.com")
    await desk.write("the sofa is too big for our room")
    return await desk.job()


async def test_the_reference_follows_when_the_erp_has_it(desk: Desk, shop: Shop) -> None:
    job = await asked_for_a_return(desk)
    assert "taken down" in (await desk.said())[-1]
    assert shop.returns == {}
    await ask_for_return(desk.services.dialogue, job)
    assert "reference RMA-1" in (await desk.said())[-1]
    assert await desk.jobs_left() == []


async def test_a_repeated_job_makes_one_return(desk: Desk, shop: Shop) -> None:
    job = await asked_for_a_return(desk)
    await ask_for_return(desk.services.dialogue, job)
    await ask_for_return(desk.services.dialogue, job)
    assert len(shop.returns) == 1


async def test_an_erp_that_is_down_is_asked_again_later(desk: Desk, shop: Shop) -> None:
    job = await asked_for_a_return(desk)
    shop.down = True
    with pytest.raises(JobFailedError) as failed:
        await ask_for_return(desk.services.dialogue, job)
    assert failed.value.failure.retryable
    assert (await desk.conversation()).state == ConversationState.BOT
    shop.down = False
    await ask_for_return(desk.services.dialogue, job)
    assert "RMA-1" in (await desk.said())[-1]


async def test_what_the_erp_refuses_goes_to_a_person_with_the_reason(desk: Desk, shop: Shop) -> None:
    job = await asked_for_a_return(desk)
    shop.refusal = ErpBadRequest("no complaint type")
    await ask_for_return(desk.services.dialogue, job)
    assert "did not take the return" in (await desk.said())[-1]
    conversation = await desk.conversation()
    assert conversation.state == ConversationState.QUEUED
    assert conversation.handoff is not None
    assert "the sofa is too big for our room" in str(conversation.handoff["found"])
    assert await desk.jobs_left() == []


async def test_a_return_that_may_have_been_made_goes_to_a_person_with_the_key_to_look_for(
    desk: Desk, shop: Shop
) -> None:
    job = await asked_for_a_return(desk)
    shop.refusal = ErpInDoubt("sent, and no answer")
    await ask_for_return(desk.services.dialogue, job)
    assert "has not confirmed the return" in (await desk.said())[-1]
    assert str(job.payload["key"]) in (await desk.said("internal"))[-1]
    assert (await desk.conversation()).state == ConversationState.QUEUED
    assert await desk.jobs_left() == []


async def test_the_last_try_that_fails_goes_to_a_person_as_well(desk: Desk, shop: Shop) -> None:
    job = await asked_for_a_return(desk)
    shop.down = True
    last = ClaimedJob(job.id, job.kind, job.conversation_id, job.payload, jobs.MOST_ATTEMPTS, job.created_at)
    await ask_for_return(desk.services.dialogue, last)
    assert (await desk.conversation()).state == ConversationState.QUEUED


async def test_with_a_person_the_reference_is_a_note(desk: Desk) -> None:
    job = await asked_for_a_return(desk)
    await desk.write("I want to talk to a person")
    before = await desk.said()
    await ask_for_return(desk.services.dialogue, job)
    assert await desk.said() == before
    assert "RMA-1" in (await desk.said("internal"))[-1]


async def test_an_erp_without_returns_leaves_it_to_a_person(desk: Desk, shop: Shop) -> None:
    shop.able = frozenset()
    await desk.write("I want to return my order 100234, anna@example.com")
    await desk.write("the sofa is too big for our room")
    conversation = await desk.conversation()
    assert conversation.handoff is not None
    assert conversation.handoff["reason"] == "return_request"
    assert "the sofa is too big for our room" in str(conversation.handoff["found"])
    assert await desk.jobs_left() == []
