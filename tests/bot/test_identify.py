"""Who is asking: an address that the channel proved in this conversation finds the ERP customer, another one never."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.metrics import Metrics
from bot.turn import TurnServices, run_turn
from config.settings import TurnSettings
from crm_core import models
from crm_core.contracts import Address, AddressKind, Identity, Inbound
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.intake import receive
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from nlu.native import NativeEngine
from tests.bot.conftest import MakeServices
from tests.support.shop import ANNA, Shop

pytestmark = pytest.mark.slow
MAIL = Address(AddressKind.MAILTO, "anna@example.com")
CALL = Address(AddressKind.TEL, "+34612345678")
ORDER = "Where is my order 100234?"


@pytest.fixture
async def services(make_services: MakeServices, shop: Shop, nlu: NativeEngine, sessions: Sessions) -> TurnServices:
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, [ConfiguredInbox("web", "webchat", "Web", pulled=True)])
    return TurnServices(make_services(shop), nlu, TurnSettings(), Metrics(), utc_now)


async def ask(services: TurnServices, sender: Address, identity: Identity | None, thread: str = "") -> str:
    """The bot's answer to a question about Anna's order from `sender`."""
    sessions = services.dialogue.sessions
    async with unit_of_work(sessions) as session:
        inbox_id = (await session.execute(select(models.Inbox.id))).scalar_one()
        inbound = Inbound(f"{sender.uri}{thread}", sender, ORDER, thread_key=thread, identity=identity)
        received = await receive(session, utc_now(), inbox_id, inbound)
    await run_turn(services, received.conversation_id, None)
    async with sessions() as session:
        said = select(models.Message.text).where(models.Message.author == "bot").order_by(models.Message.id.desc())
        return (await session.scalars(said.limit(1))).one()


async def verified_how(sessions: Sessions) -> list[str | None]:
    async with sessions() as session:
        return list((await session.scalars(select(models.Conversation.verified_how).order_by("id"))).all())


@pytest.mark.parametrize(("sender", "identity", "how"), [
    (MAIL, Identity(email="anna@example.com"), "sender"),
    (MAIL, Identity(email=" Anna@Example.com "), "sender"),
    (CALL, Identity(phone="+34 612 345 678"), "channel"),
    (Address(AddressKind.WEB, "a"), Identity(email="anna@example.com"), "channel"),
])  # fmt: skip
async def test_what_the_channel_proves_is_enough(
    services: TurnServices, sessions: Sessions, sender: Address, identity: Identity, how: str
) -> None:
    assert "2 of 4" in await ask(services, sender, identity)
    assert await verified_how(sessions) == [how]


@pytest.mark.parametrize(("sender", "identity"), [
    (MAIL, None),
    (CALL, None),
    (MAIL, Identity(name="Anna Berg")),
    (MAIL, Identity(email="anna@example.com.evil.example")),
    (CALL, Identity(phone="+7 495 555 01 03")),
    (CALL, Identity(phone="612345678")),  # without a country it is nobody's number
])  # fmt: skip
async def test_what_nobody_proved_is_not(
    services: TurnServices, sessions: Sessions, sender: Address, identity: Identity | None
) -> None:
    assert "e-mail" in await ask(services, sender, identity)
    assert await verified_how(sessions) == [None]


async def test_a_proof_of_yesterday_does_not_vouch_for_today(services: TurnServices, sessions: Sessions) -> None:
    """Who forges the sender of a letter starts a conversation that nobody has proven."""
    assert "2 of 4" in await ask(services, MAIL, Identity(email="anna@example.com"), "first")
    async with unit_of_work(sessions) as session:
        await session.execute(update(models.Address).values(verified_at=utc_now() - timedelta(days=1)))
    assert "e-mail" in await ask(services, MAIL, None, "forged")
    assert "2 of 4" in await ask(services, MAIL, Identity(email="anna@example.com"), "third")


async def test_an_address_that_two_customers_share_names_neither(
    services: TurnServices, sessions: Sessions, shop: Shop
) -> None:
    shop.customers["C3"] = type(ANNA)("C3", "Anna's company", ANNA.emails)
    assert "e-mail" in await ask(services, MAIL, Identity(email="anna@example.com"))
    assert await verified_how(sessions) == [None]


async def test_another_customers_order_stays_hidden_from_a_proven_one(services: TurnServices) -> None:
    answer = await ask(services, MAIL, Identity(email="boris@example.com"))
    assert "cannot find order 100234" in answer
