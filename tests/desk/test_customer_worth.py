"""Segment, coming money and the chance to leave, beside the conversation."""

from dataclasses import replace
from datetime import date

from crm_core.customer_values import KnownValue, keep_values
from crm_core.db import Sessions, unit_of_work
from tests.support.desk_client import Browser

KNOWN = KnownValue("C-1001", "at_risk", 3.0, 1450.4, "EUR", 0.66, 26, date(2026, 11, 20))


async def panel_with(browser: Browser, sessions: Sessions, known: KnownValue, conversation_id: int) -> str:
    async with unit_of_work(sessions) as session:
        await keep_values(session, [known])
    return (await browser.part(f"/desk/c/{conversation_id}/customer")).text.replace("\xa0", " ")


async def test_the_panel_tells_segment_money_and_chance_with_their_day(
    elena: Browser, sessions: Sessions, seeded: dict[str, int]
) -> None:
    panel = await panel_with(elena, sessions, KNOWN, seeded["maria"])
    for part in ("bought often, not of late", "€ in 26 weeks", "66 %", "Purchases until"):
        assert part in panel, part
    assert "1.450" in panel or "1,450" in panel


async def test_what_could_not_be_told_is_not_shown(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    panel = await panel_with(elena, sessions, replace(KNOWN, money=None, leaves=None), seeded["maria"])
    assert "bought often" in panel
    assert "May leave" not in panel
    assert "in 26 weeks" not in panel


async def test_nothing_is_said_of_another_customer(elena: Browser, sessions: Sessions, seeded: dict[str, int]) -> None:
    panel = await panel_with(elena, sessions, replace(KNOWN, customer_id="C-9999"), seeded["maria"])
    assert "Segment" not in panel
