"""Card numbers are masked in every spelling, other numbers are left, and the database never holds one."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text as sql

from crm_core.agent_work import add_note, reply
from crm_core.cards import payload_without_card_numbers, without_card_numbers
from crm_core.contracts import Attachment, Identity, Inbound
from nlu.entities import found_entities
from nlu.shapes import Shapes
from tests.support.factories import Centre, visitor

CARD = "4111 1111 1111 1111"
MASKED = "•••• •••• •••• 1111"
WRITTEN = (
    CARD,
    "4111-1111-1111-1111",
    "4111111111111111",
    "41111111 11111111",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "4111\u00a01111\u202f1111\u20131111",
    "411 1111 1111 11111",
    "４１１１ １１１１ １１１１ １１１１",
    "٤١١١١١١١١١١١١١١١",
)
OTHERS = {
    "3782 822463 10005": "0005",
    "378282246310005": "0005",
    "5555 5555 5555 4444": "4444",
    "2200 0000 0000 0004": "0004",
    "6304 0000 0000 0000 000": "0000",
    "4222222222222": "2222",
}
NOT_CARDS = (
    "4111 1111 1111 1112",
    "order 100234 100235 100236",
    "8 (912) 345-67-89, 8 (912) 345-67-90",
    "+34 612 345 678 and +52 1 55 1234 5678",
    "tracking 80084012345678",
    "IBAN ES91 2100 0418 4502 0005 1332",
    "DE89370400440532013000",
    "0000 0000 0000 0000",
    "25.11.2026 25.11.2026",
    "1" * 40,
)


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("around", ["{}", "my card: {}.", "карта {} до 12/29", "Visa{}, ok?", "{} 12 29 123"])
def test_every_spelling_is_masked_wherever_it_stands(written: str, around: str) -> None:
    if written.startswith("411 ") and around.endswith("123"):
        return  # groups of no card are believed only when no digits stand beside them
    assert without_card_numbers(around.format(written)) == around.format(MASKED)


@pytest.mark.parametrize(("written", "last"), OTHERS.items())
def test_cards_of_other_lengths_keep_their_last_four(written: str, last: str) -> None:
    assert without_card_numbers(written) == f"•••• •••• •••• {last}"


@pytest.mark.parametrize("written", NOT_CARDS)
def test_other_numbers_are_left_alone(written: str) -> None:
    assert without_card_numbers(written) == written


@pytest.mark.parametrize("written", [*WRITTEN, *OTHERS, *NOT_CARDS])
def test_the_understanding_finds_exactly_what_is_masked(written: str) -> None:
    found = found_entities(written, language="en", shapes=Shapes(), today=date(2026, 11, 23))
    assert any(entity.kind == "card_number" for entity in found) == (without_card_numbers(written) != written)


def test_a_masked_number_is_not_masked_again() -> None:
    assert without_card_numbers(MASKED) == MASKED


def test_a_check_without_luhn_would_be_noticed() -> None:
    """What the tests above must tell apart: this broken variant masks a number that is no card."""
    assert re.sub(r"\d(?:[ -]?\d){12,18}", MASKED, NOT_CARDS[0]) != without_card_numbers(NOT_CARDS[0])


def test_a_variant_that_knows_only_plain_digits_would_be_noticed() -> None:
    assert all(re.sub(r"[0-9]{16}", "", written) == written for written in (CARD, WRITTEN[-1], WRITTEN[-2]))


def test_a_payload_without_cards_keeps_every_byte() -> None:
    for raw in (b'{"text" : "hello", "id": 4111111111111111}', b"\x00raw\xff", b"", b"[" * 100_000):
        assert payload_without_card_numbers(raw) == raw


def test_a_payload_stays_json_and_binary_stays_binary() -> None:
    escaped = json.dumps({"said": ["٤١١١١١١١١١١١١١١١"]}).encode()
    assert json.loads(payload_without_card_numbers(escaped)) == {"said": [MASKED]}
    assert payload_without_card_numbers(b"\xff " + CARD.encode() + b"\x00") == b"\xff " + MASKED.encode() + b"\x00"


async def test_no_column_of_the_database_holds_a_card_number(centre: Centre) -> None:
    said = Inbound(
        "m-card", visitor("carla"), f"Charge {CARD}", subject=f"Card {CARD}", choice=CARD, raw=CARD.encode(),
        identity=Identity(name=CARD), attachments=(Attachment(f"{CARD}.pdf", "application/pdf", b"x", "token"),),
    )  # fmt: skip
    conversation_id = await centre.assigned("elena")
    await centre.deliver(said)
    await centre.deliver(replace(said, external_id="m-json", raw=json.dumps({"text": CARD}).encode()))
    async with centre.work() as session:
        await reply(session, centre.now, centre.reach("elena"), conversation_id, f"You wrote {CARD}")
        await add_note(session, centre.now, centre.reach("elena"), conversation_id, f"Card {CARD}")
    assert await _rows_with(centre, MASKED) >= {"message", "conversation", "inbound_payload", "attachment"}
    assert await _rows_with(centre, CARD) == set()


async def _rows_with(centre: Centre, wanted: str) -> set[str]:
    """The tables with `wanted` in any column, files and JSON too."""
    found = set()
    async with centre.work() as session:
        tables = (
            await session.scalars(sql("select tablename from pg_tables where schemaname = current_schema()"))
        ).all()
        for table in tables:
            rows = await session.execute(sql(f'select * from "{table}"'))
            if any(wanted in _written(cell) for row in rows for cell in row):
                found.add(table)
    return found


def _written(cell: object) -> str:
    if isinstance(cell, bytes | memoryview):
        return bytes(cell).decode("utf-8", errors="replace")
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, dict | list) else str(cell)
