"""What is known of a customer's worth goes with the handoff, and only of the customer it is known of."""

from datetime import date

import pytest
from sqlalchemy import update

from crm_core import models
from crm_core.customer_values import AT_RISK, KnownValue, keep_values
from crm_core.routing_rules import standing_of
from tests.support.factories import Centre

MARIA = KnownValue("C-1", AT_RISK, 3.0, 450.0, "EUR", 0.7, 26, date(2026, 11, 20))


@pytest.mark.parametrize(
    ("reference", "value", "at_risk"), [("C-1", 0.45, True), ("C-2", 0.0, False), (None, 0.0, False)]
)
async def test_worth_and_silence_move_the_place_in_line(
    centre: Centre, reference: str | None, value: float, *, at_risk: bool
) -> None:
    conversation_id = (await centre.write()).conversation_id
    async with centre.work() as session:
        await keep_values(session, [MARIA])
        await session.execute(update(models.Conversation).values(customer_ref=reference))
    assert await centre.waiting() == conversation_id
    stored = (await centre.conversation(conversation_id)).handoff or {}
    signals = stored["signals"]
    assert isinstance(signals, dict)
    assert (standing_of(signals).value, signals["at_risk"]) == (value, at_risk)
