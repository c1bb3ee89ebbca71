"""A send whose end nobody saw is settled with the provider."""

import httpx
import pytest
from sqlalchemy import update

from bot.metrics import Metrics
from bot.sending import Sending
from channels.twilio_messages import TwilioLine, TwilioMessages
from crm_core import jobs, models
from crm_core.contracts import Address, AddressKind, DeliveryState, DeliveryUpdate, Inbound, JsonObject
from crm_core.conversations import lock_conversation
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.deliveries import note_delivery
from crm_core.intake import receive
from crm_core.outbox import BOT_VOICE, Utterance, post
from tests.support.factories import add_inbox
from tests.support.twilio import OUR_NUMBER, PUBLIC_URL, THEIR_NUMBER, FakeTwilio

ANNA = Address(AddressKind.TEL, THEIR_NUMBER)
TEXT = "Your order is on its way."


@pytest.fixture
def fake() -> FakeTwilio:
    fake = FakeTwilio()
    fake.answer(201, {"sid": "SM-new"})
    return fake


@pytest.fixture
def channel(fake: FakeTwilio) -> TwilioMessages:
    line = TwilioLine(AddressKind.TEL, OUR_NUMBER, f"{PUBLIC_URL}/webhooks/sms", f"{PUBLIC_URL}/files")
    return TwilioMessages(fake.rest(), line, utc_now)


@pytest.fixture
def sending(sessions: Sessions, channel: TwilioMessages) -> Sending:
    return Sending(sessions, {"sms": channel}, Metrics())


async def a_message(sessions: Sessions, *texts: str, state: DeliveryState = DeliveryState.PENDING) -> list[int]:
    async with unit_of_work(sessions) as session:
        inbox_id = await add_inbox(session, "sms", pulled=False)
        received = await receive(session, utc_now(), inbox_id, Inbound("SM-in", ANNA, "Hello"))
        conversation = await lock_conversation(session, received.conversation_id)
        ids = await post(session, utc_now(), conversation, BOT_VOICE, [Utterance(text) for text in texts])
        await session.execute(update(models.Message).where(models.Message.id.in_(ids)).values(delivery=state.value))
    return list(ids)


async def the_job(sessions: Sessions, kind: jobs.JobKind = jobs.JobKind.SEND) -> jobs.ClaimedJob:
    async with unit_of_work(sessions) as session:
        claimed = await jobs.claim(session, utc_now(), worker="test", limit=10, lease_s=30)
    return next(job for job in claimed if job.kind is kind)


async def state_of(sessions: Sessions, message_id: int) -> tuple[str | None, str | None]:
    async with sessions() as session:
        row = await session.get_one(models.Message, message_id)
    return row.delivery, row.external_id


def twilio_lists(*messages: tuple[str, str]) -> httpx.Response:
    now = utc_now().strftime("%a, %d %b %Y %H:%M:%S +0000")
    found: JsonObject = {
        "messages": [
            {"sid": sid, "body": body, "direction": "outbound-api", "date_created": now} for sid, body in messages
        ]
    }
    return httpx.Response(200, json=found)


async def test_what_the_provider_has_is_not_sent_again(sending: Sending, sessions: Sessions, fake: FakeTwilio) -> None:
    [message_id] = await a_message(sessions, TEXT, state=DeliveryState.SENDING)
    fake.answers = [twilio_lists(("SM-first", TEXT))]
    await sending.send(await the_job(sessions))
    assert await state_of(sessions, message_id) == ("sent", "SM-first")
    assert [request.method for request in fake.requests] == ["GET"]


async def test_what_the_provider_has_not_goes_out_now(sending: Sending, sessions: Sessions, fake: FakeTwilio) -> None:
    [message_id] = await a_message(sessions, TEXT, state=DeliveryState.SENDING)
    fake.answers = [twilio_lists(("SM-other", "something else")), httpx.Response(201, json={"sid": "SM-new"})]
    await sending.send(await the_job(sessions))
    assert await state_of(sessions, message_id) == ("sent", "SM-new")


async def test_the_same_words_said_before_are_another_message(
    sending: Sending, sessions: Sessions, fake: FakeTwilio
) -> None:
    first, second = await a_message(sessions, TEXT, TEXT)
    async with unit_of_work(sessions) as session:
        sent = update(models.Message).where(models.Message.id == first)
        await session.execute(sent.values(external_id="SM-first", delivery="sent"))
        await session.execute(update(models.Message).where(models.Message.id == second).values(delivery="sending"))
        claimed = await jobs.claim(session, utc_now(), worker="test", limit=10, lease_s=30)
    fake.answers = [twilio_lists(("SM-first", TEXT)), httpx.Response(201, json={"sid": "SM-second"})]
    await sending.send(next(job for job in claimed if job.payload.get("message_id") == second))
    assert await state_of(sessions, second) == ("sent", "SM-second")


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ReadError("cut")])
async def test_an_uncertain_end_is_asked_about_and_not_repeated_blindly(
    sending: Sending, sessions: Sessions, fake: FakeTwilio, answer: httpx.Response
) -> None:
    [message_id] = await a_message(sessions, TEXT)
    fake.answers = [answer]
    job = await the_job(sessions)
    await sending.send(job)
    assert await state_of(sessions, message_id) == ("sending", None)
    fake.answers = [twilio_lists(("SM-first", TEXT))]
    await sending.send(job)
    assert await state_of(sessions, message_id) == ("sent", "SM-first")
    assert [request.method for request in fake.requests] == ["POST", "GET"]


async def test_who_cannot_be_asked_for_long_leaves_it_to_a_person(
    sending: Sending, sessions: Sessions, fake: FakeTwilio
) -> None:
    [message_id] = await a_message(sessions, TEXT, state=DeliveryState.SENDING)
    fake.answers = [httpx.Response(503)]
    job = await the_job(sessions)
    last = jobs.ClaimedJob(job.id, job.kind, job.conversation_id, job.payload, jobs.MOST_ATTEMPTS, job.created_at)
    await sending.send(last)
    assert await state_of(sessions, message_id) == ("in_doubt", None)
    assert [request.method for request in fake.requests] == ["GET"]


async def test_a_report_that_comes_before_the_answer_stands(
    sending: Sending, sessions: Sessions, fake: FakeTwilio
) -> None:
    [message_id] = await a_message(sessions, TEXT)
    job = await the_job(sessions)
    taken = await sending._take(job)
    assert taken is not None
    async with unit_of_work(sessions) as session:
        await note_delivery(
            session, utc_now(), taken["inbox_id"], DeliveryUpdate(DeliveryState.DELIVERED, "x", message_id)
        )  # type: ignore[arg-type]
    await sending.send(job)
    assert (await state_of(sessions, message_id))[0] == "delivered"
