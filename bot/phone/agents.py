"""Agents on their telephones: rung one after the other, told in a sentence, brought together with the customer."""

from dataclasses import dataclass

import structlog
from sqlalchemy import insert, select

from bot.intake_door import transaction
from bot.phone.home import PhoneHome
from channels.phone.call import CallState, Stage
from channels.phone.ports import Taken, Whisper
from channels.phone.speech import for_the_ear
from crm_core import models
from crm_core.call_legs import MOST_TRIES, end_leg, lock_leg, next_leg, take_leg
from crm_core.calls import callbacks_due, find_call
from crm_core.contracts import JsonObject
from crm_core.db import utc_now
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.models_phone import Call, CallDirection, CallLeg, LegState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Agents:
    home: PhoneHome

    async def ring_next(self, external_id: str) -> None:
        """One agent at a time; a telephone that cannot be rung counts as a try."""
        for _ in range(MOST_TRIES):
            async with transaction(self.home.services) as session:
                call = await find_call(session, self.home.inbox_id, external_id, lock=True)
                if call is None:
                    return
                rung = await next_leg(session, utc_now(), call, self.home.telephones)
            if rung is None:
                return
            leg_sid = await self.home.legs.ring(self.home.inbox.agents[rung.email], rung.leg_id)
            if leg_sid is not None:
                await self._note_leg(rung.leg_id, leg_sid)
                return
            await self._end(rung.leg_id, "failed")

    async def _note_leg(self, leg_id: int, external_id: str) -> None:
        async with transaction(self.home.services) as session:
            leg = await session.get_one(CallLeg, leg_id)
            leg.external_id = external_id
            await session.flush()

    async def whisper(self, leg_id: int) -> Whisper | None:
        """One sentence: who, which order, what about, in which language; then the key."""
        async with self.home.services.readers() as session:
            leg = await session.get(CallLeg, leg_id)
            if leg is None or leg.state != LegState.RINGING:
                return None
            call = await session.get_one(Call, leg.call_id)
            agent = await session.get_one(models.User, leg.agent_id)
            conversation = await session.get_one(models.Conversation, call.conversation_id)
            contact = await session.get_one(models.Contact, conversation.contact_id)
        language = agent.language if agent.language in self.home.languages else self.home.languages[0]
        return Whisper(self._sentence(call, conversation, contact.name, language), language)

    def _sentence(self, call: Call, about: models.Conversation, name: str | None, language: str) -> str:
        say, card = self.home.say, about.handoff or {}
        known = [name or say("phone_agent_unknown", language)]
        if card.get("order_number"):
            known.append(say("phone_agent_order", language, number=card["order_number"]))
        if card.get("wants"):
            known.append(str(card["wants"]))
        known.append(say(f"phone_agent_speaks_{about.language or language}", language))
        key = "phone_agent_callback" if call.ended_at is not None else "phone_agent_whisper"
        return for_the_ear(say(key, language, known=", ".join(known)))

    async def take(self, leg_id: int) -> Taken | None:
        """None when it was not theirs to take any more."""
        async with transaction(self.home.services) as session:
            leg = await lock_leg(session, leg_id)
            call = await session.get_one(Call, leg.call_id) if leg is not None else None
            if leg is None or call is None or not await take_leg(session, utc_now(), leg, call):
                return None
        name = f"call-{call.id}-{leg_id}"
        is_callback = call.ended_at is not None
        reached = (
            await self._call_back(call, name) if is_callback else await self.home.legs.join(call.external_id, name)
        )
        return Taken(name, reached)

    async def _call_back(self, call: Call, name: str) -> bool:
        """The agent is there first, so that nobody is called into silence. Each callback is placed once."""
        number = call.callback_number or ""
        if not self.home.may_call(number):
            log.warning("callback.refused", call_id=call.id)
            return False
        async with transaction(self.home.services) as session:
            mine = await session.get_one(Call, call.id, with_for_update=True, populate_existing=True)
            if mine.callback_placed_at is not None:
                return False
            mine.callback_placed_at = utc_now()
            await session.flush()
        external_id = await self.home.legs.call_customer(name, number)
        if external_id is None:
            await self._take_back(call.id)
            return False
        await self._note_callback(call, external_id, number)
        return True

    async def _take_back(self, call_id: int) -> None:
        """The carrier placed no call: it is still owed."""
        async with transaction(self.home.services) as session:
            mine = await session.get_one(Call, call_id, with_for_update=True, populate_existing=True)
            mine.callback_placed_at = None
            await session.flush()

    async def _note_callback(self, call: Call, external_id: str, number: str) -> None:
        state = CallState(str(call.state.get("language") or self.home.languages[0]), Stage.QUEUED)
        values = {
            "inbox_id": call.inbox_id, "external_id": external_id, "conversation_id": call.conversation_id,
            "direction": CallDirection.OUT.value, "state": state.as_json(), "callback_number": number,
        }  # fmt: skip
        async with transaction(self.home.services) as session:
            now = utc_now()
            await session.execute(insert(Call).values(**values, started_at=now))
            detail: JsonObject = {"call_id": call.id}
            placed = Event(EventKind.CALLBACK_PLACED, SYSTEM, call.conversation_id, None, detail)
            await record(session, now, [placed])

    async def leg_ended(self, leg_id: int, outcome: str) -> None:
        """Then the next one, while the customer still waits."""
        external_id = await self._end(leg_id, outcome)
        if external_id is not None:
            await self.ring_next(external_id)

    async def _end(self, leg_id: int, outcome: str) -> str | None:
        async with transaction(self.home.services) as session:
            leg = await lock_leg(session, leg_id)
            if leg is None or leg.state == LegState.OVER:
                return None
            call = await session.get_one(Call, leg.call_id)
            was_taken = leg.state == LegState.TAKEN
            await end_leg(session, utc_now(), leg, call, outcome)
            return None if was_taken or call.ended_at is not None else call.external_id

    async def stop_ringing(self, call_id: int) -> None:
        """The customer hung up: nobody should be called to an empty line."""
        async with self.home.services.readers() as session:
            statement = select(CallLeg).where(CallLeg.call_id == call_id, CallLeg.state == LegState.RINGING)
            ringing = (await session.scalars(statement)).all()
        for leg in ringing:
            if leg.external_id is not None:
                await self.home.legs.hang_up(leg.external_id)
            await self._end(leg.id, "customer_gone")

    async def place_callbacks(self) -> None:
        """Ring every agent who accepted a callback at the desk; the customer is called once they are there."""
        async with self.home.services.readers() as session:
            due = [call for call in await callbacks_due(session, utc_now()) if call.inbox_id == self.home.inbox_id]
        for call in due:
            await self.ring_next(call.external_id)
