"""States from quantities, and what may be asked of an ERP."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.erp.port import (
    Fulfilment,
    Headline,
    Invoice,
    Money,
    OrderLine,
    Payment,
    Shipment,
    ShipmentStatus,
    Stage,
)  # fmt: skip
from crm_core.erp.quantities import (
    clean_email,
    clean_ref,
    clean_text,
    fulfilment,
    invoice_status,
    masked_email,
    parse_decimal,
    payment,
    phone_key,
    same_phone,
)  # fmt: skip
from tests.support.erp import line, order


def parcel(status: ShipmentStatus, *, is_return: bool = False) -> Shipment:
    return Shipment("1", "1", status, is_return=is_return)


def invoice(status: Payment, *, is_credit: bool = False) -> Invoice:
    return Invoice("1", "1", status, Money(Decimal(10), "EUR"), Money(Decimal(5), "EUR"), is_credit=is_credit)


PLANNED, PICKING, SHIPPED = ShipmentStatus.PLANNED, ShipmentStatus.PICKING, ShipmentStatus.SHIPPED
DELIVERED, CANCELLED, LOST = ShipmentStatus.DELIVERED, ShipmentStatus.CANCELLED, ShipmentStatus.EXCEPTION


@pytest.mark.parametrize(("lines", "parcels", "expected"), [
    ([], [], Fulfilment.NOT_APPLICABLE),
    ([line(1, is_service=True)], [], Fulfilment.NOT_APPLICABLE),
    ([line(0)], [], Fulfilment.NOT_APPLICABLE),
    ([line(2)], [], Fulfilment.NOT_STARTED),
    ([line(2)], [PLANNED], Fulfilment.NOT_STARTED),
    ([line(2)], [PICKING], Fulfilment.IN_PROGRESS),
    ([line(4, 2)], [SHIPPED, PICKING], Fulfilment.PARTIAL),
    ([line(2, 2), line(1)], [SHIPPED], Fulfilment.PARTIAL),
    ([line(2, 2), line(1, is_service=True)], [SHIPPED], Fulfilment.SHIPPED),
    ([line(2, 3)], [], Fulfilment.SHIPPED),
    ([line(2, 2)], [DELIVERED, SHIPPED], Fulfilment.SHIPPED),
    ([line(2, 2)], [DELIVERED, CANCELLED], Fulfilment.DELIVERED),
    ([line(4, 2)], [DELIVERED], Fulfilment.PARTIAL),
    ([line(4, 4, 1)], [SHIPPED], Fulfilment.SHIPPED),
    ([line(4, 4, 4)], [DELIVERED], Fulfilment.RETURNED),
    ([line(4, 4)], [LOST], Fulfilment.EXCEPTION),
])  # fmt: skip
def test_quantities_tell_where_the_goods_are(
    lines: list[OrderLine], parcels: list[ShipmentStatus], expected: Fulfilment
) -> None:
    assert fulfilment(lines, [parcel(status) for status in parcels]) is expected


def test_goods_on_their_way_back_are_no_delivery() -> None:
    assert fulfilment([line(1, 1)], [parcel(SHIPPED), parcel(DELIVERED, is_return=True)]) is Fulfilment.SHIPPED
    assert fulfilment([line(1, 1)], [parcel(DELIVERED), parcel(LOST, is_return=True)]) is Fulfilment.DELIVERED


PAID, UNPAID, PART, BACK = Payment.PAID, Payment.UNPAID, Payment.PARTIAL, Payment.REFUNDED


@pytest.mark.parametrize(("states", "expected"), [
    ([], Payment.NOT_INVOICED), ([UNPAID], UNPAID), ([UNPAID, UNPAID], UNPAID), ([PAID, UNPAID], PART),
    ([PART], PART), ([PAID, PAID], PAID), ([BACK], BACK), ([BACK, PAID], PAID), ([BACK, UNPAID], UNPAID),
    ([Payment.UNKNOWN], Payment.UNKNOWN), ([Payment.UNKNOWN, PAID], PAID),
])  # fmt: skip
def test_invoices_tell_where_the_money_is(states: list[Payment], expected: Payment) -> None:
    assert payment([invoice(state) for state in states]) is expected


def test_a_credit_note_is_no_invoice() -> None:
    assert payment([invoice(PAID, is_credit=True)]) is Payment.NOT_INVOICED


@pytest.mark.parametrize(("owed", "expected"), [("0", PAID), ("-1", PAID), ("10", UNPAID), ("0.01", PART)])
def test_an_invoice_is_judged_by_what_is_owed(owed: str, expected: Payment) -> None:
    assert invoice_status(Decimal(10), Decimal(owed)) is expected
    assert invoice_status(Decimal(10), Decimal(owed), refunded=True) is BACK


def test_every_headline_can_be_reached_and_every_combination_has_one() -> None:
    reached = {order(stage=stage, fulfilment=goods).headline for stage, goods in product(Stage, Fulfilment)}
    assert reached == set(Headline)


@pytest.mark.parametrize(("stage", "goods", "headline"), [
    (Stage.CANCELLED, Fulfilment.EXCEPTION, Headline.CANCELLED),
    (Stage.ON_HOLD, Fulfilment.SHIPPED, Headline.SHIPPED),
    (Stage.ON_HOLD, Fulfilment.PARTIAL, Headline.ON_HOLD),
    (Stage.CLOSED, Fulfilment.DELIVERED, Headline.DELIVERED),
    (Stage.CLOSED, Fulfilment.NOT_STARTED, Headline.COMPLETED),
    (Stage.UNKNOWN, Fulfilment.UNKNOWN, Headline.UNKNOWN),
    (Stage.UNKNOWN, Fulfilment.PARTIAL, Headline.PARTIALLY_SHIPPED),
])  # fmt: skip
def test_the_first_rule_makes_the_headline(stage: Stage, goods: Fulfilment, headline: Headline) -> None:
    assert order(stage=stage, fulfilment=goods).headline is headline


@pytest.mark.parametrize(("ref", "cleaned"), [
    ("100234", "100234"), (" #100234 ", "100234"), ("№ 100234", "100234"), ("SO-2026/17.b_1", "SO-2026/17.b_1"),
    ("ЗК-17", "ЗК-17"), ("", None), ("#", None), ("a b", None), ("a'b", None), ("a%", None), ("a\n", "a"),
    ("a\nb", None), ("1" * 40, "1" * 40), ("1" * 41, None), (" " * 500 + "1", None),
])  # fmt: skip
def test_references_are_cleaned_or_refused(ref: str, cleaned: str | None) -> None:
    assert clean_ref(ref) == cleaned


@given(st.text())
def test_whatever_is_typed_a_cleaned_reference_is_harmless(ref: str) -> None:
    cleaned = clean_ref(ref)
    assert cleaned is None or (cleaned and not set(cleaned) & set("'\"%*;()<>\\ \n\0"))


@given(st.text())
def test_whatever_is_typed_a_cleaned_address_is_harmless(email: str) -> None:
    cleaned = clean_email(email)
    assert cleaned is None or ("@" in cleaned and not set(cleaned) & set("'\"%*;()<>\\ \n\0"))


@pytest.mark.parametrize("email", ["a" * 200_000, "a@" + "a." * 100_000, "@" * 100_000, "a@" + "-" * 100_000])
def test_long_input_is_no_address(email: str) -> None:
    assert clean_email(email) is None


@pytest.mark.parametrize(("one", "other"), [
    ("+34 612 345 678", "612345678"), ("+34 612 345 678", "0034-612-345-678"),
    ("+7 495 555-01-02", "8 (495) 555 01 02"),
    ("+44 20 7946 0000", "020 7946 0000"), ("+45 12 34 56 78", "12345678"), ("+39 06 1234 5678", "06 12345678"),
    ("+49 30 123456", "030 123456"),
])  # fmt: skip
def test_spellings_of_one_number_are_the_same(one: str, other: str) -> None:
    assert same_phone(one, other)
    assert phone_key(one) == phone_key(other)


@pytest.mark.parametrize(("one", "other"), [
    ("+34 612 345 678", "+44 612 345 678"), ("+34 612 345 678", "612345679"), ("+34 612 345 678", "5678"),
    ("+34 612 345 678", ""), ("", ""), ("+34 612 345 678", "+34 612 345 678 or 1=1"),
])  # fmt: skip
def test_other_numbers_are_not(one: str, other: str) -> None:
    assert not same_phone(one, other)


@pytest.mark.parametrize(("text", "value"), [
    ("1234.50", "1234.50"), ("1234,50", "1234.50"), ("1.234,50", "1234.50"), ("1,234.50", "1234.50"),
    ("1 234,50", "1234.50"), ("1\u00a0234,50", "1234.50"), ("-3", "-3"), ("", None), ("€3", None), ("NaN", None),
    ("Infinity", None), ("1,234,567.00", "1234567.00"), ("1.2.3", None),
])  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, value: str | None) -> None:
    assert parse_decimal(text) == (None if value is None else Decimal(value))


def test_free_text_loses_control_characters_only() -> None:
    assert clean_text(" Стул\x00 сломан\x1b[31m\nquebrada ") == "Стул сломан[31m\nquebrada"


def test_a_masked_address_shows_its_first_letter_and_domain() -> None:
    assert masked_email("maria.lopez@example.com") == "m•••@example.com"
