"""Calls and rooms at the carrier: an agent is rung, the two are brought together, a recording runs and pauses."""

from dataclasses import dataclass

import structlog

from channels.phone.twiml import room
from channels.twilio_rest import Fields, RestAnswer, TwilioRest

log = structlog.get_logger(__name__)

RING_S = 20
PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Legs:
    """Every method says whether it worked; the caller decides what follows. `base` is where the number's routes are."""

    rest: TwilioRest
    number: str
    base: str

    async def ring(self, agent_number: str, leg_id: int) -> str | None:
        """The agent's telephone rings, and the whisper is the first they hear. Its id at the carrier.

        A call, not a participant of a room: a participant has no document of its own and cannot be asked for a key.
        """
        events = [("StatusCallbackEvent", event) for event in ("answered", "completed")]
        fields = [
            ("To", agent_number), ("From", self.number), ("Url", f"{self.base}/whisper?leg={leg_id}"),
            ("Timeout", str(RING_S)), ("StatusCallback", f"{self.base}/leg?leg={leg_id}"), *events,
        ]  # fmt: skip
        return await self._made("/Calls.json", fields)

    async def join(self, external_id: str, name: str) -> bool:
        """Take the customer out of the waiting music and into the room."""
        moved = room(name, is_agent=False, after=f"{self.base}/connected?n={name.rpartition('-')[2]}")
        answer = await self.rest.post(f"/Calls/{external_id}.json", [("Twiml", moved)])
        return self._ok(answer, "call.not_joined")

    async def call_customer(self, name: str, customer_number: str) -> str | None:
        """Into the room where the agent waits already. The customer line's id at the carrier."""
        fields = [
            ("From", self.number), ("To", customer_number), ("Label", "customer"), ("EarlyMedia", "true"),
            ("Timeout", str(RING_S * 2)), ("StatusCallback", f"{self.base}/status"),
            ("StatusCallbackEvent", "completed"), ("EndConferenceOnExit", "true"),
        ]  # fmt: skip
        return await self._made(f"/Conferences/{name}/Participants.json", fields, "call_sid")

    async def hang_up(self, external_id: str) -> None:
        """A telephone that need not ring any more."""
        self._ok(await self.rest.post(f"/Calls/{external_id}.json", [("Status", "completed")]), "call.not_ended")

    async def start_recording(self, external_id: str) -> str | None:
        fields = [("RecordingStatusCallback", f"{self.base}/recording"), ("RecordingStatusCallbackEvent", "completed")]
        return await self._made(f"/Calls/{external_id}/Recordings.json", fields)

    async def pause_recording(self, external_id: str, recording_id: str) -> bool:
        """True only when the carrier says that it is paused: 200 alone proves nothing, so it is read back."""
        path = f"/Calls/{external_id}/Recordings/{recording_id}.json"
        asked = await self.rest.post(path, [("Status", PAUSED), ("PauseBehavior", "silence")])
        read = await self.rest.get(path) if asked.is_ok else asked
        if read.is_ok and read.text("status") == PAUSED:
            return True
        return self._ok(read, "recording.not_paused") and False

    async def stop_recording(self, external_id: str, recording_id: str) -> bool:
        path = f"/Calls/{external_id}/Recordings/{recording_id}.json"
        return self._ok(await self.rest.post(path, [("Status", "stopped")]), "recording.not_stopped")

    async def _made(self, path: str, fields: Fields, name: str = "sid") -> str | None:
        answer = await self.rest.post(path, fields)
        return (answer.text(name) or None) if self._ok(answer, "call.not_placed") else None

    def _ok(self, answer: RestAnswer, event: str) -> bool:
        if not answer.is_ok:
            log.warning(event, status=answer.status, code=answer.code)
        return answer.is_ok
