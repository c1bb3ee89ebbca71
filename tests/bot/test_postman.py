"""Webhooks that we send, to a real receiver: signed, repeated, guarded, and nothing lost when the sender is killed."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from standardwebhooks import Webhook as StandardWebhook

from bot.postman import Postman, Sender
from config.settings import ROOT, WebhookSettings
from crm_core import models, webhook_sending
from crm_core.access import Viewer
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.errors import InvalidInput
from crm_core.event_feed import FeedEvent, settled_through
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.models_api import Webhook, WebhookAttempt, WebhookDelivery
from crm_core.states import DeliveryOutcome, Role
from crm_core.webhook_sending import DISABLED_AFTER, GIVEN_UP_AFTER, Claimed, Tried, outcome_of
from crm_core.webhooks import checked_url, register, secret_of, send_again, send_test, shown_secret, switch
from tests.support.desk_app import KEY
from tests.support.factories import Centre
from tests.support.webhook_receiver import Receiver, receiving

OPEN = WebhookSettings(allow_private=True, timeout_s=2)
EVENTS, KILLS, PATIENCE_S = 40, 2, 90


@pytest.fixture(scope="module")
def running_receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with receiving(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture
def receiver(running_receiver: Receiver) -> Receiver:
    running_receiver.file.write_text("")
    return running_receiver


@pytest.fixture
async def centre(sessions: Sessions, now: object) -> Centre:
    return await Centre(sessions, utc_now()).open()


def admin(centre: Centre) -> Viewer:
    return Viewer(centre.staff["ada"], Role.ADMIN, frozenset(), "Ada Admin")


async def add(centre: Centre, url: str, *kinds: str) -> tuple[int, bytes]:
    async with centre.work() as session:
        return await register(session, centre.now, admin(centre), url, kinds or ("closed", "message_received"))


async def happen(centre: Centre, number: int = 1) -> None:
    async with centre.work() as session:
        await record(
            session, utc_now(), [Event(EventKind.CLOSED, SYSTEM, data={"reason": str(n)}) for n in range(number)]
        )


async def deliver(centre: Centre, settings: WebhookSettings = OPEN) -> None:
    """One look of the postman, and the rounds it begins."""
    postman = Postman(Sender(centre.sessions, KEY, settings))
    await postman.step()
    await asyncio.gather(*postman._rounds.values())


async def make_due(centre: Centre) -> None:
    async with centre.work() as session:
        await session.execute(update(WebhookDelivery).values(due_at=utc_now()))


async def test_what_is_sent_is_signed_as_the_standard_says(centre: Centre, receiver: Receiver) -> None:
    _, salt = await add(centre, receiver.url("/ok"))
    conversation_id = (await centre.write("TEXT-CANARY")).conversation_id
    await deliver(centre)
    (got,) = receiver.got()
    told = StandardWebhook(shown_secret(secret_of(KEY, salt))).verify(got.body, got.headers)
    assert (told["type"], told["data"]["conversation_id"]) == ("message_received", conversation_id)
    assert "CANARY" not in got.body
    with pytest.raises(Exception, match="No matching signature"):
        StandardWebhook(shown_secret(b"another")).verify(got.body, got.headers)
    with pytest.raises(Exception, match="No matching signature"):
        StandardWebhook(shown_secret(secret_of(KEY, salt))).verify(got.body + " ", got.headers)


async def test_only_chosen_kinds_of_later_events_are_sent(centre: Centre, receiver: Receiver) -> None:
    await centre.write()
    await add(centre, receiver.url("/ok"), "closed")
    await centre.write(who="v2")
    await happen(centre, 2)
    await deliver(centre)
    await deliver(centre)
    assert sorted(json.loads(got.body)["data"]["detail"]["reason"] for got in receiver.got()) == ["0", "1"]


async def test_what_fails_is_tried_again_with_the_same_id_and_logged(centre: Centre, receiver: Receiver) -> None:
    webhook_id, _ = await add(centre, receiver.url("/status/500"))
    await happen(centre)
    await deliver(centre)
    await deliver(centre)
    assert len(receiver.got()) == 1, "not before its time"
    await make_due(centre)
    async with centre.work() as session:
        await session.execute(update(Webhook).values(url=receiver.url("/ok")))
    await deliver(centre)
    first, second = receiver.got()
    assert (first.id, first.body) == (second.id, second.body)
    assert [(row.status, row.code) for row in await centre.rows(WebhookAttempt)] == [
        (500, "http_500"),
        (204, "http_204"),
    ]
    (delivery,) = await centre.rows(WebhookDelivery)
    assert (delivery.outcome, delivery.attempts) == ("delivered", 2)
    assert (await centre.rows(Webhook))[0].failing_since is None
    async with centre.work() as session:
        await send_again(session, utc_now(), admin(centre), (webhook_id, delivery.id))
    await deliver(centre)
    assert {got.id for got in receiver.got()} == {first.id}
    assert len(receiver.got()) == 3


def claimed(attempt: int, age: timedelta = timedelta(seconds=1)) -> Claimed:
    event = FeedEvent(1, utc_now(), "closed", "system", None, None, {})
    return Claimed(1, 1, "https://example.com", b"", attempt, utc_now() - age, event)


def test_pauses_grow_until_a_day_is_over() -> None:
    failed, now = Tried(503, "http_503", 1), utc_now()
    waits = [(outcome_of(now, claimed(attempt), failed)[1] - now).total_seconds() for attempt in (1, 3, 6, 40)]
    assert waits == sorted(waits)
    assert 4 <= waits[0] <= 6
    assert waits[-1] <= 7_200 * 1.2
    late = claimed(9, GIVEN_UP_AFTER + timedelta(seconds=1))
    assert outcome_of(now, late, failed)[0] is DeliveryOutcome.GIVEN_UP
    assert outcome_of(now, claimed(1), Tried(410, "http_410", 1))[0] is DeliveryOutcome.GIVEN_UP
    assert outcome_of(now, replace(claimed(1), event=None), failed)[0] is DeliveryOutcome.GIVEN_UP
    assert (
        outcome_of(now, claimed(9, GIVEN_UP_AFTER + timedelta(seconds=1)), Tried(200, "http_200", 1))[0]
        is DeliveryOutcome.DELIVERED
    )


async def test_who_fails_for_days_is_left_alone_and_misses_nothing(centre: Centre, receiver: Receiver) -> None:
    webhook_id, _ = await add(centre, receiver.url("/status/500"))
    await happen(centre)
    await deliver(centre)
    async with centre.work() as session:
        await session.execute(update(Webhook).values(failing_since=utc_now() - DISABLED_AFTER))
    await make_due(centre)
    await deliver(centre)
    (webhook,) = await centre.rows(Webhook)
    assert webhook.disabled_why == "failing"
    await happen(centre)
    async with centre.work() as session:
        await session.execute(update(WebhookDelivery).values(due_at=utc_now(), outcome="given_up"))
    await deliver(centre)
    assert len(receiver.got()) == 2
    async with centre.work() as session:
        await session.execute(update(Webhook).values(url=receiver.url("/ok")))
        await switch(session, utc_now(), admin(centre), webhook_id, on=True)
    await deliver(centre)
    assert [got.path for got in receiver.got()][2:] == ["/ok", "/ok"]


async def test_who_says_it_is_gone_is_believed(centre: Centre, receiver: Receiver) -> None:
    await add(centre, receiver.url("/status/410"))
    await happen(centre)
    await deliver(centre)
    assert [row.disabled_why for row in await centre.rows(Webhook)] == ["gone"]


async def test_a_test_is_sent_once_and_judges_nobody(centre: Centre, receiver: Receiver) -> None:
    webhook_id, _ = await add(centre, receiver.url("/status/500"))
    async with centre.work() as session:
        await send_test(session, utc_now(), admin(centre), webhook_id)
    await deliver(centre)
    (delivery,) = await centre.rows(WebhookDelivery)
    assert (delivery.outcome, json.loads(receiver.got()[0].body)["type"]) == ("given_up", "test")
    assert (await centre.rows(Webhook))[0].failing_since is None


INSIDE = ("127.0.0.1", "localhost", "0.0.0.0", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "127.1")


async def test_nothing_is_sent_to_neighbours(centre: Centre, receiver: Receiver) -> None:
    """The canary is the receiver itself: with the guard off it is reached by every one of these."""
    for host in INSIDE:
        await add(centre, receiver.url("/ok", host))
    await happen(centre)
    guarded = WebhookSettings(timeout_s=2)
    await deliver(centre, guarded)
    assert receiver.got() == []
    assert {row.code for row in await centre.rows(WebhookAttempt)} == {"address_refused"}
    await make_due(centre)
    await deliver(centre)
    assert len(receiver.got()) >= len(INSIDE) - 2, "some ways of writing are none on some systems"


async def test_a_redirect_is_no_delivery(centre: Centre, receiver: Receiver) -> None:
    await add(centre, receiver.url(f"/redirect/{receiver.port}"))
    await happen(centre)
    await deliver(centre)
    assert (receiver.got(), [row.status for row in await centre.rows(WebhookAttempt)]) == ([], [307])


async def test_a_slow_receiver_keeps_no_other_waiting(centre: Centre, receiver: Receiver) -> None:
    await add(centre, receiver.url("/slow/5"))
    await add(centre, receiver.url("/ok"))
    await happen(centre, 20)
    await deliver(centre, WebhookSettings(allow_private=True, timeout_s=0.3))
    assert [got.path for got in receiver.got()] == ["/ok"] * 20
    codes = {row.code for row in await centre.rows(WebhookAttempt)}
    assert codes == {"http_204", "no_answer_in_time"}


@pytest.mark.parametrize(
    "url", ["", "http://example.com", "ftp://example.com", "https://", "https://a b", "https://u:p@example.com", "file:///x"]
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        checked_url(url, may_be_private=False)
    assert checked_url("https://example.com/hook?a=1", may_be_private=False)


async def test_an_event_that_commits_late_is_not_passed_over(centre: Centre, receiver: Receiver) -> None:
    await add(centre, receiver.url("/ok"), "closed")
    async with centre.sessions() as late:
        await record(late, utc_now(), [Event(EventKind.CLOSED, SYSTEM, data={"reason": "late"})])
        await happen(centre)
        newest = await late.scalar(select(text("max(id)")).select_from(models.Event)) or 0
        assert await settled_through(centre.sessions, 0) == 0, "a lower id is still to come"
        waiting = asyncio.create_task(settled_through(centre.sessions, 0))
        await asyncio.sleep(0.05)
        await late.commit()
        assert await waiting >= newest
    await deliver(centre)
    assert sorted(json.loads(got.body)["data"]["detail"]["reason"] for got in receiver.got()) == ["0", "late"]


async def test_a_gap_in_the_ids_holds_nothing_up(centre: Centre, receiver: Receiver) -> None:
    await add(centre, receiver.url("/ok"))
    async with centre.work() as session:
        await session.execute(text("select nextval('event_id_seq') from generate_series(1, 5000)"))
    await happen(centre)
    await deliver(centre)
    assert len(receiver.got()) == 1


async def test_no_more_is_planned_at_once_than_a_transaction_should_hold(
    centre: Centre, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_sending, "MOST_PLANNED", 2)
    await add(centre, receiver.url("/ok"))
    await happen(centre, 3)
    await deliver(centre)
    assert len(receiver.got()) == 2
    await deliver(centre)
    assert len(receiver.got()) == 3


def run_postman(url: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.postman_process", url, *arguments]
    return subprocess.Popen(command, cwd=ROOT)


async def killed_again_and_again(centre: Centre, receiver: Receiver, url: str, *arguments: str) -> set[str]:
    """The ids that arrived, of EVENTS, while the sender was killed KILLS times in the middle of deliveries."""
    for kill in range(KILLS + 1):
        before, process = len(receiver.got()), run_postman(url, *arguments)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            if kill < KILLS and len(receiver.got()) >= before + 3:
                break
            if kill == KILLS and await all_settled(centre):
                break
        await asyncio.sleep(0.05)  # the next ones are under way: the receiver takes longer
        process.kill()
        process.wait()
    return {got.id for got in receiver.got()}


async def all_settled(centre: Centre) -> bool:
    outcomes = {row.outcome for row in await centre.rows(WebhookDelivery)}
    return outcomes == {"delivered"} and len(await centre.rows(WebhookDelivery)) == EVENTS


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "loses"), [((), False), (("broken",), True)], ids=["ours", "broken"])
async def test_a_killed_sender_loses_nothing(
    centre: Centre, receiver: Receiver, database_url: str, tmp_path: Path, variant: tuple[str, ...], *, loses: bool
) -> None:
    await add(centre, receiver.url("/slow"), "closed")
    await happen(centre, EVENTS)
    arrived = await killed_again_and_again(centre, receiver, database_url, *variant)
    async with unit_of_work(centre.sessions) as session:
        ids = (await session.scalars(select(models.Event.id).where(models.Event.kind == "closed"))).all()
        (webhook_id,) = (await session.scalars(select(Webhook.id))).all()
    lost = {f"evt_{webhook_id}_{number}" for number in ids} - arrived
    assert bool(lost) is loses, f"{len(lost)} of {EVENTS} lost"
