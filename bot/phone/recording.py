"""Recordings of calls: only after a stored yes, paused for card numbers, brought home when the call is over."""

import re
from dataclasses import asdict, dataclass

import structlog

from bot.intake_door import transaction
from bot.phone.home import PhoneHome
from crm_core.calls import find_call
from crm_core.contracts import ConversationId, JsonObject, RemoteFile
from crm_core.conversations import lock_conversation
from crm_core.db import utc_now
from crm_core.events import CONTACT, SYSTEM, Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.models_phone import Call
from crm_core.outbox import Utterance, Voice, post
from crm_core.signals import Signal, Topic, publish
from crm_core.states import Author, Visibility

log = structlog.get_logger(__name__)

NOTE = Voice(Author.SYSTEM, visibility=Visibility.INTERNAL)
BROUGHT_HOME = "kept"
RECORDING = re.compile("RE[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Recordings:
    home: PhoneHome

    async def allow(self, call_id: int, *, allowed: bool) -> None:
        """The answer is stored before anything is recorded."""
        kind = EventKind.RECORDING_ALLOWED if allowed else EventKind.RECORDING_REFUSED
        async with transaction(self.home.services) as session:
            call = await session.get_one(Call, call_id, with_for_update=True)
            call.may_record = allowed
            await session.flush()
            await record(session, utc_now(), [Event(kind, CONTACT, call.conversation_id, None, {"call_id": call_id})])
        if allowed:
            await self._note(call_id, await self.home.legs.start_recording(call.external_id))

    async def _note(self, call_id: int, recording_id: str | None) -> None:
        async with transaction(self.home.services) as session:
            call = await session.get_one(Call, call_id, with_for_update=True)
            call.recording_id = recording_id
            await session.flush()

    async def pause(self, call_id: int) -> None:
        """Paused until the end of the call; what cannot be paused is stopped."""
        async with self.home.services.readers() as session:
            call = await session.get_one(Call, call_id)
        if call.recording_id is None:
            return
        paused = await self.home.legs.pause_recording(call.external_id, call.recording_id)
        if not paused:
            await self.home.legs.stop_recording(call.external_id, call.recording_id)
        async with transaction(self.home.services) as session:
            detail = {"call_id": call_id, "code": "paused" if paused else "stopped"}
            happened = Event(EventKind.RECORDING_PAUSED, SYSTEM, call.conversation_id, None, {**detail})
            await record(session, utc_now(), [happened])
            await publish(session, Signal(Topic.CONVERSATION, call.conversation_id))

    def files(self, recording_id: str, name: str) -> tuple[RemoteFile, ...]:
        """Asked for by its id at the carrier's own address: an address in the request is never followed."""
        if not RECORDING.fullmatch(recording_id):
            log.warning("recording.unknown_id")
            return ()
        url = self.home.legs.rest.url(f"/Recordings/{recording_id}.mp3")
        return (RemoteFile(url, f"{name}.mp3", "audio/mpeg"),)

    async def bring_home(self, external_id: str, recording_id: str) -> None:
        """The whole call as a file of a note, for colleagues only; nothing without the caller's yes."""
        async with transaction(self.home.services) as session:
            call = await find_call(session, self.home.inbox_id, external_id, lock=True)
            if call is None or call.may_record is not True or call.recording_id == BROUGHT_HOME:
                return
            conversation = await lock_conversation(session, ConversationId(call.conversation_id))
            now, text = (
                utc_now(),
                self.home.say("phone_recording_note", conversation.language or self.home.languages[0]),
            )
            (message_id,) = await post(session, now, conversation, NOTE, [Utterance(text)])
            for file in self.files(recording_id, "call"):
                wanted: JsonObject = {"message_id": message_id, **asdict(file)}
                await enqueue(session, now, NewJob(JobKind.FETCH, ConversationId(conversation.id), wanted))
            call.recording_id = BROUGHT_HOME
            await session.flush()
