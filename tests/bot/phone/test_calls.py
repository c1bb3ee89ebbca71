"""What a caller hears when something fails, who gets through, what is kept: the table of docs/channels/phone.md."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.phone.agents import Agents
from bot.phone.desk import HomeDesk
from config.routing_files import Calendar, Hours
from crm_core import models
from crm_core.contracts import ConversationId, UserId
from crm_core.conversations import accept
from crm_core.db import unit_of_work, utc_now
from crm_core.erp.port import Order
from crm_core.erp.query import OrderQuery
from crm_core.models_phone import Call, CallAnswer, CallLeg
from crm_core.staff import NewUser, create_user
from crm_core.states import AgentState, Role
from tests.support.phone import (
    AGENT,
    AGENT_NUMBER,
    SECOND,
    SECOND_NUMBER,
    CarrierDouble,
    PhoneCentre,
)
from tests.support.shop import Shop
from tests.support.twilio import ACCOUNT_SID, OTHER_SID, OUR_NUMBER, STRANGERS_TOKEN, form, signature
from tests.support.twiml_walker import Walker, validated

pytestmark = pytest.mark.slow

LANGUAGES = {"en": "+44770090", "ru": "+7495555", "es": "+3461122"}
TROUBLE = {"en": "fault on our side", "ru": "технический сбой", "es": "fallo técnico"}
MOMENT = {"en": "one moment", "ru": "одну минуту", "es": "un momento"}
TOO_SLOW = {"en": "cannot reach our order system", "ru": "не отвечает", "es": "no puedo acceder"}
CLOSED = {"en": "be called back", "ru": "перезвонили", "es": "le llamemos"}
LEAVE = {"en": "after the tone", "ru": "после сигнала", "es": "después de la señal"}
KEPT = {"en": "message has arrived", "ru": "сообщение получено", "es": "recibido su mensaje"}
LOST = {"en": "line to my colleague was cut", "ru": "связь с сотрудником прервалась", "es": "cortado la línea"}
BUSY = {"en": "all colleagues are busy", "ru": "все сотрудники заняты", "es": "compañeros están ocupados"}
NO_LINE = {"en": "I have heard nothing", "ru": "ничего не слышу", "es": "no he oído nada"}
numbers = iter(range(1000, 9999))


def a_number(language: str) -> str:
    return f"{LANGUAGES[language]}{next(numbers)}"


class SlowShop(Shop):
    """An ERP that takes its time over the first order it is asked for."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def get_order(self, query: OrderQuery) -> Order | None:
        seconds, self.seconds = self.seconds, 0.0
        await asyncio.sleep(seconds)
        return await super().get_order(query)


async def the_call(centre: PhoneCentre, walker: Walker) -> Call:
    async with centre.services.sessions() as session:
        return (await session.scalars(select(Call).where(Call.external_id == walker.call_sid))).one()


async def the_conversation(centre: PhoneCentre, walker: Walker) -> models.Conversation:
    async with centre.services.sessions() as session:
        call = (await session.scalars(select(Call).where(Call.external_id == walker.call_sid))).one()
        return await session.get_one(models.Conversation, call.conversation_id)


async def events_of(centre: PhoneCentre, walker: Walker) -> dict[str, dict[str, Any]]:
    call = await the_call(centre, walker)
    async with centre.services.sessions() as session:
        rows = await session.execute(
            select(models.Event.kind, models.Event.data).where(models.Event.conversation_id == call.conversation_id)
        )
        return {kind: {**happened} for kind, happened in rows}


async def texts_of(centre: PhoneCentre, walker: Walker) -> list[str]:
    call = await the_call(centre, walker)
    statement = select(models.Message.text).where(models.Message.conversation_id == call.conversation_id)
    async with centre.services.sessions() as session:
        return list(await session.scalars(statement.order_by(models.Message.id)))


