"""The jobs of routing, as the worker carries them out."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bot.replies import Replies
from bot.routing_jobs import RoutingJobs, wait_sentence, withdraw_all
from config.settings import ROOT
from crm_core import models
from crm_core.contracts import ConversationId
from crm_core.db import Sessions, utc_now
from crm_core.dispatcher import Dispatcher
from crm_core.jobs import ClaimedJob, JobKind
from crm_core.states import AgentState
from tests.support.factories import Centre, routing_files

REPLIES = Replies.load(ROOT / "config" / "replies", ["en", "ru", "es"])


@pytest.fixture
async def centre(sessions: Sessions) -> Centre:
    """Now is now: the handlers look at the clock themselves."""
    made = await Centre(sessions, utc_now()).open()
    await made.follow(routing_files())
    await made.set_state("elena")
    return made


def handlers(centre: Centre) -> RoutingJobs:
    return RoutingJobs(centre.sessions, REPLIES, "en")


async def newest_job(centre: Centre, kind: JobKind) -> ClaimedJob:
    row = [row for row in await centre.rows(models.Job) if row.kind == kind][-1]
    conversation_id = None if row.conversation_id is None else ConversationId(row.conversation_id)
    return ClaimedJob(row.id, kind, conversation_id, row.payload, row.attempts, row.created_at)


async def said(centre: Centre, conversation_id: ConversationId) -> Sequence[str]:
    rows = await centre.rows(models.Message)
    return [row.text for row in rows if row.conversation_id == conversation_id and row.author == "bot"]


async def test_who_lets_an_offer_pass_is_away(centre: Centre) -> None:
    conversation_id = await centre.waiting()
    await Dispatcher(centre.sessions).step()
    await handlers(centre).offer(await newest_job(centre, JobKind.OFFER))
    (elena,) = [user for user in await centre.rows(models.User) if user.id == centre.staff["elena"]]
    assert elena.state == AgentState.AWAY
    assert (await centre.conversation(conversation_id)).state == "queued"
    assert (await centre.events(None))[-1] == ("agent_state_changed", {"state": "away", "why": "offer_timed_out"})
    assert [row.kind for row in await centre.rows(models.Job) if "offered_at" in row.payload] == []


async def test_place_and_wait_are_told_where_they_are_not_shown_and_again_when_asked_later(centre: Centre) -> None:
    first, second = [await centre.waiting(who, inbox="mail") for who in ("anna", "boris")]
    for _ in range(2):
        await handlers(centre).tell_wait(await newest_job(centre, JobKind.TELL_WAIT))
        await centre.write("How long?", who="boris", inbox="mail")
    assert len(await said(centre, second)) == 1
    assert (await said(centre, second))[0].startswith("You are number 2 in line. It will probably take")
    assert await said(centre, first) == []


async def test_a_web_chat_shows_the_place_by_itself(centre: Centre) -> None:
    await centre.waiting()
    assert [row for row in await centre.rows(models.Job) if row.kind == JobKind.TELL_WAIT] == []


async def test_what_was_offered_to_who_left_is_taken_back(centre: Centre) -> None:
    conversation_id = await centre.waiting()
    await Dispatcher(centre.sessions).step()
    await withdraw_all(centre.sessions, centre.staff["elena"])
    assert (await centre.conversation(conversation_id)).state == "offered"
    async with centre.work() as session:
        user = await session.get_one(models.User, centre.staff["elena"])
        user.state = AgentState.OFFLINE.value
        await session.flush()
    await withdraw_all(centre.sessions, centre.staff["elena"])
    assert (await centre.conversation(conversation_id)).state == "queued"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "You are number 21 in line. It will probably take 8 to 9 minutes."),
        ("ru", "Ваше место в очереди: 21. Скорее всего, ждать от 8 до 9 минут."),
        ("es", "Su lugar en la cola es el 21. Lo más probable es que espere entre 8 y 9 minutos."),
    ],
)
def test_the_sentence_in_each_language(language: str, expected: str) -> None:
    estimate = {"servers": 20, "service_s": 420, "abandons_per_s": 0}
    conversation = models.Conversation(estimate=estimate, queued_at=datetime.now(UTC))
    assert wait_sentence(REPLIES, language, 21, conversation) == expected


def test_without_an_estimate_only_the_place_is_told() -> None:
    assert wait_sentence(REPLIES, "en", 1, models.Conversation()) == "You are next in line."
