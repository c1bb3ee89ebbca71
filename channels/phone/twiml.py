"""Commands as TwiML: built by an XML library, so that nothing anybody says can become an instruction."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from channels.phone.exchange import Ask, Command, End, Expect, Play, Record, Say, Wait

VOICES = {"en": ("en-US", "Polly.Joanna"), "ru": ("ru-RU", "Polly.Tatyana"), "es": ("es-ES", "Polly.Lucia")}
MOST_CHARACTERS = 4000  # of one Say
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HINTS = {
    "en": "order, order number, delivery, return, invoice, refund, agent, yes, no",
    "ru": "заказ, номер заказа, доставка, возврат, счёт, оператор, да, нет",
    "es": "pedido, número de pedido, entrega, devolución, factura, reembolso, agente, sí, no",
}


@dataclass(frozen=True, slots=True)
class Links:
    """Where the carrier comes back to. `number` keeps each answer apart from the last."""

    base: str
    number: int
    hold_music: str

    def to(self, step: str) -> str:
        return f"{self.base}/{step}?n={self.number}"


def document(commands: Sequence[Command], links: Links) -> str:
    """What is said right before an Ask stands inside it, so that it may be talked over."""
    root = Element("Response")
    pending: list[Say | Play] = []
    for command in commands:
        match command:
            case Say() | Play():
                pending.append(command)
            case Ask():
                _ask(root, pending, command, links)
                pending = []
            case _:
                _speak(root, pending, links)
                pending = []
                _act(root, command, links)
    _speak(root, pending, links)
    return written(root)


def written(root: Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(root, encoding="unicode")


def _speak(parent: Element, said: Sequence[Say | Play], links: Links) -> None:
    for each in said:
        if isinstance(each, Say):
            say(parent, each.text, each.language)
        else:
            SubElement(parent, "Play").text = links.hold_music


def say(parent: Element, text: str, language: str) -> None:
    code, voice = VOICES.get(language, VOICES["en"])
    SubElement(parent, "Say", language=code, voice=voice).text = _NOT_XML.sub(" ", text)[:MOST_CHARACTERS]


def _ask(root: Element, said: Sequence[Say | Play], ask: Ask, links: Links) -> None:
    how = {"input": "dtmf" if ask.expect is not Expect.FREE else "dtmf speech", "timeout": str(ask.patience_s)}
    how |= {"numDigits": "1"} if ask.expect is Expect.KEY else {"finishOnKey": "#"}
    if ask.expect is Expect.FREE:
        how |= {"speechTimeout": "auto", "profanityFilter": "false", "hints": _HINTS.get(ask.language, _HINTS["en"]),
                "language": VOICES.get(ask.language, VOICES["en"])[0]}  # fmt: skip
    if any(isinstance(each, Play) for each in said):
        how["timeout"] = "1"  # the music is the waiting
    how |= {"action": links.to("turn"), "method": "POST", "actionOnEmptyResult": "true"}
    _speak(SubElement(root, "Gather", how), said, links)


def _act(root: Element, command: Command, links: Links) -> None:
    match command:
        case Wait(seconds):
            SubElement(root, "Pause", length=str(seconds))
            SubElement(root, "Redirect", method="POST").text = links.to("wait")
        case Record(longest_s):
            SubElement(
                root, "Record", action=links.to("recorded"), method="POST", maxLength=str(longest_s), timeout="5",
                finishOnKey="#", playBeep="true",
            )  # fmt: skip
            SubElement(root, "Redirect", method="POST").text = links.to("recorded")  # reached when nothing was said
        case End():
            SubElement(root, "Hangup")
        case _:
            pass


def whisper(sentence: str, language: str, action: str) -> str:
    """For an agent's line: who it is, and a key to take it; no key is no."""
    root = Element("Response")
    gather = SubElement(
        root, "Gather", input="dtmf", numDigits="1", timeout="6", action=action, method="POST",
        actionOnEmptyResult="true",
    )  # fmt: skip
    say(gather, sentence, language)
    return written(root)


def told(sentence: str, language: str) -> str:
    root = Element("Response")
    say(root, sentence, language)
    SubElement(root, "Hangup")
    return written(root)


def room(name: str, *, is_agent: bool, after: str | None = None) -> str:
    """Into the room where customer and agent meet; it ends when the agent leaves it."""
    root = Element("Response")
    how = {"action": after, "method": "POST"} if after else {}
    dial = SubElement(root, "Dial", how)
    who, ends = ("agent", "true") if is_agent else ("customer", "false")
    conference = SubElement(
        dial, "Conference", beep="false", startConferenceOnEnter="true", participantLabel=who, endConferenceOnExit=ends
    )
    conference.text = name
    return written(root)


HANG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup /></Response>'
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response />'


def again(url: str) -> str:
    """Another process is at it: ask once more in a moment."""
    root = Element("Response")
    SubElement(root, "Pause", length="1")
    SubElement(root, "Redirect", method="POST").text = url
    return written(root)