@pytest.fixture
async def staff(centre: PhoneCentre) -> dict[str, int]:
    """Elena and Pavel, both here, with telephones."""
    found = {}
    async with unit_of_work(centre.services.sessions) as session:
        for email, name in ((AGENT, "Elena Moreno"), (SECOND, "Pavel Orlov")):
            known = await session.scalar(select(models.User.id).where(models.User.email == email))
            new = NewUser(email, name, Role.AGENT, ["service"], "en", "grey-otter-sings-7-songs")
            found[email] = known or await create_user(session, utc_now(), new)
        here = update(models.User).values(state=AgentState.AVAILABLE.value)
        await session.execute(here)
        await session.execute(update(CallLeg).values(state="over"))
        # what earlier tests left would still fill the line and the agents' hands
        await session.execute(update(models.Conversation).values(state="closed"))
    return found


async def leg_post(centre: PhoneCentre, step: str, leg: int, **fields: str) -> str:
    known = {"CallSid": f"CA-leg-{leg}", "AccountSid": ACCOUNT_SID, "From": OUR_NUMBER, "To": AGENT_NUMBER, **fields}
    return await centre.document(f"/phone/line/{step}", f"leg={leg}", known)


async def newest_leg(centre: PhoneCentre) -> int:
    async with centre.services.sessions() as session:
        return int(await session.scalar(select(func.max(CallLeg.id))) or 0)


# -- failures ------------------------------------------------------------------------------------------------------


