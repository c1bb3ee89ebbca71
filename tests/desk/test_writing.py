"""Macros, suggested answers and the command bar: filled in safely, offered only where they may be seen."""

import pytest

from config.macros import VARIABLES
from crm_core.db import Sessions, unit_of_work
from crm_core.intake import inbox_ids
from desk.macros import filled, open_blanks
from tests.desk.test_actions import texts
from tests.support.desk_app import DeskParts
from tests.support.desk_client import Browser, LogIn
from tests.support.desk_seed import MARIA, Seeder

# of template engines and format strings (CVE-2024-27516 and kin): all must come out as they went in
HOSTILE = [
    "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{0.__class__}", "{contact.__class__}", "%s%n%x", "%(company)s",
    "{company}", "{order.number}", "\\1\\g<0>", "{{config}}", "{% raw %}", "`id`",
    "<script>alert(1)</script>", "{", "}",
]  # fmt: skip
Ids = dict[str, int]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_is_put_in_as_it_is_and_not_looked_at_again(name: str) -> None:
    values = {"contact.name": name, "company": "Oslo", "order.number": "1"}
    assert filled("Dear {contact.name}, {company}", values) == f"Dear {name}, Oslo"


def test_what_is_not_known_stays_to_be_filled_in() -> None:
    text = filled("{contact.first_name}: {order.number}", {"contact.first_name": "Ana", "order.number": ""})
    assert text == "Ana: {order.number}"
    assert open_blanks(text) == ["order.number"]
    assert open_blanks("a {b} c {{7*7}} {}") == []
    assert open_blanks(" ".join(f"{{{name}}}" for name in VARIABLES)) == list(VARIABLES)


async def test_macros_come_filled_in_the_customer_s_language(elena: Browser, seeded: Ids) -> None:
    listed = (await elena.part(f"/desk/c/{seeded['maria']}/macros")).text
    assert "State of the order" in listed
    assert "Hola, María: soy Elena, de Oslo &amp; Co." in listed
    assert "Su pedido 100234 está ahora así: enviado en parte" in listed


async def test_without_the_erp_the_state_stays_a_blank(elena: Browser, parts: DeskParts, seeded: Ids) -> None:
    parts.erp.is_down = True
    listed = (await elena.part(f"/desk/c/{seeded['maria']}/macros")).text
    assert "Su pedido 100234 está ahora así: {order.state}" in listed


async def test_another_customer_s_order_is_never_put_in(elena: Browser, parts: DeskParts, seeded: Ids) -> None:
    """Tom is another customer of the ERP: not even the number in his hand-off opens María's order."""
    parts.erp.orders = [order for order in parts.erp.orders if order.customer_id == "C-1001"]
    listed = (await elena.part(f"/desk/c/{seeded['tom']}/macros")).text
    assert "{order.state}" in listed


async def test_a_blank_is_not_sent(elena: Browser, sessions: Sessions, seeded: Ids) -> None:
    before = await texts(sessions, seeded["maria"])
    answer = await elena.post(f"/desk/c/{seeded['maria']}/reply", text="Su pedido {order.number}")
    assert answer.status_code == 422
    assert "A blank is still open" in answer.text
    fields = {"disposition": "resolved", "text": "Su pedido {order.number}"}
    assert (await elena.post(f"/desk/c/{seeded['maria']}/close", **fields)).status_code == 422
    assert await texts(sessions, seeded["maria"]) == before


async def says(parts: DeskParts, text: str) -> None:
    async with unit_of_work(parts.sessions) as session:
        await Seeder(session, parts.now(), await inbox_ids(session), 700 + len(text)).says(MARIA, text, 0)


async def test_a_passage_that_answers_is_offered_with_its_source_and_not_sent(
    elena: Browser, parts: DeskParts, seeded: Ids
) -> None:
    await says(parts, "¿Entregan el sábado?")
    before = await texts(parts.sessions, seeded["maria"])
    offered = (await elena.part(f"/desk/c/{seeded['maria']}/suggestions")).text
    assert "Entrega en sábado" in offered
    assert "from delivery" in offered
    assert 'data-inserts="Entregamos también los sábados por la mañana, sin coste."' in offered
    assert await texts(parts.sessions, seeded["maria"]) == before


async def test_nothing_is_offered_where_nothing_answers_or_nobody_asks(
    elena: Browser, parts: DeskParts, seeded: Ids
) -> None:
    path = f"/desk/c/{seeded['maria']}/suggestions"
    await says(parts, "Hola")
    assert (await elena.part(path)).text.strip() == ""
    await says(parts, "¿Y el sábado, no?")
    await elena.post(f"/desk/c/{seeded['maria']}/close", disposition="resolved")
    assert (await elena.part(path)).text.strip() == ""


async def found(browser: Browser, typed: str) -> str:
    return (await browser.http.get("/desk/find", params={"q": typed}, headers={"HX-Request": "true"})).text


@pytest.mark.parametrize("typed", ["maría", "LÓPEZ", "tom.walsh@", "соколов"])
async def test_conversations_are_found_by_name_and_address(elena: Browser, seeded: Ids, typed: str) -> None:
    assert "/desk/c/" in await found(elena, typed)


@pytest.mark.parametrize("typed", ["", "%", "_", "\\", "nobody", "%' or '1'='1"])
async def test_what_names_nobody_finds_nobody(elena: Browser, seeded: Ids, typed: str) -> None:
    assert "/desk/c/" not in await found(elena, typed)


async def test_nobody_finds_what_they_may_not_see(log_in: LogIn, seeded: Ids) -> None:
    assert "/desk/c/" not in await found(await log_in("other"), "maría")
    assert "/desk/c/" in await found(await log_in("grace"), "maría")
