"""Callbacks: a quarter of an hour with room, the place in line kept, offered from the promised moment on."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from config.routing_files import Calendar
from crm_core.contracts import ConversationId
from crm_core.conversations import Handoff, hand_off, lock_conversation
from crm_core.dispatcher import Dispatcher
from crm_core.routing_rules import RoutingFiles, Rules
from tests.support.factories import Centre, routing_files


def open_on_weekdays() -> RoutingFiles:
    files = routing_files()
    calendar = {"time_zone": "UTC", "windows": [{"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "15:00"}]}
    return RoutingFiles(files.queues, [Calendar.model_validate(calendar)], files.policies)


async def to_be_called(centre: Centre, who: str) -> ConversationId:
    conversation_id = (await centre.write(who=who)).conversation_id
    async with centre.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        await hand_off(session, centre.now, conversation, Handoff("callback", "service", None, "en"))
    return conversation_id


async def times(centre: Centre, *ids: ConversationId) -> list[str]:
    found = [(await centre.conversation(each)).callback_at for each in ids]
    return [f"{at.astimezone(UTC):%a %H:%M}" for at in found if at is not None]


async def test_each_quarter_takes_as_many_as_have_room(centre: Centre) -> None:
    await centre.follow(open_on_weekdays())
    for who in ("elena", "pavel", "olga"):
        await centre.set_state(who)
    ids = [await to_be_called(centre, who) for who in "abcd"]
    assert await times(centre, *ids) == ["Mon 14:15", "Mon 14:30", "Mon 14:45", "Tue 09:00"]


async def test_the_place_is_kept_and_the_offer_waits_for_its_time(centre: Centre) -> None:
    await centre.follow(open_on_weekdays())
    await centre.set_state("pavel")
    first = await to_be_called(centre, "anna")
    early, late = (Dispatcher(centre.sessions, lambda at=at: centre.now + at) for at in _minutes(12, 13))  # type: ignore[misc]
    assert await early.step() == 0
    second = await centre.waiting("boris")
    assert await late.step() == 1
    assert ((await centre.conversation(first)).state, (await centre.conversation(second)).state) == (
        "offered",
        "queued",
    )
    requested = dict(await centre.events(first))["callback_requested"]
    assert requested == {"queue": "service", "callback_at_s": (centre.now + timedelta(minutes=13)).timestamp()}


def _minutes(*numbers: int) -> list[timedelta]:
    return [timedelta(minutes=number) for number in numbers]


async def test_the_forecast_may_name_the_trough(centre: Centre) -> None:
    await centre.follow(open_on_weekdays())
    evening = datetime(2026, 11, 23, 14, 50, tzinfo=UTC)

    async def trough(_session: AsyncSession, _now: datetime, _rules: Rules, _queue_key: str) -> datetime:
        return evening

    conversation_id = (await centre.write()).conversation_id
    async with centre.work() as session:
        conversation = await lock_conversation(session, conversation_id)
        await hand_off(session, centre.now, conversation, Handoff("callback", "service", None, "en"), trough)
    assert (await centre.conversation(conversation_id)).callback_at == evening