WHERE = {"en": "where is my order 100234", "ru": "где мой заказ 100234", "es": "dónde está mi pedido 100234"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_slow_erp_is_one_moment_and_then_the_answer(centre: PhoneCentre, language: str) -> None:
    slow = centre.changed(erp=SlowShop(1.0), patience_s=0.6)
    last = {"hears": [MOMENT[language], "1 0 0 2 3 4"], "hangs_up": True}
    walker = await slow.a_call(a_number(language), [{"says": WHERE[language]}, {"presses": "5678"}, last]).call()
    assert MOMENT[language] in walker.everything[-2].casefold(), "said once, right before the answer"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_erp_that_never_answers_ends_with_a_person(centre: PhoneCentre, language: str) -> None:
    slow = centre.changed(erp=SlowShop(30), patience_s=0.2)
    turns = [{"says": WHERE[language]}, {"presses": "5678"}, {"hears": [TOO_SLOW[language]], "hangs_up": True}]
    walker = await slow.a_call(a_number(language), turns).call()
    conversation = await the_conversation(centre, walker)
    assert (conversation.state, (conversation.handoff or {})["reason"]) == ("queued", "bot_failed")
    for task in list(slow.running.inline._tasks):
        task.cancel()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_lost_database_is_told_and_nothing_is_half_done(
    centre: PhoneCentre, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    async def lost(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(HomeDesk, "begin", lost)
    for inbox in ("line",):
        object.__setattr__(centre.home(inbox).inbox, "language", language)
    broken = centre.changed()
    walker = await broken.a_call(a_number(language), [{"hears": [TROUBLE[language]]}]).call()
    object.__setattr__(centre.home("line").inbox, "language", None)
    assert walker.ended == "hangup"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_out_of_hours_a_message_is_taken(centre: PhoneCentre, carrier: CarrierDouble, language: str) -> None:
    night = centre.changed(hours=Hours(calendars=[Calendar(key="main", windows=[])]))
    turns: list[dict[str, Any]] = [
        {"presses": "0"}, {"hears": [CLOSED[language]], "silent": True}, {"hears": [LEAVE[language]], "records": 23},
        {"hears": [KEPT[language]]},
    ]  # fmt: skip
    walker = await night.a_call(a_number(language), turns).call()
    await centre.status(walker)
    conversation = await the_conversation(centre, walker)
    assert (walker.ended, conversation.state) == ("hangup", "queued")
    assert "23" in (await texts_of(centre, walker))[-1]
    async with centre.services.sessions() as session:
        wanted = select(models.Job.payload).where(
            models.Job.conversation_id == conversation.id, models.Job.kind == "fetch"
        )
        [payload] = (await session.scalars(wanted)).all()
    assert (
        payload["ref"]
        == f"http://127.0.0.1:{carrier.port}/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/RE{walker.call_sid[2:]}.mp3"
    )


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_message_of_silence_is_none(centre: PhoneCentre, language: str) -> None:
    night = centre.changed(hours=Hours(calendars=[Calendar(key="main", windows=[])]))
    turns = [{"presses": "0"}, {"silent": True}, {"records": 0}, {"hears": [NO_LINE[language]]}]
    walker = await night.a_call(a_number(language), turns).call()
    await centre.status(walker)
    assert (await the_conversation(centre, walker)).state == "closed"


async def test_out_of_hours_a_callback_may_be_asked_for(centre: PhoneCentre) -> None:
    night = centre.changed(hours=Hours(calendars=[Calendar(key="main", windows=[])]))
    turns = [{"presses": "0"}, {"presses": "1"}, {"hears": ["we will call you back"]}]
    walker = await night.a_call(a_number("en"), turns).call()
    await centre.status(walker)
    assert (await the_conversation(centre, walker)).state == "queued"


async def test_a_number_that_may_not_be_called_is_asked_for_a_message(centre: PhoneCentre) -> None:
    night = centre.changed(hours=Hours(calendars=[Calendar(key="main", windows=[])]))
    turns = [
        {"presses": "0"},
        {"presses": "1"},
        {"hears": ["cannot call this number"], "records": 5},
        {"hears": ["arrived"]},
    ]
    for caller in ("+8816229900", "anonymous", "+12125550100"):
        walker = await night.a_call(caller, [dict(turn) for turn in turns]).call()
        assert (await the_call(centre, walker)).callback_wanted_at is None


# -- idempotence, replay, forgery ----------------------------------------------------------------------------------


async def test_a_repeated_request_hears_the_same_and_does_nothing_twice(centre: PhoneCentre) -> None:
    walker = await centre.a_call(a_number("en"), [{"hangs_up": True}]).call()
    fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "From": walker.caller, "To": OUR_NUMBER,
              "SpeechResult": "when are you open", "Confidence": "0.9"}  # fmt: skip
    answers = await asyncio.gather(*(centre.document("/phone/line/turn", "n=1", fields) for _ in range(20)))
    token = {"I-Twilio-Idempotency-Token": "another"}
    later = (await centre.post("/phone/line/turn", "n=1", fields, **token)).text
    assert {*answers, later} == {answers[0]}
    assert (await texts_of(centre, walker)).count("when are you open") == 1


async def test_a_replay_of_the_first_request_starts_no_second_call(centre: PhoneCentre) -> None:
    walker = await centre.a_call(a_number("en"), [{"presses": "0"}, {"hangs_up": True}]).call()
    fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "From": walker.caller, "To": OUR_NUMBER}
    again = await centre.document("/phone/line/incoming", "", fields)
    assert "assistant" in again
    assert (await the_conversation(centre, walker)).state == "queued"


async def test_after_the_call_nothing_can_be_said_in_it(centre: PhoneCentre) -> None:
    walker = await centre.a_call(a_number("en"), [{"hangs_up": True}]).call()
    await centre.status(walker)
    fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "From": walker.caller, "To": OUR_NUMBER,
              "SpeechResult": "where is my order 100234"}  # fmt: skip
    late = await centre.document("/phone/line/turn", "n=1", fields)
    assert [verb.tag for verb in validated(late)] == ["Hangup"]
    assert "where is my order 100234" not in await texts_of(centre, walker)
    async with centre.services.sessions() as session:
        assert (
            await session.scalars(select(CallAnswer).where(CallAnswer.call_id == (await the_call(centre, walker)).id))
        ).all() == []


