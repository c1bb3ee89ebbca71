"""Where the calls of a number are kept between two requests, and how they end."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from bot.dialogue.memory import Memory
from bot.intake_door import transaction
from bot.phone.agents import Agents
from bot.phone.dialogue import CallDialogue
from bot.phone.home import PhoneHome, address_of
from bot.phone.recording import Recordings
from channels.phone.call import CallState
from channels.phone.ports import OpenCall, Taken, Whisper
from crm_core.calls import NewCall, claim_answer, end_call, find_call, forget_claim, keep_answer, open_call
from crm_core.contacts import find_contact
from crm_core.db import utc_now
from crm_core.errors import NotFound
from crm_core.models_phone import Call, CallDirection

FIRST = "incoming:"
ANOTHER_PATIENCE_S, LOOK_EVERY_S = 5.0, 0.1


@dataclass(frozen=True, slots=True)
class HomeDesk:
    """Fulfils `channels.phone.ports.CallDesk`."""

    home: PhoneHome

    async def begin(self, external_id: str, caller: str, key: str) -> OpenCall | str | None:
        deadline = monotonic() + ANOTHER_PATIENCE_S
        while True:
            async with transaction(self.home.services) as session:
                call = await find_call(session, self.home.inbox_id, external_id)
                if call is None and key == FIRST:
                    call = await open_call(session, utc_now(), await self._new_call(external_id, caller))
                if call is None or call.ended_at is not None:
                    raise NotFound("There is no such call any more.")
                is_ours, document = await claim_answer(session, utc_now(), call.id, key)
            if is_ours:
                return OpenCall(call.id, key, CallState.from_json(call.state), self._dialogue(call, caller))
            if document is not None or monotonic() > deadline:
                return document
            await asyncio.sleep(LOOK_EVERY_S)

    def _dialogue(self, call: Call, caller: str) -> CallDialogue:
        """Of a call that we placed, the customer is not who calls."""
        customer = call.callback_number if call.direction == CallDirection.OUT else caller
        address = address_of(customer or "", call.external_id)
        return CallDialogue(self.home, call.id, call.external_id, call.conversation_id, address)

    async def _new_call(self, external_id: str, caller: str) -> NewCall:
        """A caller's number proves whose order it is only where the company says so, and only beside its number."""
        address = address_of(caller, external_id)
        async with self.home.services.readers() as session:
            known = await find_contact(session, address)
        language = known.language if known is not None and known.language else self.home.language_of(caller)
        memory = Memory()
        if self.home.inbox.trust_caller_number and address.value.startswith("+"):
            memory.slots["proof"] = f"phone:{address.value}"
        state = CallState(language if language in self.home.languages else self.home.languages[0])
        return NewCall(self.home.inbox_id, external_id, address, state.as_json(), memory.as_json(), state.language)

    async def finish(self, call: OpenCall, document: str) -> None:
        async with transaction(self.home.services) as session:
            await keep_answer(session, call.call_id, call.key, document, call.state.as_json())

    async def give_up(self, call: OpenCall) -> None:
        async with transaction(self.home.services) as session:
            await forget_claim(session, call.call_id, call.key)

    async def ring_next(self, external_id: str) -> None:
        await Agents(self.home).ring_next(external_id)

    async def whisper(self, leg_id: int) -> Whisper | None:
        return await Agents(self.home).whisper(leg_id)

    async def take(self, leg_id: int) -> Taken | None:
        return await Agents(self.home).take(leg_id)

    async def leg_ended(self, leg_id: int, outcome: str) -> None:
        await Agents(self.home).leg_ended(leg_id, outcome)

    async def ended(self, external_id: str, caller: str, duration_s: int, outcome: str) -> None:
        async with transaction(self.home.services) as session:
            call = await find_call(session, self.home.inbox_id, external_id, lock=True)
            if call is None and caller == self.home.inbox.number:
                return  # a callback of ours whose row is being written
            if call is None:
                call = await open_call(session, utc_now(), await self._new_call(external_id, caller))
                outcome = "missed"
            told = str(call.state.get("outcome") or outcome)
            await end_call(session, utc_now(), call, duration_s, told)
        await Agents(self.home).stop_ringing(call.id)

    async def recorded(self, external_id: str, recording_id: str, seconds: int) -> None:
        if seconds > 0:
            await Recordings(self.home).bring_home(external_id, recording_id)
