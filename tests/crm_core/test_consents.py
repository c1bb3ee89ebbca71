"""Consent is given by the person and taken back at any time, from whatever channel, and that holds at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import campaign_sending, models
from crm_core.audience import Asked, candidates
from crm_core.campaign_results import read_lots
from crm_core.campaign_values import Criteria
from crm_core.consents import ConsentSource, ConsentView, Said, consent_of, give_consent, withdraw_consent
from crm_core.contacts import Merge, merge_contacts
from crm_core.contracts import Address, AddressKind, ContactId, Inbound, Reachability
from crm_core.deliveries import note_reachability
from crm_core.events import CONTACT, SYSTEM, Actor
from crm_core.optout_words import asks_to_stop
from crm_core.privacy import erase_contact
from tests.support.factories import Centre
from tests.support.marketing import HALVES, Marketing


@pytest.fixture
async def marketing(centre: Centre) -> Marketing:
    return await Marketing(centre).open()


async def consent(centre: Centre, contact_id: int) -> ConsentView | None:
    async with centre.work() as session:
        return await consent_of(session, contact_id)


async def told(centre: Centre) -> list[tuple[str, str, str]]:
    event = models.Event
    wanted = select(event.kind, event.actor, event.data).where(event.kind.like("consent_%")).order_by(event.id)
    async with centre.sessions() as session:
        return [(kind, actor, str(happened["source"])) for kind, actor, happened in await session.execute(wanted)]


async def test_a_consent_remembers_who_noted_it_where_and_for_which_text(marketing: Marketing, centre: Centre) -> None:
    anna = await marketing.person("Anna", agreed=False)
    by_elena = Said(Actor.agent(centre.staff["elena"]), ConsentSource.AGENT, "2026-11")
    for is_new in (True, False):
        async with centre.work() as session:
            assert await give_consent(session, centre.now, anna, by_elena) is is_new
    assert await consent(centre, anna) == ConsentView(True, centre.now, "agent", "2026-11")
    for is_new in (True, False):
        async with centre.work() as session:
            assert await withdraw_consent(session, centre.now, anna, Said(CONTACT, ConsentSource.LINK)) is is_new
    view = await consent(centre, anna)
    assert view is not None
    assert (view.is_given, view.source) == (False, "link")
    agent = f"agent:{centre.staff['elena']}"
    assert await told(centre) == [("consent_given", agent, "agent"), ("consent_withdrawn", "contact", "link")]


async def test_a_new_text_needs_a_new_consent_event(marketing: Marketing, centre: Centre) -> None:
    anna = await marketing.person("Anna")
    async with centre.work() as session:
        assert await give_consent(session, centre.now, anna, Said(SYSTEM, ConsentSource.IMPORT, "2"))
    assert len(await told(centre)) == 2


@pytest.mark.parametrize("word", ["STOP", " stop. ", "СТОП", "Отписаться", "¡Baja!", "Darme de baja", "/stop"])
async def test_a_stop_word_in_any_channel_is_a_withdrawal(marketing: Marketing, centre: Centre, word: str) -> None:
    anna = await marketing.person("Anna", uri="telegram:5")
    await centre.deliver(Inbound("m-1", Address(AddressKind.TELEGRAM, "5"), word), inbox="telegram")
    view = await consent(centre, anna)
    assert view is not None
    assert not view.is_given


@pytest.mark.parametrize("said", ["Please stop sending the wrong chairs", "", "Baja la calidad", "stop " * 50])
def test_the_word_inside_a_sentence_is_none(said: str) -> None:
    assert not asks_to_stop(said)


@pytest.mark.parametrize(("reason", "left"), [("stop", ["left"]), ("stopped", ["left"]), ("30003", [])])
async def test_what_the_carrier_tells_of_a_stop_counts_too(
    marketing: Marketing, centre: Centre, reason: str, left: list[str]
) -> None:
    anna = await marketing.person("Anna", uri="tel:+34911222333")
    async with centre.work() as session:
        report = Reachability(Address(AddressKind.TEL, "+34911222333"), is_reachable=False, reason=reason)
        await note_reachability(session, centre.now, report)
    view = await consent(centre, anna)
    assert view is not None
    assert view.is_given is not bool(left)


async def test_start_makes_reachable_again_but_agrees_to_nothing(marketing: Marketing, centre: Centre) -> None:
    anna = await marketing.person("Anna", uri="tel:+34911222333")
    for is_reachable, reason in ((False, "stop"), (True, "start")):
        async with centre.work() as session:
            report = Reachability(Address(AddressKind.TEL, "+34911222333"), is_reachable, reason)
            await note_reachability(session, centre.now, report)
    view = await consent(centre, anna)
    assert view is not None
    assert not view.is_given


async def test_a_withdrawal_takes_back_what_no_channel_has_in_hand(marketing: Marketing, centre: Centre) -> None:
    """Posted, and the worker has not come to it yet."""
    anna = await marketing.person("Anna")
    await marketing.campaign()
    await marketing.post_all()
    async with centre.work() as session:
        await withdraw_consent(session, centre.now, anna, Said(CONTACT, ConsentSource.LINK))
    [message] = await centre.rows(models.Message)
    assert (message.delivery, message.delivery_code) == ("failed", "unsubscribed")


async def test_what_the_channel_has_already_is_left_as_it_is(marketing: Marketing, centre: Centre) -> None:
    anna = await marketing.person("Anna")
    await marketing.campaign()
    await marketing.post_all()
    async with centre.work() as session:
        await session.execute(update(models.Message).values(delivery="sent"))
        await withdraw_consent(session, centre.now, anna, Said(CONTACT, ConsentSource.LINK))
    assert [message.delivery for message in await centre.rows(models.Message)] == ["sent"]


async def withdrawn_meanwhile(marketing: Marketing, hold: Callable[..., Awaitable[object]]) -> str | None:
    """What became of a message whose reader withdrew after the last look at them and before it was posted."""
    centre, now = marketing.centre, marketing.centre.now
    anna = await marketing.person("Anna")
    await marketing.campaign()

    async def withdraw() -> None:
        async with centre.work() as session:
            await withdraw_consent(session, now, anna, Said(CONTACT, ConsentSource.LINK))

    async with centre.work() as session:
        bound = campaign_sending._rates(now, marketing.terms)
        member = (await session.execute(campaign_sending._NEXT, bound)).mappings().one()
        await hold(session, member)
        asked = Asked(Criteria(), member["inbox_ids"], member["campaign_id"], only=anna)
        [to] = await candidates(session, now, marketing.terms, asked)
        leaving = asyncio.create_task(withdraw())
        await asyncio.wait([leaving], timeout=0.3)
        await campaign_sending._post_or_put_off(session, now, marketing.poster, member, to)
    await leaving
    [message] = await centre.rows(models.Message)
    return message.delivery


async def test_who_withdraws_while_their_message_is_posted_does_not_get_it(marketing: Marketing) -> None:
    assert await withdrawn_meanwhile(marketing, campaign_sending._hold) == "failed"


async def test_without_holding_the_consent_the_message_would_slip_through(marketing: Marketing) -> None:
    """The check must see the variant that looks first and posts afterwards."""

    async def nothing(session: AsyncSession, member: object) -> None: ...

    assert await withdrawn_meanwhile(marketing, nothing) == "pending"


async def test_of_two_who_are_one_a_no_holds_for_both(marketing: Marketing, centre: Centre) -> None:
    anna, again = await marketing.person("Anna"), await marketing.person("Again")
    async with centre.work() as session:
        await withdraw_consent(session, centre.now, again, Said(CONTACT, ConsentSource.LINK))
    async with centre.work() as session:
        await merge_contacts(session, centre.now, SYSTEM, Merge(ContactId(again), ContactId(anna), "same"))
    view = await consent(centre, anna)
    assert view is not None
    assert not view.is_given


async def test_an_erasure_keeps_the_totals_and_forgets_the_person(marketing: Marketing, centre: Centre) -> None:
    await marketing.crowd(6)
    campaign_id = await marketing.campaign(marketing.plan(HALVES))
    await marketing.post_all()
    for number in range(6):
        await marketing.bought(f"C-{number}", centre.now.date(), 100 + number)
    before = await lots(centre, campaign_id)
    async with centre.work() as session:
        await erase_contact(session, centre.now, SYSTEM, ContactId(marketing.people["Person3"]))
    after = await lots(centre, campaign_id)
    assert after == before
    assert sum(orders for _, orders, _ in after) == 6
    assert (await marketing.lots())["Person3"].customer_ref is None


async def lots(centre: Centre, campaign_id: int) -> list[tuple[str, int, int]]:
    async with centre.work() as session:
        found = await read_lots(session, centre.reach("grace").viewer, campaign_id)
    return [(lot.arm, lot.orders, int(lot.revenue)) for lot in found]