@pytest.mark.parametrize(
    "step", ["incoming", "turn", "wait", "recorded", "connected", "status", "recording", "whisper", "take", "leg"]
)
async def test_nothing_unsigned_is_heard(centre: PhoneCentre, step: str) -> None:
    fields = {"CallSid": "CA-forged", "AccountSid": ACCOUNT_SID, "From": "+34612345678", "To": OUR_NUMBER,
              "CallStatus": "completed", "Digits": "1"}  # fmt: skip
    url = f"https://help.example/phone/line/{step}?n=1"
    forged = {
        "none": {}, "empty": {"X-Twilio-Signature": ""},
        "other token": {"X-Twilio-Signature": signature(url, form(fields), STRANGERS_TOKEN)},
        "other url": {"X-Twilio-Signature": signature(url + "0", form(fields))},
        "other form": {"X-Twilio-Signature": signature(url, form({**fields, "Digits": "2"}))},
    }  # fmt: skip
    for headers in forged.values():
        answer = await centre.post(f"/phone/line/{step}", "n=1", fields, **{"X-Twilio-Signature": "", **headers})
        assert (answer.status_code, answer.text) == (403, "")
    elsewhere = await centre.post(f"/phone/line/{step}", "n=1", {**fields, "AccountSid": OTHER_SID})
    not_ours = await centre.post(f"/phone/line/{step}", "n=1", {**fields, "To": "+34900000000"})
    assert [elsewhere.status_code, not_ours.status_code] == [403, 403]
    async with centre.services.sessions() as session:
        assert await session.scalar(select(Call.id).where(Call.external_id == "CA-forged")) is None


async def test_what_callers_are_called_and_say_never_becomes_an_instruction(centre: PhoneCentre) -> None:
    evil = "</Say><Dial>+18765550100</Dial><Say>"
    fields = {
        "CallSid": "CA-evil",
        "AccountSid": ACCOUNT_SID,
        "From": "+34611000001",
        "To": OUR_NUMBER,
        "CallerName": evil,
    }
    validated(await centre.document("/phone/line/incoming", "", fields))
    said = {**fields, "SpeechResult": f"I want to return {evil} \x0b\x00", "Confidence": "0.9"}
    document = await centre.document("/phone/line/turn", "n=1", said)
    assert {verb.tag for verb in validated(document).iter()} <= {"Response", "Gather", "Say"}


# -- card numbers and recording ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "turn",
    [{"presses": "4111111111111111"}, {"says": "my card is 4111 1111 1111 1111"},
     {"says": "four one one one one one one one one one one one one one one one"},
     {"says": "четыре один один один один один один один один один один один один один один один"},
     {"says": "cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno"}],
)  # fmt: skip
async def test_a_card_number_is_kept_nowhere_and_pauses_the_recording(
    centre: PhoneCentre, carrier: CarrierDouble, turn: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    turns = [{"hears": ["may we record"], "presses": "1"}, turn, {"hangs_up": True}]
    walker = await centre.a_call(a_number("en"), turns, "recorded").call()
    kept = " ".join(await texts_of(centre, walker))
    assert "•••• 1111" in kept
    async with centre.services.sessions() as session:
        rows = (await session.execute(select(models.InboundPayload.raw))).scalars()
        stored = b" ".join(rows).decode()
    for number in ("4111111111111111", "4111 1111 1111 1111", "one one one one", "один один один", "uno uno uno"):
        assert number not in stored + kept + capsys.readouterr().out
    assert carrier.asked("/Calls/")[-1] == {"Status": "paused", "PauseBehavior": "silence"}
    assert (await events_of(centre, walker))["recording_paused"]["code"] == "paused"


async def test_a_recording_that_cannot_be_paused_is_stopped(centre: PhoneCentre, carrier: CarrierDouble) -> None:
    """200 is no proof: the state is read back."""
    carrier.paused = "in-progress"
    turns = [{"presses": "1"}, {"presses": "4111111111111111"}, {"hangs_up": True}]
    walker = await centre.a_call(a_number("en"), turns, "recorded").call()
    assert carrier.asked("/Calls/")[-1] == {"Status": "stopped"}
    assert (await events_of(centre, walker))["recording_paused"]["code"] == "stopped"


async def record_done(centre: PhoneCentre, walker: Walker) -> list[str]:
    fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "RecordingSid": "RE" + "b" * 32,
              "RecordingStatus": "completed", "RecordingDuration": "61",
              "RecordingUrl": "https://evil.example/x"}  # fmt: skip
    for _ in range(2):
        await centre.document(f"{walker.base}/recording", "", fields)
    call = await the_call(centre, walker)
    statement = select(models.Job.payload).where(
        models.Job.conversation_id == call.conversation_id, models.Job.kind == "fetch"
    )
    async with centre.services.sessions() as session:
        return [str(payload["ref"]) for payload in await session.scalars(statement)]


