"""A number's webhooks: one signed form in, one document out; every failure ends in speech."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request, Response

from channels.http import channel_request
from channels.payload import read_limited
from channels.phone import twiml
from channels.phone.exchange import (
    CallStarted,
    ColleagueGone,
    Command,
    Digits,
    Event,
    Recorded,
    Silence,
    Transfer,
    UserText,
    Waited,
)
from channels.phone.hold_music import hold_music
from channels.phone.ports import CallDesk, OpenCall, SayIn
from channels.phone.session import Rules, VoiceSession
from channels.phone.signatures import PhoneNumber
from channels.protocol import ChannelRequest
from crm_core.errors import NotFound, SwitchboardError, TooLarge

log = structlog.get_logger(__name__)

MOST_BYTES = 64 * 1024
TAKE = "1"
OVER = {"busy": "busy", "no-answer": "no_answer", "failed": "failed", "canceled": "canceled", "completed": "hung_up"}
Form = dict[str, str]
Handler = Callable[[Form, ChannelRequest], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """One number: where its routes are, how it speaks, who carries it."""

    key: str
    number: PhoneNumber
    base: str
    rules: Rules
    say: SayIn
    language: str
    hold_music: str


class TwilioPhone:
    """The webhooks as functions of a verified form."""

    def __init__(self, line: PhoneLine, desk: CallDesk) -> None:
        self._line, self._desk = line, desk
        self.steps: dict[str, Handler] = {
            "incoming": self._turn, "turn": self._turn, "wait": self._turn, "recorded": self._turn,
            "connected": self._turn, "status": self._status, "recording": self._recording,
            "whisper": self._whisper, "take": self._take, "leg": self._leg,
        }  # fmt: skip

    async def answer(self, step: str, form: Form, request: ChannelRequest) -> str:
        """Never raises what a caller would have to hear as a dead line."""
        try:
            return await self.steps[step](form, request)
        except NotFound:
            return twiml.HANG_UP
        except (SwitchboardError, TimeoutError, OSError) as error:
            log.warning("call.failed", step=step, error=type(error).__name__)
            return twiml.told(self._line.say("phone_trouble", self._line.language), self._line.language)

    async def _turn(self, form: Form, request: ChannelRequest) -> str:
        step, number = request.path.rpartition("/")[2], _query(request, "n")
        # the carrier's own idempotency token is not signed, so it decides nothing
        call = await self._desk.begin(form["CallSid"], form.get("From", ""), f"{step}:{number}")
        if call is None:
            return twiml.again(f"{self._line.base}/{step}?n={number}")
        if isinstance(call, str):
            return call
        try:
            commands = await self._session(call).handle(_event(step, form))
            written = self._document(call, commands)
            await self._desk.finish(call, written)
        except BaseException:
            await self._desk.give_up(call)
            raise
        if any(isinstance(command, Transfer) for command in commands):
            await self._desk.ring_next(form["CallSid"])
        return written

    def _session(self, call: OpenCall) -> VoiceSession:
        return VoiceSession(call.state, call.dialogue, self._line.say, self._line.rules)

    def _document(self, call: OpenCall, commands: list[Command]) -> str:
        call.state.number += 1
        return twiml.document(commands, twiml.Links(self._line.base, call.state.number, self._line.hold_music))

    async def _status(self, form: Form, _request: ChannelRequest) -> str:
        if form.get("CallStatus") in OVER:
            seconds, outcome = _number(form, "CallDuration"), OVER[form["CallStatus"]]
            await self._desk.ended(form["CallSid"], form.get("From", ""), seconds, outcome)
        return twiml.NOTHING

    async def _recording(self, form: Form, _request: ChannelRequest) -> str:
        if form.get("RecordingStatus") == "completed":
            seconds = _number(form, "RecordingDuration")
            await self._desk.recorded(form["CallSid"], form.get("RecordingSid", ""), seconds)
        return twiml.NOTHING

    async def _whisper(self, _form: Form, request: ChannelRequest) -> str:
        leg = _query(request, "leg")
        found = await self._desk.whisper(int(leg))
        if found is None:
            return twiml.HANG_UP
        return twiml.whisper(found.sentence, found.language, f"{self._line.base}/take?leg={leg}")

    async def _take(self, form: Form, request: ChannelRequest) -> str:
        leg, language = int(_query(request, "leg")), self._line.language
        taken = await self._desk.take(leg) if form.get("Digits") == TAKE else None
        if taken is None:
            await self._desk.leg_ended(leg, "no_key")
            return twiml.told(self._line.say("phone_agent_next", language), language)
        if not taken.is_customer_there:
            await self._desk.leg_ended(leg, "customer_gone")
            return twiml.told(self._line.say("phone_agent_customer_gone", language), language)
        return twiml.room(taken.room, is_agent=True)

    async def _leg(self, form: Form, request: ChannelRequest) -> str:
        if form.get("CallStatus") in OVER:
            await self._desk.leg_ended(int(_query(request, "leg")), OVER[form["CallStatus"]])
        return twiml.NOTHING


def phone_routes(line: PhoneLine, desk: CallDesk) -> APIRouter:
    """`POST /phone/{key}/{step}`, all of them signed."""
    router, phone = APIRouter(tags=["phone"]), TwilioPhone(line, desk)

    @router.get(f"/phone/{line.key}/hold.wav")
    async def hold() -> Response:
        return Response(hold_music(), media_type="audio/wav", headers={"Cache-Control": "public, max-age=86400"})

    @router.post(f"/phone/{line.key}/{{step}}")
    async def webhook(request: Request, step: str) -> Response:
        if step not in phone.steps:
            return Response(status_code=404)
        try:
            body = await read_limited(request.stream(), request.headers.get("content-length"), MOST_BYTES)
        except TooLarge:
            return Response(status_code=413)
        asked = channel_request(request, body)
        form = line.number.form_of(asked)
        if form is None:
            log.warning("call.forged", step=step)
            return Response(status_code=403)
        return Response(await phone.answer(step, form, asked), media_type="text/xml")

    return router


def _event(step: str, form: Form) -> Event:
    match step:
        case "incoming":
            return CallStarted()
        case "wait":
            return Waited()
        case "connected":
            return ColleagueGone()
        case "recorded":
            return Recorded(form.get("RecordingSid", ""), _number(form, "RecordingDuration"))
        case _:
            return _heard(form)


def _heard(form: Form) -> Event:
    if form.get("Digits"):
        return Digits(form["Digits"])
    if "SpeechResult" in form:
        try:
            return UserText(form["SpeechResult"], float(form["Confidence"]))
        except (KeyError, ValueError):
            return UserText(form["SpeechResult"])
    return Silence()


def _number(form: Form, name: str) -> int:
    value = form.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 9 else 0  # noqa: PLR2004


def _query(request: ChannelRequest, name: str) -> str:
    """A number of ours in the address; the address is signed, so it is the one we gave."""
    pairs = dict(part.partition("=")[::2] for part in request.query.split("&"))
    value = pairs.get(name, "")
    return value if value.isascii() and value.isdecimal() and len(value) < 19 else ""  # noqa: PLR2004
