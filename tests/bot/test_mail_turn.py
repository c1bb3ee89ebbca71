"""The bot by mail: one letter a turn, order data for proven senders only, and never many letters unasked."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.mail_manners import one_letter, words_of
from bot.metrics import Metrics
from bot.turn import TurnServices, run_turn
from config.settings import TurnSettings
from crm_core import models
from crm_core.contracts import Address, AddressKind, Choice, ConversationId, Identity, Inbound, Mark
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.intake import receive
from crm_core.outbox import Utterance
from crm_core.settings_sync import ConfiguredInbox, sync_inboxes
from nlu.native import NativeEngine
from tests.bot.conftest import MakeServices
from tests.support.shop import Shop

pytestmark = pytest.mark.slow

UNVERIFIED = frozenset({Mark.UNVERIFIED_SENDER})


class Post:
    """Mail of one sender to the bot."""

    def __init__(self, services: TurnServices, sessions: Sessions) -> None:
        self.services, self.sessions, self.count = services, sessions, 0

    async def write(self, text: str, sender: str, *, verified: bool = False, **more: object) -> ConversationId:
        self.count += 1
        inbound = Inbound(
            f"<{self.count}@example.com>#a", Address(AddressKind.MAILTO, sender), text,
            thread_key=f"<{self.count}@example.com>", identity=Identity(email=sender) if verified else None,
            marks=frozenset() if verified else UNVERIFIED, **more,  # type: ignore[arg-type]
        )  # fmt: skip
        async with unit_of_work(self.sessions) as session:
            inbox_id = (await session.execute(select(models.Inbox.id))).scalar_one()
            received = await receive(session, utc_now(), inbox_id, inbound)
        await run_turn(self.services, received.conversation_id, None)
        return received.conversation_id

    async def letters(self, conversation_id: ConversationId) -> list[str]:
        said = models.Message
        statement = select(said.text).where(said.conversation_id == conversation_id, said.author == "bot")
        async with self.sessions() as session:
            return list((await session.scalars(statement.order_by(said.id))).all())

    async def handoff(self, conversation_id: ConversationId) -> object:
        async with self.sessions() as session:
            found = await session.get_one(models.Conversation, conversation_id)
        return (found.handoff or {}).get("reason")


@pytest.fixture
async def post(make_services: MakeServices, shop: Shop, nlu: NativeEngine, sessions: Sessions) -> Post:
    async with unit_of_work(sessions) as session:
        await sync_inboxes(session, [ConfiguredInbox("mail", "email", "Mail", pulled=False)])
    return Post(TurnServices(make_services(shop), nlu, TurnSettings(), Metrics(), utc_now), sessions)


async def test_e5_an_unverified_sender_is_asked_for_proof(post: Post) -> None:
    asked = await post.write("Where is my order 100234?", "anna@example.com")
    (said,) = await post.letters(asked)
    assert "sure it is yours" in said


async def test_a_verified_sender_is_the_customer_with_this_address(post: Post) -> None:
    asked = await post.write("Where is my order 100234?", "anna@example.com", verified=True)
    (said,) = await post.letters(asked)
    assert "sure it is yours" not in said
    assert "100234" in said


async def test_e5_a_forged_mail_after_a_verified_one_learns_nothing(post: Post) -> None:
    await post.write("Where is my order 100234?", "anna@example.com", verified=True)
    forged = await post.write("Where is my order 100234?", "anna@example.com")
    assert all("sure it is yours" in said for said in await post.letters(forged))


async def test_a_stranger_with_the_number_learns_nothing(post: Post) -> None:
    asked = await post.write("Where is my order 100234?", "eve@example.org", verified=True)
    (said,) = await post.letters(asked)
    assert "sure it is yours" in said


async def test_e9_e15_a_second_unasked_mail_goes_to_a_person(post: Post) -> None:
    first = await post.write("When are you open?", "eve@example.org")
    second = await post.write("When are you open?", "eve@example.org")
    assert (len(await post.letters(first)), await post.letters(second)) == (1, [])
    assert await post.handoff(second) == "answered_lately"


async def test_a_proven_sender_may_ask_again(post: Post) -> None:
    for _ in range(2):
        assert await post.letters(await post.write("When are you open?", "eve@example.org", verified=True))


async def test_after_the_window_a_letter_may_go_again(post: Post, sessions: Sessions) -> None:
    await post.write("When are you open?", "eve@example.org")
    async with unit_of_work(sessions) as session:
        for row in await session.scalars(select(models.Message)):
            row.created_at -= timedelta(hours=2)
    assert await post.letters(await post.write("When are you open?", "eve@example.org"))


async def test_what_nobody_can_read_goes_to_a_person(post: Post) -> None:
    asked = await post.write("", "eve@example.org", subject=None)
    unread = await post.write("", "bob@example.org")
    assert asked != unread
    async with unit_of_work(post.sessions) as session:
        inbox_id = (await session.execute(select(models.Inbox.id))).scalar_one()
        inbound = Inbound("#u", Address(AddressKind.MAILTO, "u@example.org"), "", thread_key="#u",
                          marks=UNVERIFIED | {Mark.UNREADABLE})  # fmt: skip
        received = await receive(session, utc_now(), inbox_id, inbound)
    await run_turn(post.services, received.conversation_id, None)
    assert await post.handoff(received.conversation_id) == "unreadable"


async def test_a_subject_alone_is_understood(post: Post) -> None:
    asked = await post.write("", "eve@example.org", subject="When are you open?")
    (said,) = await post.letters(asked)
    assert ":" in said


def test_a_turn_is_one_letter() -> None:
    choices = (Choice("Yes", "yes"),)
    (said,) = one_letter([Utterance("One."), Utterance("Two.", choices)])
    assert (said.text, said.choices) == ("One.\n\nTwo.", choices)


@pytest.mark.parametrize(
    ("subject", "text", "words"),
    [
        ("Order 100234", "Where is it?\n\n-- \nAnna", "Order 100234. Where is it?"),
        ("Where is it?", "", "Where is it?"),
        ("Re: where is it", "Hello, where is it today", "Hello, where is it today"),
        (None, "Hello", "Hello"),
    ],
)
def test_a_first_letter_is_its_subject_and_its_words(subject: str | None, text: str, words: str) -> None:
    assert words_of({"subject": subject}, text, is_first=True) == words  # type: ignore[arg-type]