@pytest.mark.parametrize("answer", [{"presses": "2"}, {"silent": True}, {"presses": "0"}])
async def test_without_a_yes_nothing_is_recorded(
    centre: PhoneCentre, carrier: CarrierDouble, answer: dict[str, Any]
) -> None:
    turns = [answer, {"hears": ["not recorded"], "hangs_up": True}]
    walker = await centre.a_call(a_number("en"), turns, "recorded").call()
    assert carrier.calls == []
    assert (await the_call(centre, walker)).may_record is False
    assert await record_done(centre, walker) == []


async def test_a_yes_is_stored_before_the_recording_begins_and_the_file_comes_home_once(
    centre: PhoneCentre, carrier: CarrierDouble
) -> None:
    walker = await centre.a_call(
        a_number("en"), [{"presses": "1"}, {"hears": ["being recorded"], "hangs_up": True}], "recorded"
    ).call()
    kinds = list(await events_of(centre, walker))
    assert "recording_allowed" in kinds
    assert carrier.asked(f"/Calls/{walker.call_sid}/Recordings.json")
    [ref] = await record_done(centre, walker)
    assert ref.startswith(f"http://127.0.0.1:{carrier.port}/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/RE")


# -- the end, and people -------------------------------------------------------------------------------------------


async def test_the_end_of_the_line_ends_the_conversation_with_its_duration(centre: PhoneCentre) -> None:
    walker = await centre.a_call(a_number("en"), [{"says": "when are you open"}, {"hangs_up": True}]).call()
    for _ in range(2):
        await centre.status(walker, seconds=73)
    happened = await events_of(centre, walker)
    assert (happened["call_ended"]["duration_s"], (await the_call(centre, walker)).duration_s) == (73, 73)
    assert {"conversation_opened", "call_answered", "bot_replied", "closed"} <= happened.keys()
    assert (await the_conversation(centre, walker)).state == "closed"


async def test_a_call_that_came_while_we_were_away_is_noted(centre: PhoneCentre) -> None:
    """The carrier's fallback took it; only its end is told to us."""
    walker = centre.a_call(a_number("en"), [])
    for _ in range(2):
        await centre.status(walker, seconds=9)
    happened = await events_of(centre, walker)
    assert (happened["call_ended"]["outcome"], happened["call_ended"]["duration_s"]) == ("missed", 9)
    assert (await the_conversation(centre, walker)).state == "closed"


async def test_who_hangs_up_in_line_has_abandoned_it(centre: PhoneCentre) -> None:
    walker = await centre.a_call(a_number("en"), [{"presses": "0"}, {"hangs_up": True}]).call()
    await centre.status(walker)
    assert "abandoned" in await events_of(centre, walker)


async def waiting(centre: PhoneCentre, language: str = "en") -> Walker:
    return await centre.a_call(a_number(language), [{"presses": "0"}, {"hangs_up": True}]).call()


