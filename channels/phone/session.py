"""One call: what happened comes in, what is to be done goes out. It knows no carrier."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from channels.phone import policy
from channels.phone.call import CallState, Stage
from channels.phone.exchange import (
    Ask,
    CallStarted,
    CarrierFailed,
    ColleagueGone,
    Command,
    Digits,
    End,
    Event,
    Expect,
    Interrupted,
    Recorded,
    Say,
    Silence,
    UserText,
    Wait,
    Waited,
)
from channels.phone.line import WaitingLine
from channels.phone.ports import Dialogue, Reply, SayIn
from channels.phone.speech import for_the_ear, with_digits

LANGUAGE_KEYS = {"7": "en", "8": "ru", "9": "es"}
PERSON = "talk_to_person"
STANDING_OFFERS = frozenset({"order_status", "return_item", PERSON, "payment_status", "callback", "opening_hours"})
MOST_KEYS = 6


@dataclass(frozen=True, slots=True)
class Rules:
    """Of one number: who we are, which languages, whether calls are recorded, and how long the bot may think."""

    company: str
    languages: tuple[str, ...]
    records: bool = False
    reply_patience_s: float = policy.REPLY_PATIENCE_S
    later_patience_s: float = policy.LATER_PATIENCE_S


class VoiceSession:
    """`state` is changed in place; the caller keeps it."""

    def __init__(self, state: CallState, dialogue: Dialogue, say: SayIn, rules: Rules) -> None:
        self.state, self._dialogue, self._rules = state, dialogue, rules
        self._sentence = say
        self._line = WaitingLine(state, dialogue, say)
        self._stages: Mapping[Stage, Callable[[Event], Awaitable[list[Command]]]] = {
            Stage.CONSENT: self._consent, Stage.TALKING: self._talk, Stage.THINKING: self._think,
            Stage.QUEUED: self._line.wait, Stage.CLOSED: self._line.closed, Stage.VOICEMAIL: self._line.voicemail,
        }  # fmt: skip

    async def handle(self, event: Event) -> list[Command]:
        """What to do now; always ends by listening, waiting, or hanging up."""
        if isinstance(event, CallStarted):
            return await self._greet()
        if isinstance(event, ColleagueGone):
            return await self._line.colleague_gone()
        if isinstance(event, CarrierFailed):
            return await self._person("carrier_failed", "phone_trouble_person")
        stage = self._stages.get(self.state.stage)
        return await stage(event) if stage is not None else [End(self.state.outcome)]

    def _say(self, key: str, **values: object) -> Say:
        return Say(self._sentence(key, self.state.language, **values), self.state.language)

    def _ask(self) -> Ask:
        return Ask(Expect.DIGITS if self.state.keypad else Expect.FREE, self.state.language)

    async def _greet(self) -> list[Command]:
        greeting = self._say("phone_greeting", company=self._rules.company)
        self.state.heard_through = await self._dialogue.note(greeting.text)
        if self._rules.records:
            self.state.stage = Stage.CONSENT
            return [greeting, self._say("phone_ask_recording"), Ask(Expect.KEY, self.state.language)]
        return [greeting, *self._language_menu(), self._ask()]

    def _language_menu(self) -> list[Command]:
        """In each other language: whoever needs it does not understand this one."""
        keys = {language: key for key, language in LANGUAGE_KEYS.items()}
        others = [language for language in self._rules.languages if language != self.state.language]
        return [Say(self._sentence("phone_press_for_language", other, digit=keys[other]), other) for other in others]

    async def _consent(self, event: Event) -> list[Command]:
        """Only a clear yes is one; whoever says something else goes on unrecorded."""
        allowed = isinstance(event, Digits) and event.keys == "1"
        await self._dialogue.allow_recording(allowed=allowed)
        self.state.stage = Stage.TALKING
        how = "phone_recorded" if allowed else "phone_not_recorded"
        return [self._say(how), *self._language_menu(), self._ask()]

    async def _talk(self, event: Event) -> list[Command]:
        match event:
            case Silence():
                return self._silent()
            case Digits(keys):
                return await self._keys(keys)
            case UserText(text, confidence):
                heard = with_digits(text).strip()
                if not heard or (confidence is not None and confidence < policy.LEAST_CONFIDENCE):
                    return await self._missed()
                return await self._tell(heard)
            case Interrupted() | Waited() | Recorded() | _:
                return [self._ask()]

    def _silent(self) -> list[Command]:
        self.state.silences += 1
        if self.state.silences >= policy.SILENCES_UNTIL_END:
            return self._end("silent", "phone_silent_end")
        return [self._say("phone_still_there"), self._ask()]

    def _end(self, outcome: str, key: str) -> list[Command]:
        self.state.stage, self.state.outcome = Stage.ENDED, outcome
        return [self._say(key), End(outcome)]

    async def _keys(self, keys: str) -> list[Command]:
        chosen = self.state.choices[int(keys) - 1] if keys in _places(self.state.choices) else None
        if chosen is not None:
            return await self._tell(chosen[1], chosen[0])
        if keys == "0":
            return await self._tell(self._sentence("choice_talk_to_person", self.state.language), PERSON)
        language = LANGUAGE_KEYS.get(keys)
        if language in self._rules.languages and language is not None:
            self.state.language = language
            return [self._say("phone_language_chosen"), self._ask()]
        return await self._tell(keys)

    async def _missed(self) -> list[Command]:
        self.state.misses += 1
        match policy.remedy_for(self.state.misses):
            case policy.Remedy.PERSON:
                return await self._person("not_understood", "phone_person_after_misses")
            case policy.Remedy.KEYPAD:
                return self._offer_keypad()
            case _:
                return [self._say("phone_not_heard"), self._ask()]

    def _offer_keypad(self) -> list[Command]:
        self.state.keypad = True
        return [self._say("phone_use_keypad"), self._ask()]

    async def _person(self, reason: str, key: str) -> list[Command]:
        await self._dialogue.hand_off(self.state, reason)
        return [self._say(key), *await self._line.enter()]

    async def _tell(self, text: str, choice: str | None = None) -> list[Command]:
        state = self.state
        state.silences, state.waits, state.choices = 0, 0, []
        await self._dialogue.tell(state, text, choice)
        reply = await self._dialogue.reply(state, self._rules.reply_patience_s)
        if reply is not None:
            return await self._answer(reply)
        state.stage = Stage.THINKING
        return [self._say("phone_one_moment"), Wait()]

    async def _think(self, _event: Event) -> list[Command]:
        """“One moment” was said once; now only the time counts."""
        self.state.waits += 1
        reply = await self._dialogue.reply(self.state, self._rules.later_patience_s)
        if reply is not None:
            return await self._answer(reply)
        if self.state.waits >= policy.WAITS_UNTIL_PERSON:
            return await self._person("bot_failed", "phone_too_slow")
        return [Wait()]

    async def _answer(self, reply: Reply) -> list[Command]:
        state = self.state
        state.stage, state.language, state.heard_through = Stage.TALKING, reply.language, reply.through
        state.keypad = state.keypad and reply.misses > 0
        state.misses = reply.misses
        said: list[Command] = [Say(for_the_ear(each.text, is_knowledge=each.is_knowledge), state.language)
                               for each in reply.said]  # fmt: skip
        if reply.is_closed:
            state.stage, state.outcome = Stage.ENDED, "finished"
            return [*said, End("finished")]
        if reply.wants_callback and await self._dialogue.call_back():
            state.stage, state.outcome = Stage.ENDED, "callback"
            return [*said, End("callback")]
        if reply.is_with_people:
            return [*said, *await self._line.enter()]
        said += self._menu(reply)
        if policy.remedy_for(reply.misses) is policy.Remedy.KEYPAD:
            return [*said, *self._offer_keypad()]
        return [*said, self._ask()]

    def _menu(self, reply: Reply) -> list[Command]:
        """Keys for what was asked back; what is offered all the time has its key and is not read out."""
        choices = reply.said[-1].choices[:MOST_KEYS] if reply.said else ()
        self.state.choices = [[value, label] for value, label in choices]
        if all(value in STANDING_OFFERS for value, _ in choices):
            return []
        return [self._say("phone_press_for", digit=place, label=label) for place, (_, label) in enumerate(choices, 1)]


def _places(choices: list[list[str]]) -> list[str]:
    return [str(place) for place in range(1, len(choices) + 1)]
