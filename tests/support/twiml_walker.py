"""A caller for tests: follows every document as Twilio would, and refuses what Twilio would refuse."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from tests.support.twilio import ACCOUNT_SID, OUR_NUMBER, PUBLIC_URL

Post = Callable[[str, str, dict[str, str]], Awaitable[str]]  # path, query, fields: the document

NUMBER, URL, YES_NO, POST = r"\d{1,4}", r"https?://\S{1,2000}", "true|false", "POST"
LANGUAGES = "en-US|ru-RU|es-ES"
# Attributes and their values, by verb: twilio.com/docs/voice/twiml
ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "Response": {},
    "Say": {"language": LANGUAGES, "voice": r"Polly\.\w+", "loop": NUMBER},
    "Play": {"loop": NUMBER, "digits": r"[0-9w#*]+"},
    "Pause": {"length": NUMBER},
    "Redirect": {"method": POST},
    "Hangup": {},
    "Gather": {
        "input": "dtmf|speech|dtmf speech", "action": URL, "method": POST, "timeout": NUMBER,
        "speechTimeout": r"auto|\d{1,2}", "language": LANGUAGES, "hints": r"[^\n]{1,4000}", "numDigits": NUMBER,
        "finishOnKey": "[0-9#*]?", "actionOnEmptyResult": YES_NO, "profanityFilter": YES_NO,
    },
    "Record": {
        "action": URL, "method": POST, "maxLength": NUMBER, "timeout": NUMBER, "finishOnKey": "[0-9#*]+",
        "playBeep": YES_NO,
    },
    "Dial": {"action": URL, "method": POST, "timeout": NUMBER},
    "Conference": {
        "beep": "true|false|onEnter|onExit", "startConferenceOnEnter": YES_NO, "endConferenceOnExit": YES_NO,
        "participantLabel": r"\w{1,128}",
    },
}  # fmt: skip
NESTED: Mapping[str, frozenset[str]] = {
    "Response": frozenset({"Say", "Play", "Pause", "Redirect", "Hangup", "Gather", "Record", "Dial"}),
    "Gather": frozenset({"Say", "Play", "Pause"}),
    "Dial": frozenset({"Conference"}),
}
ENDS = frozenset({"Redirect", "Hangup"})  # nothing behind them is ever reached
TEXT = frozenset({"Say", "Play", "Redirect", "Conference"})
MOST_HINTS, MOST_HINT = 500, 100


def validated(document: str) -> Element:
    """The document's root. Raises AssertionError for what Twilio would not accept."""
    root = ET.fromstring(document)
    assert root.tag == "Response", root.tag
    assert len(document.encode()) < 64_000, "the document is too large"
    _validate(root)
    return root


def _validate(element: Element) -> None:
    known = ATTRIBUTES[element.tag]
    for name, value in element.attrib.items():
        assert name in known, f"<{element.tag}> has no attribute {name}"
        assert re.fullmatch(known[name], value), f"<{element.tag} {name}={value!r}>"
    text = (element.text or "").strip()
    assert bool(text) == (element.tag in TEXT), f"<{element.tag}> holds {text!r}"
    assert len(text) <= 4096, "a Say is too long"
    for child in element:
        assert child.tag in NESTED.get(element.tag, ()), f"<{child.tag}> in <{element.tag}>"
        assert not (child.tail or "").strip(), "text between verbs"
        _validate(child)
    tags = [child.tag for child in element]
    assert not any(tag in ENDS for tag in tags[:-1]), f"unreachable: {tags}"
    if element.tag == "Gather":
        _validate_gather(element)


def _validate_gather(gather: Element) -> None:
    hints = [hint for hint in gather.get("hints", "").split(",") if hint]
    assert len(hints) <= MOST_HINTS, "too many hints"
    assert all(len(hint) <= MOST_HINT for hint in hints), "a hint is too long"
    if "speech" not in gather.get("input", "dtmf"):
        assert not {"speechTimeout", "language", "hints"} & set(gather.attrib), "speech is not listened for"


