"""Waiting for a person: place and time, a callback that keeps the place, a message when nobody is here."""

from channels.phone import policy
from channels.phone.call import CallState, Stage
from channels.phone.exchange import Ask, Command, Digits, End, Event, Expect, Play, Record, Recorded, Say, Transfer
from channels.phone.ports import Dialogue, Line, SayIn
from channels.phone.speech import for_the_ear

CALL_ME = "1"


class WaitingLine:
    """The part of a voice session that begins when a person is wanted."""

    def __init__(self, state: CallState, dialogue: Dialogue, say: SayIn) -> None:
        self._state, self._dialogue, self._sentence = state, dialogue, say

    def _say(self, key: str, **values: object) -> Say:
        return Say(self._sentence(key, self._state.language, **values), self._state.language)

    async def enter(self) -> list[Command]:
        """Into the line, or to the message when nobody is here."""
        self._state.stage, self._state.rounds = Stage.QUEUED, 0
        line = await self._dialogue.line(self._state)
        if line.opens is not None:
            self._state.stage = Stage.CLOSED
            key = "phone_closed" if line.opens else "phone_closed_long"
            return [self._say(key, when=line.opens), Ask(Expect.KEY, self._state.language, 4)]
        return [Transfer(), *self._place(line), *self._hold()]

    async def colleague_gone(self) -> list[Command]:
        """Cut off from an agent: said, and first in the line again. When the agent had ended it, that was the end."""
        line = await self._dialogue.line(self._state)
        if line.is_over:
            return self._end("finished", "phone_goodbye")
        await self._dialogue.put_first()
        self._state.stage, self._state.rounds = Stage.QUEUED, 0
        return [self._say("phone_colleague_lost"), Transfer(), *self._hold()]

    async def wait(self, event: Event) -> list[Command]:
        """One turn of the line: every twenty seconds, or when a key is pressed."""
        state = self._state
        if isinstance(event, Digits) and event.keys == CALL_ME and state.may_call_back:
            return await self._call_back()
        state.rounds += 1
        line = await self._dialogue.line(state)
        said = self._told(line)
        if line.is_over:
            return [*said, *self._end("finished", "phone_goodbye")]
        if line.is_exhausted:
            return await self._nobody_free()
        offer: list[Command] = []
        if state.rounds >= policy.ROUNDS_UNTIL_CALLBACK:
            state.may_call_back = True
            offer = [self._say("phone_offer_callback")]
        return [*said, Transfer(), *self._place(line), *offer, *self._hold()]

    async def closed(self, event: Event) -> list[Command]:
        if isinstance(event, Digits) and event.keys == CALL_ME:
            return await self._call_back()
        self._state.stage = Stage.VOICEMAIL
        return [self._say("phone_after_the_tone"), Record()]

    async def voicemail(self, event: Event) -> list[Command]:
        if not isinstance(event, Recorded) or event.seconds < 1:
            return self._end("no_message", "phone_no_message")
        await self._dialogue.leave_message(self._state, event.recording_id, event.seconds)
        return self._end("voicemail", "phone_message_kept")

    async def _call_back(self) -> list[Command]:
        if await self._dialogue.call_back():
            return self._end("callback", "phone_callback_noted")
        self._state.stage = Stage.VOICEMAIL
        return [self._say("phone_no_callback_number"), Record()]

    async def _nobody_free(self) -> list[Command]:
        """Three colleagues were tried: better to be called than to be kept."""
        if await self._dialogue.call_back():
            return self._end("callback", "phone_nobody_free")
        self._state.stage = Stage.VOICEMAIL
        return [self._say("phone_no_callback_number"), Record()]

    def _told(self, line: Line) -> list[Command]:
        """What an agent typed meanwhile is read out."""
        self._state.heard_through = max(self._state.heard_through, line.through)
        return [Say(for_the_ear(each.text), self._state.language) for each in line.said]

    def _place(self, line: Line) -> list[Command]:
        if line.news is None:
            return [self._say("phone_connecting")]
        minutes = line.news.minutes
        if minutes is None:
            return [self._say("phone_place", position=line.news.position)]
        return [self._say("phone_place_and_wait", position=line.news.position, minutes=minutes)]

    def _hold(self) -> list[Command]:
        return [Play(), Ask(Expect.KEY, self._state.language, policy.LINE_ROUND_S)]

    def _end(self, outcome: str, key: str) -> list[Command]:
        self._state.stage, self._state.outcome = Stage.ENDED, outcome
        return [self._say(key), End(outcome)]
