"""A campaign from its draft to its last message: who is drawn, who is left out, when it is said, and who may say so."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from config.campaign_files import Campaigns, Cap, QuietHours
from crm_core import models
from crm_core.audience import Asked, candidates, preview
from crm_core.campaign_sending import Outcome
from crm_core.campaign_values import Arm, ArmText, BadPlan, CampaignState, Criteria, Reason
from crm_core.campaigns import change_state, draw, due_campaigns, read_campaign, save_plan, schedule
from crm_core.consents import ConsentSource, Said, withdraw_consent
from crm_core.contracts import Address, AddressKind, Inbound, Reachability
from crm_core.deliveries import note_reachability
from crm_core.errors import Forbidden, IllegalTransition
from crm_core.events import CONTACT, EventKind
from crm_core.lots import arm_of
from crm_core.states import ConversationState
from tests.support.factories import Centre
from tests.support.marketing import ALWAYS, EVERYBODY, HALVES, TEXTS, Marketing


@pytest.fixture
async def marketing(centre: Centre) -> Marketing:
    return await Marketing(centre).open()


async def reasons(marketing: Marketing, criteria: Criteria | None = None, **more: int) -> dict[str, str | None]:
    asked = Asked(criteria or Criteria(), (marketing.centre.inboxes["email"],), **more)
    async with marketing.centre.work() as session:
        found = await candidates(session, marketing.centre.now, marketing.terms, asked)
    return {one.name or "": one.reason for one in found}


async def withdraw(marketing: Marketing, name: str) -> None:
    async with marketing.centre.work() as session:
        said = Said(CONTACT, ConsentSource.LINK)
        await withdraw_consent(session, marketing.centre.now, marketing.people[name], said)


async def kinds(centre: Centre, *wanted: EventKind) -> list[tuple[str, str | None]]:
    """Of events, in order, with the arm or the reason they name."""
    event = models.Event
    async with centre.sessions() as session:
        rows = await session.execute(select(event.kind, event.data).where(event.kind.in_(wanted)).order_by(event.id))
    return [(kind, happened.get("arm") or happened.get("reason")) for kind, happened in rows]


async def test_every_lot_is_logged_before_the_first_message(marketing: Marketing) -> None:
    await marketing.crowd(12)
    await marketing.campaign(marketing.plan(HALVES))
    assigned = await kinds(marketing.centre, EventKind.CAMPAIGN_ASSIGNED)
    assert len(assigned) == 12
    assert await marketing.centre.rows(models.Message) == []
    await marketing.post_all()
    told = await kinds(marketing.centre, EventKind.CAMPAIGN_ASSIGNED, EventKind.CAMPAIGN_POSTED)
    assert told[:12] == assigned
    assert {kind for kind, _ in told[12:]} == {"campaign_posted"}


async def test_the_hold_out_hears_nothing(marketing: Marketing) -> None:
    await marketing.crowd(20)
    await marketing.campaign(marketing.plan(HALVES))
    await marketing.post_all()
    lots = (await marketing.lots()).values()
    states = {row.state for row in lots}
    assert states == {"posted", "held_out"}
    assert len(await marketing.centre.rows(models.Message)) == sum(row.state == "posted" for row in lots)


def test_the_lot_is_the_same_each_time_fair_and_another_for_each_campaign() -> None:
    arms = (Arm("a", 30, TEXTS), Arm("b", 50, TEXTS), Arm("hold_out", 20, is_hold_out=True))
    drawn = [arm_of(7, contact, arms).key for contact in range(20_000)]
    assert drawn == [arm_of(7, contact, arms).key for contact in range(20_000)]
    assert [round(drawn.count(arm.key) / 20_000, 2) for arm in arms] == [0.3, 0.5, 0.2]
    other = [arm_of(8, contact, arms).key for contact in range(20_000)]
    alike = sum(one == two for one, two in zip(drawn, other, strict=True)) / 20_000
    assert abs(alike - (0.09 + 0.25 + 0.04)) < 0.02, "independent: agreement is what chance gives"


async def test_drawing_twice_draws_once(marketing: Marketing) -> None:
    await marketing.crowd(3)
    campaign_id = await marketing.campaign()
    async with marketing.centre.work() as session:
        assert await draw(session, marketing.centre.now, marketing.terms, campaign_id) == 0
    assert len(await marketing.lots()) == 3


async def test_the_audience_says_of_each_why_not(marketing: Marketing, centre: Centre) -> None:
    await marketing.person("Anna")
    await marketing.person("Never", agreed=False)
    await marketing.person("Gone")
    await withdraw(marketing, "Gone")
    await marketing.person("Bounced")
    await marketing.person("Caller", uri="tel:+34911222333")
    await marketing.person("Angry")
    async with centre.work() as session:
        bounced = Reachability(Address(AddressKind.MAILTO, "bounced@example.com"), is_reachable=False, reason="550")
        await note_reachability(session, centre.now, bounced)
    angry = await centre.deliver(Inbound("m-a", Address(AddressKind.MAILTO, "angry@example.com"), "!"), inbox="email")
    async with centre.work() as session:
        row = update(models.Conversation).where(models.Conversation.id == angry.conversation_id)
        await session.execute(row.values(intent="complaint"))
    assert await reasons(marketing) == {
        "Anna": None, "Never": "no_consent", "Gone": "unsubscribed", "Bounced": "unreachable",
        "Caller": "unreachable", "Angry": "complaint",
    }  # fmt: skip
    async with centre.work() as session:
        asked = Asked(Criteria(), (centre.inboxes["email"],))
        shown = preview(await candidates(session, centre.now, marketing.terms, asked))
    assert (shown.reached, shown.reasons[Reason.UNREACHABLE]) == (1, 2)


async def test_criteria_ask_the_orders_of_the_erp(marketing: Marketing, now: datetime) -> None:
    today = now.date()
    for name, days, amount in (("New", 5, 50), ("Old", 200, 900), ("Loyal", 20, 400)):
        await marketing.person(name, customer_ref=name)
        await marketing.bought(name, today - timedelta(days=days), amount)
    await marketing.bought("Loyal", today - timedelta(days=90), 300, "2")
    await marketing.person("Nobody", language="ru")

    async def fitting(**asked: object) -> set[str]:
        return set(await reasons(marketing, Criteria(**asked)))  # type: ignore[arg-type]

    assert await fitting() == {"New", "Old", "Loyal", "Nobody"}
    assert await fitting(ordered_within_days=30) == {"New", "Loyal"}
    assert await fitting(not_ordered_for_days=30) == {"Old"}
    assert await fitting(orders_from=2) == {"Loyal"}
    assert await fitting(spent_from=700) == {"Old", "Loyal"}
    assert await fitting(languages=("ru",)) == {"Nobody"}


async def test_who_is_in_a_running_campaign_is_in_no_other_not_even_as_hold_out(marketing: Marketing) -> None:
    await marketing.person("Anna")
    await marketing.campaign(marketing.plan((Arm("a", 1, TEXTS), Arm("hold_out", 99, is_hold_out=True))))
    assert await reasons(marketing) == {"Anna": "other_campaign"}


async def test_the_cap_counts_over_all_campaigns(marketing: Marketing) -> None:
    marketing.rules = Campaigns(quiet_hours=ALWAYS, cap=Cap(messages=1, days=14))
    await marketing.person("Anna")
    await marketing.campaign()
    assert await marketing.post_all() == [Outcome.POSTED]
    assert await reasons(marketing) == {"Anna": "capped"}
    marketing.centre.now += timedelta(days=15)
    assert await reasons(marketing) == {"Anna": None}


async def test_the_last_look_before_each_message_finds_who_left_since(marketing: Marketing) -> None:
    for name in ("Anna", "Left", "Bounced"):
        await marketing.person(name)
    await marketing.campaign()
    await withdraw(marketing, "Left")
    async with marketing.centre.work() as session:
        row = update(models.Address).where(models.Address.uri == "mailto:bounced@example.com")
        await session.execute(row.values(unreachable_at=marketing.centre.now, unreachable_why="550"))
    await marketing.post_all()
    lots = await marketing.lots()
    assert {name: (row.state, row.reason) for name, row in lots.items()} == {
        "Anna": ("posted", None), "Left": ("skipped", "unsubscribed"), "Bounced": ("skipped", "unreachable"),
    }  # fmt: skip


async def test_quiet_hours_are_the_customer_s(marketing: Marketing) -> None:
    marketing.rules = Campaigns(quiet_hours=QuietHours.model_validate({"begin": "20:00", "end": "09:00", "days": [6]}))
    await marketing.person("Madrid")
    await marketing.person("Vladivostok", time_zone="Asia/Vladivostok")  # past midnight there
    await marketing.campaign()
    assert sorted(await marketing.post_all()) == [Outcome.POSTED, Outcome.PUT_OFF]
    lots = await marketing.lots()
    assert lots["Madrid"].state == "posted"
    assert lots["Vladivostok"].due_at == datetime(2026, 11, 23, 23, tzinfo=UTC), "nine in the morning there"
    assert await marketing.post_all(datetime(2026, 11, 23, 23, tzinfo=UTC)) == [Outcome.POSTED]


async def test_who_is_in_a_conversation_is_left_in_peace(marketing: Marketing, centre: Centre) -> None:
    await marketing.person("Anna")
    await marketing.campaign()
    address = Address(AddressKind.MAILTO, "anna@example.com")
    received = await centre.deliver(Inbound("m-1", address, "Where is it?"), inbox="web")
    assert await marketing.post_all() == [Outcome.PUT_OFF]
    await centre.put_into(received.conversation_id, ConversationState.CLOSED, None, None)
    assert await marketing.post_all(marketing.later(hours=1)) == [Outcome.POSTED]


async def test_each_inbox_keeps_to_its_rate(marketing: Marketing) -> None:
    marketing.rules = Campaigns(quiet_hours=ALWAYS, rates_per_minute={"email": 3})
    await marketing.crowd(7)
    await marketing.campaign()
    posted = [len(await marketing.post_all(marketing.later(seconds=second))) for second in (0, 30, 61, 122)]
    assert posted == [3, 0, 3, 1]


async def test_an_answer_lands_beside_what_was_said(marketing: Marketing, centre: Centre) -> None:
    await marketing.person("Anna Berg")
    await marketing.person("Boris", uri="telegram:77", language="ru")
    campaign_id = await marketing.campaign(marketing.plan(EVERYBODY, ("email", "telegram")))
    await marketing.post_all()
    mail, chat = await centre.rows(models.Message)
    assert mail.text.startswith("Hello Anna, oak tables")
    assert f"https://desk.example/unsubscribe/{marketing.people['Anna Berg']}.mac" in mail.text
    assert (mail.author, mail.content["campaign_id"], mail.delivery) == ("system", campaign_id, "pending")
    assert chat.text.endswith("Чтобы отписаться, ответьте СТОП.")
    anna = Address(AddressKind.MAILTO, "anna berg@example.com")
    reply = Inbound("m-2", anna, "Yes", thread_key="x", in_reply_to=mail.id)  # type: ignore[arg-type]
    assert (await centre.deliver(reply, inbox="email")).conversation_id == mail.conversation_id
    boris = Inbound("m-3", Address(AddressKind.TELEGRAM, "77"), "Да")
    assert (await centre.deliver(boris, inbox="telegram")).conversation_id == chat.conversation_id


async def test_stopping_takes_back_what_no_channel_has_yet(marketing: Marketing) -> None:
    await marketing.crowd(4)
    campaign_id = await marketing.campaign()
    await marketing.post()
    viewer = marketing.centre.reach("grace").viewer
    async with marketing.centre.work() as session:
        await change_state(session, marketing.centre.now, viewer, campaign_id, "stop")
    assert await marketing.post_all() == []
    assert sorted(row.state for row in (await marketing.lots()).values()) == ["posted", "skipped", "skipped", "skipped"]
    [message] = await marketing.centre.rows(models.Message)
    assert (message.delivery, message.delivery_code) == ("failed", "stopped")


async def test_a_paused_campaign_rests_and_goes_on(marketing: Marketing) -> None:
    await marketing.crowd(2)
    campaign_id = await marketing.campaign()
    viewer = marketing.centre.reach("grace").viewer
    for verb, expected in (("pause", 0), ("resume", 2)):
        async with marketing.centre.work() as session:
            await change_state(session, marketing.centre.now, viewer, campaign_id, verb)
        assert len(await marketing.post_all()) == expected
    async with marketing.centre.work() as session:
        assert (await read_campaign(session, campaign_id)).state is CampaignState.DONE


async def test_what_is_too_late_is_not_said(marketing: Marketing) -> None:
    await marketing.person("Anna")
    await marketing.campaign(marketing.plan(send_days=2))
    assert await marketing.post_all(marketing.later(days=3)) == [Outcome.SKIPPED]
    assert (await marketing.lots())["Anna"].reason == "too_late"


@pytest.mark.parametrize(
    ("arms", "what"),
    [
        ((Arm("a", 60, TEXTS),), "shares"),
        ((Arm("a", 100, is_hold_out=True),), "arms"),
        ((Arm("a", 50, TEXTS), Arm("a", 50, TEXTS)), "arms"),
        ((), "arms"),
    ],
)
async def test_a_plan_that_does_not_add_up_is_refused(marketing: Marketing, arms: tuple[Arm, ...], what: str) -> None:
    viewer = marketing.centre.reach("grace").viewer
    async with marketing.centre.work() as session:
        with pytest.raises(BadPlan) as refused:
            await save_plan(session, marketing.centre.now, viewer, marketing.plan(arms))
    assert refused.value.what == what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "text_missing"), ("Hi {first_name}", "fallback_missing"), ("Hi {order|you}", "variable_unknown"),
        ("Hi {company", "brace"), ("x" * 5_000, "text_long"),
    ],
)  # fmt: skip
async def test_a_text_that_cannot_be_filled_is_refused(marketing: Marketing, text: str, what: str) -> None:
    arm = Arm("a", 100, {**TEXTS, "es": ArmText(text, "Asunto")})
    with pytest.raises(BadPlan) as refused:
        await marketing.campaign(marketing.plan((arm,)))
    assert refused.value.what == what


async def test_only_who_supervises_runs_campaigns(marketing: Marketing) -> None:
    for name in ("elena", "lev"):
        async with marketing.centre.work() as session:
            with pytest.raises(Forbidden):
                await save_plan(session, marketing.centre.now, marketing.centre.reach(name).viewer, marketing.plan())


async def test_a_scheduled_campaign_waits_and_cannot_be_rewritten(marketing: Marketing) -> None:
    viewer, now = marketing.centre.reach("ada").viewer, marketing.centre.now
    plan = marketing.plan(starts_at=now + timedelta(hours=1))
    async with marketing.centre.work() as session:
        campaign_id = await save_plan(session, now, viewer, plan)
        await schedule(session, now, viewer, marketing.terms, campaign_id)
    async with marketing.centre.work() as session:
        assert await due_campaigns(session, now) == []
        assert await due_campaigns(session, now + timedelta(hours=1)) == [campaign_id]
        with pytest.raises(IllegalTransition):
            await save_plan(session, now, viewer, plan, campaign_id)


async def test_a_name_is_no_way_to_smuggle_in_a_link(marketing: Marketing) -> None:
    for number, name in enumerate(("Visit evil.example", "A\nB", "{company}", "https://x", "x" * 60, "")):
        await marketing.person(f"p{number}")
        async with marketing.centre.work() as session:
            row = update(models.Contact).where(models.Contact.id == marketing.people[f"p{number}"])
            await session.execute(row.values(name=name or None))
    await marketing.campaign()
    await marketing.post_all()
    assert {row.text.split(",")[0] for row in await marketing.centre.rows(models.Message)} == {"Hello there"}