@dataclass
class Walker:
    """One caller. `script` are their turns: hears, and then says, presses, is silent, leaves a message, hangs up."""

    post: Post
    call_sid: str
    caller: str
    script: list[dict[str, Any]]
    base: str = "/phone/line"
    heard: list[str] = field(default_factory=list)
    everything: list[str] = field(default_factory=list)
    documents: int = 0
    ended: str = ""
    redirects: int = 0

    async def call(self) -> "Walker":
        """Until the line is down, in a room, or the caller has hung up."""
        await self._follow(await self._ask(f"{self.base}/incoming", "", {}))
        return self

    async def _ask(self, path: str, query: str, fields: dict[str, str]) -> Element:
        known = {
            "CallSid": self.call_sid, "AccountSid": ACCOUNT_SID, "From": self.caller, "To": OUR_NUMBER,
            "Direction": "inbound", "CallStatus": "in-progress", "ApiVersion": "2010-04-01", "CallerName": "",
        }  # fmt: skip
        root = validated(await self.post(path, query, {**known, **fields}))
        self.documents += 1
        return root

    async def _go(self, url: str, fields: dict[str, str]) -> None:
        assert url.startswith(PUBLIC_URL), url
        parts = urlsplit(url)
        await self._follow(await self._ask(parts.path, parts.query, fields))

    async def _follow(self, root: Element) -> None:
        for verb in root:
            if verb.tag == "Say":
                self._hear(verb)
            elif verb.tag == "Redirect":
                self.redirects += 1
                assert self.redirects < 50, "going in circles"
                return await self._go((verb.text or "").strip(), {})
            elif verb.tag in ("Gather", "Record", "Dial", "Hangup"):
                return await self._at(verb)
        assert list(root), "an empty document hangs up without a word"
        self.ended = "dead air"
        return None

    def _hear(self, verb: Element) -> None:
        self.heard.append((verb.text or "").strip())
        self.everything.append((verb.text or "").strip())

    async def _at(self, verb: Element) -> None:
        for said in verb.iter("Say"):
            self._hear(said)
        if verb.tag == "Hangup":
            self.ended = "hangup"
            self._check(self.script.pop(0) if self.script else {})
            return
        turn = self.script.pop(0) if self.script else {"hangs_up": True}
        self._check(turn)
        if turn.get("hangs_up"):
            self.ended = "hung up"
        elif verb.tag == "Dial":
            self.ended = f"room {(verb[0].text or '').strip()}"
        else:
            await self._go(verb.get("action", ""), self._input(verb, turn))

    def _input(self, verb: Element, turn: dict[str, Any]) -> dict[str, str]:
        if verb.tag == "Record":
            seconds = turn["records"]
            sid = f"RE{self.call_sid[2:]}"
            return {
                "RecordingSid": sid,
                "RecordingDuration": str(seconds),
                "RecordingUrl": f"https://evil.example/{sid}",
            }
        listens = verb.get("input", "dtmf")
        if "says" in turn:
            assert "speech" in listens, f"said {turn['says']!r}, but only keys are listened for"
            return {"SpeechResult": turn["says"], "Confidence": str(turn.get("confidence", 0.93))}
        if "presses" in turn:
            return {"Digits": str(turn["presses"]).rstrip("#")}
        assert turn.get("silent"), f"this is no turn: {turn}"
        return {}

    def _check(self, turn: dict[str, Any]) -> None:
        """What was heard since the last turn holds each of `hears`."""
        said = " ".join(self.heard)
        for wanted in turn.get("hears", []):
            assert wanted.casefold() in said.casefold(), f"not heard: {wanted!r} in {said!r}"
        for unwanted in turn.get("hears_not", []):
            assert unwanted.casefold() not in said.casefold(), f"heard: {unwanted!r} in {said!r}"
        self.heard = []