async def test_an_agent_hears_one_sentence_presses_one_and_meets_the_customer(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int]
) -> None:
    walker = await waiting(centre, "es")
    [ringing] = carrier.asked("/Calls.json")
    assert (ringing["To"], ringing["From"]) == (AGENT_NUMBER, OUR_NUMBER)
    leg = await newest_leg(centre)
    whisper = validated(await leg_post(centre, "whisper", leg))
    [sentence] = [said.text for said in whisper.iter("Say")]
    assert sentence == "Call: unknown caller, speaks Spanish. Press one to take it."
    room = validated(await leg_post(centre, "take", leg, Digits="1"))
    [name] = [conference.text for conference in room.iter("Conference")]
    joined = carrier.asked(f"/Calls/{walker.call_sid}.json")[-1]["Twiml"]
    assert [conference.text for conference in validated(joined).iter("Conference")] == [name]
    conversation = await the_conversation(centre, walker)
    assert (conversation.state, conversation.agent_id) == ("assigned", staff[AGENT])
    assert {"call_ringing", "offered", "assigned"} <= (await events_of(centre, walker)).keys()
    await centre.status(walker)
    assert (await the_conversation(centre, walker)).state == "wrap_up"


@pytest.mark.parametrize(
    ("step", "fields"),
    [("take", {"Digits": "2"}), ("take", {}), ("leg", {"CallStatus": "no-answer"}), ("leg", {"CallStatus": "busy"}),
     ("leg", {"CallStatus": "failed"}), ("leg", {"CallStatus": "completed"})],
)  # fmt: skip
async def test_no_key_goes_to_the_next_agent(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int], step: str, fields: dict[str, str]
) -> None:
    walker = await waiting(centre)
    await leg_post(centre, step, await newest_leg(centre), **fields)
    rung = [ringing["To"] for ringing in carrier.asked("/Calls.json")]
    assert sorted(rung) == [AGENT_NUMBER, SECOND_NUMBER]
    assert "declined" in await events_of(centre, walker)
    await centre.status(walker)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_after_three_tries_a_callback_is_promised(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int], language: str
) -> None:
    carrier.status = 400
    turns: list[dict[str, Any]] = [{"presses": "0"}, {"silent": True}, {"hears": [BUSY[language]]}]
    async with unit_of_work(centre.services.sessions) as session:
        third = select(models.User.id).where(models.User.email == "ada@oslo.example")
        if await session.scalar(third) is None:
            new = NewUser("ada@oslo.example", "Ada", Role.AGENT, ["service"], "en", "grey-otter-sings-7-songs")
            await create_user(session, utc_now(), new)
        await session.execute(update(models.User).values(state=AgentState.AVAILABLE.value))
    centre.home().inbox.agents["ada@oslo.example"] = "+34600000003"
    walker = await centre.a_call(a_number(language), turns).call()
    centre.home().inbox.agents.pop("ada@oslo.example")
    assert walker.ended == "hangup"
    assert (await the_call(centre, walker)).callback_wanted_at is not None
    await centre.status(walker)
    assert (await the_conversation(centre, walker)).state == "queued"


async def test_a_customer_who_is_gone_is_told_to_the_agent(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int]
) -> None:
    walker = await waiting(centre)
    carrier.status = 404
    answer = await leg_post(centre, "take", await newest_leg(centre), Digits="1")
    assert "cannot be reached" in answer
    await centre.status(walker)


async def test_who_hangs_up_stops_the_agents_telephone(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int]
) -> None:
    walker = await waiting(centre)
    await centre.status(walker)
    assert carrier.calls[-1][2] == {"Status": "completed"}
    assert validated(await leg_post(centre, "take", await newest_leg(centre), Digits="1"))[0].tag == "Say"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_lost_colleague_is_told_and_the_customer_is_first_in_line(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int], language: str
) -> None:
    walker = await waiting(centre, language)
    leg = await newest_leg(centre)
    await leg_post(centre, "take", leg, Digits="1")
    fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "From": walker.caller, "To": OUR_NUMBER}
    document = validated(await centre.document("/phone/line/connected", f"n={leg}", fields))
    said = " ".join(each.text or "" for each in document.iter("Say"))
    assert LOST[language] in said.casefold()
    conversation, call = await the_conversation(centre, walker), await the_call(centre, walker)
    assert conversation.queued_at == call.started_at
    assert conversation.state in ("queued", "offered")
    await centre.status(walker)


