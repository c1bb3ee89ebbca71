"""The numbers of `channels.yml` opened for calls: their routes, and what is done for them by the clock."""

from collections.abc import Iterator

from fastapi import APIRouter

from bot.intake_door import IntakeDoor
from bot.phone.agents import Agents
from bot.phone.desk import HomeDesk
from bot.phone.home import PhoneHome
from bot.phone.recording import Recordings
from bot.services import Services
from channels.phone.channel import PhoneChannel
from channels.phone.session import Rules
from channels.phone.transfer import Legs
from channels.phone.twilio_http import PhoneLine, phone_routes
from config.inboxes import PhoneInbox
from crm_core.db import unit_of_work
from crm_core.jobs import ClaimedJob, finish
from crm_core.models_phone import Call

CALLBACKS_EVERY_S = 5.0


def phone_homes(services: Services, door: IntakeDoor) -> Iterator[PhoneHome]:
    for inbox in services.business.channels.inboxes:
        opened = services.inboxes.get(inbox.key)
        if isinstance(inbox, PhoneInbox) and opened is not None and isinstance(opened.channel, PhoneChannel):
            legs = Legs(opened.channel.rest, inbox.number, base_of(services.settings.base_url, inbox.key))
            yield PhoneHome(services, door, inbox, legs)


def base_of(public_url: str, inbox_key: str) -> str:
    return f"{public_url}/phone/{inbox_key}"


def phone_routers(services: Services, door: IntakeDoor) -> Iterator[APIRouter]:
    for home in phone_homes(services, door):
        opened = services.inboxes[home.inbox.key]
        assert isinstance(opened.channel, PhoneChannel)  # noqa: S101 - phone_homes has looked
        yield phone_routes(line_of(home, opened.channel), HomeDesk(home))


def line_of(home: PhoneHome, channel: PhoneChannel) -> PhoneLine:
    base = home.legs.base
    languages = home.languages
    return PhoneLine(
        home.inbox.key, channel.number, base,
        Rules(home.services.business.company.name, tuple(languages), records=home.inbox.record), home.say,
        home.inbox.language or languages[0],
        str(home.inbox.hold_music) if home.inbox.hold_music else f"{base}/hold.wav",
    )  # fmt: skip


async def pause_recording(services: Services, door: IntakeDoor, job: ClaimedJob) -> None:
    """The `pause_recording` job: an agent is about to take a card number."""
    call_id = job.payload.get("call_id")
    async with services.readers() as session:
        call = await session.get(Call, call_id)
    for home in phone_homes(services, door):
        if call is not None and call.inbox_id == home.inbox_id:
            await Recordings(home).pause(call.id)
    async with unit_of_work(services.sessions) as session:
        await finish(session, [job])


async def place_callbacks(services: Services, door: IntakeDoor) -> None:
    for home in phone_homes(services, door):
        await Agents(home).place_callbacks()
