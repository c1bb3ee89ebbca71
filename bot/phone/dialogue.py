"""One call's way to the bot, the line and the desk."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from bot.dialogue.handoff import handoff_of
from bot.dialogue.memory import Memory
from bot.intake_door import transaction
from bot.phone.home import PhoneHome
from bot.phone.recording import Recordings
from channels.phone.call import CallState
from channels.phone.policy import MOST_PERSON_TRIES, QueueNews
from channels.phone.ports import Line, Reply, Spoken
from crm_core import conversations
from crm_core.calls import LinePlace, Progress, line_place, progress_of, want_callback
from crm_core.cards import without_card_numbers
from crm_core.contracts import Address, ConversationId, Inbound, JsonObject, Mark
from crm_core.conversations import hand_off, lock_conversation
from crm_core.db import utc_now
from crm_core.events import SYSTEM
from crm_core.models_phone import Call
from crm_core.outbox import BOT_VOICE, Utterance, post
from crm_core.states import Author
from crm_core.states import ConversationState as State
from crm_core.wait_estimates import wait_from

LOOK_EVERY_S = 0.05
IN_LINE = frozenset({State.QUEUED, State.OFFERED, State.ASSIGNED})
ENDED_BY_AGENT = frozenset({State.CLOSED, State.WRAP_UP})


@dataclass(frozen=True, slots=True)
class CallDialogue:
    """Fulfils `channels.phone.ports.Dialogue`."""

    home: PhoneHome
    call_id: int
    external_id: str
    conversation_id: int
    address: Address

    async def tell(self, state: CallState, text: str, choice: str | None = None) -> None:
        clean = without_card_numbers(text)
        if clean != text:
            await Recordings(self.home).pause(self.call_id)
        inbound = Inbound(
            f"{self.external_id}:{state.number}", self.address, clean, self.external_id, language=state.language,
            choice=choice, raw=clean.encode(),
        )  # fmt: skip
        await self.home.door.receive(self.home.inbox.key, inbound)

    async def reply(self, state: CallState, patience_s: float) -> Reply | None:
        """The turn runs here or in a worker: the database knows when it is done."""
        deadline = monotonic() + patience_s
        while True:
            async with self.home.services.readers() as session:
                found = await progress_of(session, self.conversation_id, state.heard_through)
            if found.is_answered or found.state != State.BOT:
                return self._reply(found, state)
            if monotonic() >= deadline:
                return None
            await asyncio.sleep(LOOK_EVERY_S)

    def _reply(self, found: Progress, state: CallState) -> Reply:
        language = found.language or state.language
        through = max([state.heard_through, *(message[0] for message in found.messages)])
        reason = (found.handoff or {}).get("reason")
        return Reply(
            self._spoken(found, language), language, through, found.state in IN_LINE, found.state == State.CLOSED,
            _misses(found.memory), reason == "callback",
        )  # fmt: skip

    def _spoken(self, found: Progress, language: str) -> tuple[Spoken, ...]:
        source = self.home.say("knowledge_source", language, source="")
        return tuple(
            Spoken(text, _choices(content), text.rpartition("\n\n")[2].startswith(source))
            for _, _, text, content in found.messages
        )

    async def hand_off(self, state: CallState, reason: str) -> None:
        async with transaction(self.home.services) as session:
            conversation = await lock_conversation(session, ConversationId(self.conversation_id))
            if conversation.state != State.BOT:
                return
            memory = Memory.from_json(conversation.bot_memory)
            conversation.language = conversation.language or state.language
            card = handoff_of(self.home.services.turn.dialogue, memory, reason, conversation)
            await hand_off(session, utc_now(), conversation, card)

    async def line(self, state: CallState) -> Line:
        async with self.home.services.readers() as session:
            call = await session.get_one(Call, self.call_id)
            place = await line_place(session, call)
            found = await progress_of(session, self.conversation_id, state.heard_through)
        news = _news(place)
        typed = [message for message in found.messages if message[1] == Author.AGENT]
        return Line(
            news, place.state == State.QUEUED and place.tries >= MOST_PERSON_TRIES, place.state in ENDED_BY_AGENT,
            self.home.opens(self.home.services.turn.now(), state.language),
            tuple(Spoken(text) for _, _, text, _ in typed),
            max([state.heard_through, *(message[0] for message in found.messages)]),
        )  # fmt: skip

    async def call_back(self) -> bool:
        """The number they gave the bot, else the one they call from; only where we may call."""
        async with transaction(self.home.services) as session:
            call = await session.get_one(Call, self.call_id, with_for_update=True)
            conversation = await lock_conversation(session, ConversationId(self.conversation_id))
            slots = conversation.bot_memory.get("slots")
            given = str(slots.get("phone") or "") if isinstance(slots, dict) else ""
            number = given if conversation.handoff and conversation.handoff.get("reason") == "callback" else ""
            number = number or self.address.value
            if not self.home.may_call(number):
                return False
            await want_callback(session, utc_now(), call, number)
        return True

    async def allow_recording(self, *, allowed: bool) -> None:
        await Recordings(self.home).allow(self.call_id, allowed=allowed)

    async def leave_message(self, state: CallState, recording_id: str, seconds: int) -> None:
        """A message with the recording as its file; it waits in the line like any other."""
        text = self.home.say("phone_voice_message", state.language, seconds=seconds)
        inbound = Inbound(
            recording_id or f"{self.external_id}:voicemail", self.address, text, self.external_id,
            language=state.language, marks=frozenset({Mark.AUTOMATIC}), raw=recording_id.encode(),
            remote_files=Recordings(self.home).files(recording_id, "voice-message"),
        )  # fmt: skip
        await self.home.door.receive(self.home.inbox.key, inbound)

    async def put_first(self) -> None:
        async with transaction(self.home.services) as session:
            call = await session.get_one(Call, self.call_id)
            conversation = await lock_conversation(session, ConversationId(self.conversation_id))
            if conversation.state == State.ASSIGNED and conversation.queue_key is not None:
                await conversations.transfer(session, utc_now(), conversation, conversation.queue_key, SYSTEM)
            conversation.queued_at = call.started_at
            await session.flush()

    async def note(self, text: str) -> int:
        async with transaction(self.home.services) as session:
            conversation = await lock_conversation(session, ConversationId(self.conversation_id))
            (message_id,) = await post(session, utc_now(), conversation, BOT_VOICE, [Utterance(text)])
        return message_id


def _choices(content: JsonObject) -> tuple[tuple[str, str], ...]:
    found = content.get("choices")
    choices = found if isinstance(found, list) else []
    return tuple((str(each["value"]), str(each["label"])) for each in choices if isinstance(each, dict))


def _misses(stored: JsonObject) -> int:
    """In a row: not understood at all, or the same question put again."""
    memory = Memory.from_json(stored)
    tries = memory.stack[-1].tries if memory.stack else 0
    return max(memory.misses, tries - 1)


def _news(place: LinePlace) -> QueueNews | None:
    if place.position is None:
        return None
    wait = wait_from(place.estimate, place.position)
    return QueueNews(place.position, wait.p50_s if wait else None, wait.p80_s if wait else None)
