"""Many deliveries at once: what the constraints promise holds under load."""

import asyncio
from collections import Counter

import pytest

from crm_core import models
from crm_core.contracts import Inbound
from tests.support.factories import Centre, visitor

REDELIVERIES = 1_000
AT_ONCE = 40


async def deliver_all(centre: Centre, inbounds: list[Inbound]) -> Counter[bool]:
    """How many were new, and how many were not."""
    places = asyncio.Semaphore(AT_ONCE)

    async def deliver(inbound: Inbound) -> bool:
        async with places:
            return (await centre.deliver(inbound)).is_new

    return Counter(await asyncio.gather(*(deliver(inbound) for inbound in inbounds)))


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False], ids=["known sender", "new sender"])
async def test_a_thousand_redeliveries_at_once_are_one_message(centre: Centre, *, known: bool) -> None:
    if known:
        await centre.write("Hello", who="maria")
    before = len(await centre.rows(models.Message))
    repeated = Inbound("m-same", visitor("maria"), "Where is my order?")
    assert await deliver_all(centre, [repeated] * REDELIVERIES) == {True: 1, False: REDELIVERIES - 1}
    assert len(await centre.rows(models.Message)) == before + 1
    assert len(await centre.rows(models.InboundPayload)) == before + 1
    assert len(await centre.rows(models.Job)) == before + 1
    assert len(await centre.rows(models.Contact)) == 1


@pytest.mark.slow
async def test_first_messages_of_one_visitor_at_once_make_one_contact_and_one_conversation(centre: Centre) -> None:
    burst = [Inbound(f"m-{number}", visitor("maria"), str(number)) for number in range(60)]
    assert await deliver_all(centre, burst) == {True: 60}
    assert len(await centre.rows(models.Contact)) == 1
    (conversation,) = await centre.rows(models.Conversation)
    kinds = Counter(kind for kind, _ in await centre.events(conversation.id))
    assert kinds == {"conversation_opened": 1, "message_received": 60}


@pytest.mark.slow
async def test_visitors_at_once_do_not_mix(centre: Centre) -> None:
    burst = [Inbound(f"m-{who}-{number}", visitor(f"v{who}"), str(who)) for number in range(5) for who in range(20)]
    assert await deliver_all(centre, burst) == {True: 100}
    assert len(await centre.rows(models.Conversation)) == 20
    texts = {(row.conversation_id, row.text) for row in await centre.rows(models.Message)}
    assert len(texts) == 20