async def test_when_the_agent_has_ended_it_the_customer_hears_goodbye(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int]
) -> None:
    walker = await waiting(centre)
    leg = await newest_leg(centre)
    await leg_post(centre, "take", leg, Digits="1")
    async with unit_of_work(centre.services.sessions) as session:
        mine = update(models.Conversation).where(models.Conversation.thread_key == walker.call_sid)
        await session.execute(mine.values(state="closed", closed_at=utc_now()))
    fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "From": walker.caller, "To": OUR_NUMBER}
    document = validated(await centre.document("/phone/line/connected", f"n={leg}", fields))
    assert [verb.tag for verb in document] == ["Say", "Hangup"]


async def called_back(centre: PhoneCentre, staff: dict[str, int], caller: str) -> tuple[Walker, int]:
    """Elena has accepted the callback at the desk, and her telephone rings."""
    night = centre.changed(hours=Hours(calendars=[Calendar(key="main", windows=[])]))
    walker = await night.a_call(caller, [{"presses": "0"}, {"presses": "1"}, {}]).call()
    await centre.status(walker)
    conversation = await the_conversation(centre, walker)
    async with unit_of_work(centre.services.sessions) as session:
        await accept(session, utc_now(), ConversationId(conversation.id), UserId(staff[AGENT]))
    await Agents(centre.home()).place_callbacks()
    return walker, await newest_leg(centre)


async def test_a_callback_rings_the_agent_first_and_then_the_customer_once(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int]
) -> None:
    caller = a_number("es")
    walker, leg = await called_back(centre, staff, caller)
    assert "Callback:" in await leg_post(centre, "whisper", leg)
    await leg_post(centre, "take", leg, Digits="1")
    await leg_post(centre, "take", leg, Digits="1")
    await Agents(centre.home()).place_callbacks()
    [placed] = carrier.asked("/Conferences/")
    assert (placed["To"], placed["From"], placed["Label"]) == (caller, OUR_NUMBER, "customer")
    assert "callback_placed" in await events_of(centre, walker)


async def test_a_callback_goes_only_where_the_company_allows(
    centre: PhoneCentre, carrier: CarrierDouble, staff: dict[str, int]
) -> None:
    walker, leg = await called_back(centre, staff, a_number("es"))
    async with unit_of_work(centre.services.sessions) as session:
        premium = update(Call).where(Call.external_id == walker.call_sid).values(callback_number="+88213000001")
        await session.execute(premium)
    assert "cannot be reached" in await leg_post(centre, "take", leg, Digits="1")
    assert carrier.asked("/Conferences/") == []


async def test_what_an_agent_types_is_read_out_in_line(centre: PhoneCentre, staff: dict[str, int]) -> None:
    walker = await centre.a_call(a_number("en"), [{"presses": "0"}, {"hangs_up": True}]).call()
    conversation = await the_conversation(centre, walker)
    async with unit_of_work(centre.services.sessions) as session:
        values = {"conversation_id": conversation.id, "inbox_id": conversation.inbox_id, "direction": "out",
                  "author": "agent", "text": "I am with you in a minute.", "created_at": utc_now()}  # fmt: skip
        session.add(models.Message(**values))
    fields = {"CallSid": walker.call_sid, "AccountSid": ACCOUNT_SID, "From": walker.caller, "To": OUR_NUMBER}
    assert "with you in a minute" in await centre.document("/phone/line/turn", "n=2", fields)
    await centre.status(walker)


def test_a_broken_walker_would_be_seen() -> None:
    for document in (
        "<Response><Dial>+1</Dial></Response>", "<Response><Say></Say></Response>", "<Response>text</Response>",
        "<Response><Hangup/><Say>x</Say></Response>", "<Response><Gather timeout='x'/></Response>",
        "<Response><Gather><Dial/></Gather></Response>",
        "<Response><Gather input='dtmf' hints='a'/></Response>", "<Response><Enqueue>x</Enqueue></Response>",
    ):  # fmt: skip
        with pytest.raises((AssertionError, KeyError)):
            validated(document)
    assert replace(Walker(None, "CA", "+1", []), ended="x").ended == "x"  # type: ignore[arg-type]
