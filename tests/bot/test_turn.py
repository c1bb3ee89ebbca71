"""A turn on the real database: once, in order, silent for people, and never lost."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest
from prometheus_client import generate_latest
from sqlalchemy import select

from bot.metrics import Metrics
from bot.routing_jobs import RoutingJobs
from bot.turn import TurnOutcome, TurnServices, run_turn
from config.settings import TurnSettings
from crm_core import jobs, models
from crm_core.contracts import Address, AddressKind, ConversationId, Inbound, UserId
from crm_core.conversations import accept
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.intake import Received, receive
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from crm_core.staff import NewUser, create_user
from crm_core.states import ConversationState, Role
from nlu.native import NativeEngine
from nlu.rasa_http import RasaEngine
from nlu.rasa_server import RasaAddress, RasaServer
from tests.bot.conftest import MakeServices
from tests.support.shop import Shop

pytestmark = pytest.mark.slow

ANNA = Address(AddressKind.WEB, "anna")


@pytest.fixture
async def services(make_services: MakeServices, shop: Shop, nlu: NativeEngine, sessions: Sessions) -> TurnServices:
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, [ConfiguredInbox("web", "webchat", "Web", pulled=True)])
    return TurnServices(make_services(shop), nlu, TurnSettings(), Metrics(), utc_now)


async def write(sessions: Sessions, text: str, number: int = 1) -> Received:
    async with unit_of_work(sessions) as session:
        inbox_id = (await session.execute(select(models.Inbox.id))).scalar_one()
        return await receive(session, utc_now(), inbox_id, Inbound(f"m{number}", ANNA, text))


async def said_by_bot(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        statement = select(models.Message.text).where(models.Message.author == "bot").order_by(models.Message.id)
        return list((await session.scalars(statement)).all())


async def the_job(sessions: Sessions) -> jobs.ClaimedJob:
    async with unit_of_work(sessions) as session:
        (job,) = await jobs.claim(session, utc_now(), worker="test", limit=1, lease_s=30)
        return job


async def test_the_answer_and_the_end_of_the_job_are_written_together(
    services: TurnServices, sessions: Sessions
) -> None:
    received = await write(sessions, "When are you open?")
    outcome = await run_turn(services, received.conversation_id, await the_job(sessions))
    assert outcome is TurnOutcome.ANSWERED
    assert len(await said_by_bot(sessions)) >= 1
    async with sessions() as session:
        assert (await session.scalars(select(models.Job.id))).all() == []
        message = (await session.scalars(select(models.Message).where(models.Message.direction == "in"))).one()
    assert message.nlu is not None
    assert message.nlu["intent"] == "opening_hours"
    assert b'switchboard_turn_seconds_count{outcome="answered"} 1.0' in generate_latest(services.metrics.registry)


async def test_an_answer_by_the_engine_that_stood_in_is_an_event(
    services: TurnServices, sessions: Sessions, nlu: NativeEngine
) -> None:
    nobody = RasaServer(RasaAddress("http://127.0.0.1:9", None, 0.5))  # the discard port: nothing listens
    received = await write(sessions, "When are you open?")
    await run_turn(replace(services, nlu=RasaEngine(nlu, nobody)), received.conversation_id, None)
    nobody.close()
    assert len(await said_by_bot(sessions)) >= 1
    async with sessions() as session:
        event = (await session.scalars(select(models.Event).where(models.Event.kind == "nlu_fell_back"))).one()
    assert event.data["answered"] == nlu.model_id
    assert event.data["chosen"] != nlu.model_id


async def test_two_turns_at_once_answer_once(services: TurnServices, sessions: Sessions) -> None:
    received = await write(sessions, "Where is my order?")
    outcomes = await asyncio.gather(*(run_turn(services, received.conversation_id, None) for _ in range(5)))
    assert outcomes.count(TurnOutcome.ANSWERED) == 1
    assert len(await said_by_bot(sessions)) == 1


async def test_a_late_turn_says_nothing(services: TurnServices, sessions: Sessions) -> None:
    received = await write(sessions, "Where is my order?")
    await run_turn(services, received.conversation_id, None)
    assert await run_turn(services, received.conversation_id, None) is TurnOutcome.NOTHING_TO_SAY
    assert len(await said_by_bot(sessions)) == 1


async def test_unanswered_messages_are_taken_in_order(services: TurnServices, sessions: Sessions) -> None:
    await write(sessions, "Where is my order 100234?", 1)
    received = await write(sessions, "anna@example.com", 2)
    await run_turn(services, received.conversation_id, None)
    first, second = await said_by_bot(sessions)
    assert "e-mail" in first
    assert "2 of 4" in second


async def test_the_bot_is_silent_once_a_person_owns_the_conversation(
    services: TurnServices, sessions: Sessions, now: datetime
) -> None:
    received = await write(sessions, "I want to talk to a person", 1)
    await run_turn(services, received.conversation_id, None)
    async with unit_of_work(sessions) as session:
        new = NewUser("e@oslo.example", "Elena", Role.AGENT, ["service"], "en", "grey-otter-sings-7-songs")
        agent = await create_user(session, now, new)
        await accept(session, now, received.conversation_id, UserId(agent))
    before = await said_by_bot(sessions)
    await write(sessions, "Where is my order 100234?", 2)
    assert await run_turn(services, received.conversation_id, None) is TurnOutcome.PERSON_OWNS
    assert await said_by_bot(sessions) == before


async def test_a_person_who_takes_over_while_the_bot_thinks_wins(
    services: TurnServices, sessions: Sessions, shop: Shop, now: datetime
) -> None:
    received = await write(sessions, "Where is my order 100234? anna@example.com")

    class Slow(Shop):
        async def find_customers(self, **wanted: object) -> tuple[object, ...]:  # type: ignore[override]
            async with unit_of_work(sessions) as session:
                new = NewUser("e@oslo.example", "Elena", Role.ADMIN, [], "en", "grey-otter-sings-7-songs")
                await accept(session, now, received.conversation_id, UserId(await create_user(session, now, new)))
            return await shop.find_customers(**wanted)  # type: ignore[arg-type]

    object.__setattr__(services.dialogue, "erp", Slow())
    assert await run_turn(services, received.conversation_id, None) is TurnOutcome.PERSON_OWNS
    assert await said_by_bot(sessions) == []


async def test_a_handoff_carries_what_is_known(services: TurnServices, sessions: Sessions) -> None:
    await write(sessions, "Where is my order 100234? anna@example.com", 1)
    received = await write(sessions, "I want to talk to a person", 2)
    await run_turn(services, received.conversation_id, None)
    async with sessions() as session:
        conversation = await session.get(models.Conversation, received.conversation_id)
        contact = await session.get(models.Contact, received.contact_id)
    assert conversation is not None
    assert contact is not None
    assert (conversation.state, conversation.queue_key) == (ConversationState.QUEUED, "service")
    assert (conversation.customer_ref, conversation.verified_how) == ("C1", "order_email")
    assert contact.name == "Anna Berg"
    assert conversation.handoff is not None
    assert conversation.handoff["order_number"] == "100234"
    assert conversation.handoff["reason"] == "asked_for_person"
    assert any("2 of 4" in str(found) for found in conversation.handoff["found"])  # type: ignore[union-attr]


async def test_a_flow_that_breaks_ends_with_a_person(services: TurnServices, sessions: Sessions) -> None:
    class Broken(Shop):
        async def find_customers(self, **wanted: object) -> tuple[object, ...]:  # type: ignore[override]
            raise RuntimeError("a mistake in a connector")

    object.__setattr__(services.dialogue, "erp", Broken())
    received = await write(sessions, "Where is my order 100234? anna@example.com")
    assert await run_turn(services, received.conversation_id, None) is TurnOutcome.ANSWERED
    (sorry, *_) = await said_by_bot(sessions)
    assert "sorry" in sorry
    async with sessions() as session:
        conversation = await session.get(models.Conversation, received.conversation_id)
    assert conversation is not None
    assert conversation.handoff is not None
    assert conversation.handoff["reason"] == "bot_failed"


async def test_wrong_proofs_of_one_order_are_counted_over_all_conversations(
    services: TurnServices, sessions: Sessions
) -> None:
    for visitor in range(6):
        address = Address(AddressKind.WEB, f"thief{visitor}")
        for number, text in enumerate(["Where is my order 100234?", "a@example.com", "b@example.com"]):
            conversation_id = await write_as(sessions, address, text, number)
            await run_turn(services, conversation_id, None)
    address = Address(AddressKind.WEB, "owner")
    conversation_id = await write_as(sessions, address, "Where is my order 100234? anna@example.com", 1)
    await run_turn(services, conversation_id, None)
    assert "2 of 4" not in (await said_by_bot(sessions))[-1]


async def write_as(sessions: Sessions, address: Address, text: str, number: int) -> ConversationId:
    async with unit_of_work(sessions) as session:
        inbox_id = (await session.execute(select(models.Inbox.id))).scalar_one()
        inbound = Inbound(f"{address.value}-{number}", address, text)
        return (await receive(session, utc_now(), inbox_id, inbound)).conversation_id


async def test_by_mail_the_place_in_the_line_stands_in_the_letter_that_hands_over(
    services: TurnServices, sessions: Sessions
) -> None:
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, [ConfiguredInbox("mail", "email", "Mail", pulled=False)])
        (inbox_id,) = await session.scalars(select(models.Inbox.id).where(models.Inbox.key == "mail"))
        sender = Address(AddressKind.MAILTO, "anna@example.org")
        received = await receive(session, utc_now(), inbox_id, Inbound("m1", sender, "I want to talk to a person."))
    await run_turn(services, received.conversation_id, await the_job(sessions))
    (letter,) = await said_by_bot(sessions)
    assert letter.endswith("You are next in line.")
    async with unit_of_work(sessions) as session:
        await RoutingJobs(sessions, services.dialogue.replies, "en")._tell_wait(
            session, utc_now(), received.conversation_id
        )
    assert await said_by_bot(sessions) == [letter]
