"""The voice session by itself: no carrier, no database; what is heard decides what is said."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from channels.phone.call import CallState, Stage
from channels.phone.exchange import (
    Ask,
    CallStarted,
    CarrierFailed,
    Command,
    Digits,
    End,
    Event,
    Expect,
    Interrupted,
    Record,
    Recorded,
    Say,
    Silence,
    Transfer,
    UserText,
    Wait,
    Waited,
)
from channels.phone.policy import QueueNews
from channels.phone.ports import Line, Reply, Spoken
from channels.phone.session import Rules, VoiceSession
from config.settings import ROOT


@dataclass
class Bot:
    """The house behind the call, in memory."""

    replies: list[Reply | None] = field(default_factory=list)
    lines: list[Line] = field(default_factory=lambda: [Line(QueueNews(2, 240))])
    may_call_back: bool = True
    done: list[str] = field(default_factory=list)

    async def tell(self, state: CallState, text: str, choice: str | None = None) -> None:
        self.done.append(f"tell {text} {choice}")

    async def reply(self, state: CallState, patience_s: float) -> Reply | None:
        return self.replies.pop(0) if self.replies else None

    async def hand_off(self, state: CallState, reason: str) -> None:
        self.done.append(f"hand_off {reason}")

    async def line(self, state: CallState) -> Line:
        return self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]

    async def call_back(self) -> bool:
        return self.may_call_back

    async def allow_recording(self, *, allowed: bool) -> None:
        self.done.append(f"recording {allowed}")

    async def leave_message(self, state: CallState, recording_id: str, seconds: int) -> None:
        self.done.append(f"message {seconds}")

    async def put_first(self) -> None:
        self.done.append("first")

    async def note(self, text: str) -> int:
        return 1


def sentence(key: str, language: str, **values: object) -> str:
    return f"{key}/{language}"


def a_session(bot: Bot, *, records: bool = False, **state: object) -> VoiceSession:
    call = CallState("en", **state)  # type: ignore[arg-type]
    return VoiceSession(call, bot, sentence, Rules("Oslo", ("en", "ru", "es"), records))


def said(commands: list[Command]) -> list[str]:
    return [command.text.partition("/")[0] for command in commands if isinstance(command, Say)]


def a_reply(text: str = "Here.", **more: object) -> Reply:
    return Reply((Spoken(text),), "en", 7, **more)  # type: ignore[arg-type]


async def test_an_answer_is_said_and_the_call_goes_on() -> None:
    session = a_session(Bot([a_reply("Order 100234 is here.")]))
    commands = await session.handle(UserText("where is my order"))
    assert commands == [Say("Order 1 0 0 2 3 4 is here.", "en"), Ask(Expect.FREE, "en")]
    assert session.state.heard_through == 7


async def test_one_moment_is_said_once_and_patience_ends_with_a_person() -> None:
    bot = Bot()
    session = a_session(bot)
    first = await session.handle(UserText("where is my order"))
    second, third = await session.handle(Waited()), await session.handle(Waited())
    assert (said(first), first[-1]) == (["phone_one_moment"], Wait(1))
    assert (said(second), second[-1]) == ([], Wait(1))
    assert said(third)[0] == "phone_too_slow"
    assert "hand_off bot_failed" in bot.done
    assert any(isinstance(command, Transfer) for command in third)


async def test_misses_lead_to_the_keypad_and_then_to_a_person() -> None:
    bot = Bot()
    session = a_session(bot)
    heard = [await session.handle(UserText("mm", 0.1)) for _ in range(3)]
    assert [said(each)[0] for each in heard] == ["phone_not_heard", "phone_use_keypad", "phone_person_after_misses"]
    assert heard[1][-1] == Ask(Expect.DIGITS, "en")
    assert bot.done == ["hand_off not_understood"]


async def test_what_is_understood_sets_the_count_back() -> None:
    session = a_session(Bot([a_reply()]))
    await session.handle(UserText("", 0.9))
    await session.handle(UserText("hello"))
    assert said(await session.handle(UserText("mm", 0.1))) == ["phone_not_heard"]


async def test_the_bots_own_misses_count_as_well() -> None:
    session = a_session(Bot([a_reply(misses=2)]))
    assert said(await session.handle(UserText("blah"))) == ["Here.", "phone_use_keypad"]


async def test_keys_choose_what_was_asked_back() -> None:
    options = (("payment", "Payment"), ("none_of_these", "None of these"))
    bot = Bot([Reply((Spoken("Which?", options),), "en", 7), a_reply(), a_reply()])
    session = a_session(bot)
    assert said(await session.handle(UserText("money"))) == ["Which?", "phone_press_for", "phone_press_for"]
    await session.handle(Digits("1"))
    await session.handle(Digits("1"))
    assert bot.done[1:] == ["tell Payment payment", "tell 1 None"]


async def test_what_is_offered_all_the_time_is_not_read_out() -> None:
    bot = Bot([Reply((Spoken("Done.", (("talk_to_person", "A person"),)),), "en", 7)])
    assert said(await a_session(bot).handle(UserText("hi"))) == ["Done."]


@pytest.mark.parametrize("event", [Interrupted("Hel"), Waited(), Recorded("RE", 3)])
async def test_what_means_nothing_now_only_listens_on(event: Event) -> None:
    assert await a_session(Bot()).handle(event) == [Ask(Expect.FREE, "en")]


async def test_a_carrier_that_fails_brings_a_person() -> None:
    bot = Bot()
    assert said(await a_session(bot).handle(CarrierFailed("tts")))[0] == "phone_trouble_person"
    assert bot.done == ["hand_off carrier_failed"]


async def test_the_line_tells_place_and_wait_and_offers_a_callback_after_a_minute() -> None:
    session = a_session(Bot(), stage=Stage.QUEUED)
    rounds = [said(await session.handle(Silence())) for _ in range(3)]
    assert rounds == [["phone_place_and_wait"]] * 2 + [["phone_place_and_wait", "phone_offer_callback"]]
    assert await session.handle(Digits("1")) == [Say("phone_callback_noted/en", "en"), End("callback")]


async def test_a_key_before_the_offer_is_no_callback() -> None:
    session = a_session(Bot(), stage=Stage.QUEUED)
    assert not any(isinstance(command, End) for command in await session.handle(Digits("1")))


async def test_who_cannot_be_called_back_may_leave_a_message() -> None:
    session = a_session(Bot(may_call_back=False), stage=Stage.CLOSED)
    assert (await session.handle(Digits("1")))[-1] == Record(120)
    assert said(await session.handle(Recorded("RE1", 9))) == ["phone_message_kept"]


async def test_a_call_that_is_over_stays_over() -> None:
    session = a_session(Bot(), stage=Stage.ENDED, outcome="silent")
    assert await session.handle(UserText("hello")) == [End("silent")]


async def test_only_a_clear_yes_is_consent() -> None:
    for event, allowed in ((Digits("1"), True), (Digits("2"), False), (Silence(), False), (UserText("maybe"), False)):
        bot = Bot()
        session = a_session(bot, records=True)
        await session.handle(CallStarted())
        await session.handle(event)
        assert bot.done == [f"recording {allowed}"]


@pytest.mark.parametrize("name", ["session", "policy", "line", "exchange", "call", "ports", "speech"])
def test_the_session_knows_no_carrier(name: str) -> None:
    text = (Path(ROOT) / "channels" / "phone" / f"{name}.py").read_text(encoding="utf-8").casefold()
    assert not {"twilio", "twiml", "gather", "callsid"} & set(text.replace('"', " ").replace(".", " ").split())
