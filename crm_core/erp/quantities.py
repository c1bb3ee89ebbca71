"""Pure rules of orders: states from quantities and invoices, and what may be asked of an ERP at all."""

import hmac
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import phonenumbers

from crm_core.erp.port import Fulfilment, Invoice, Money, OrderLine, Payment, Shipment, ShipmentStatus

REF_LIMIT = 40
EMAIL_LIMIT = 254  # RFC 5321, 4.5.3.1.3
TEXT_LIMIT = 4000
PHONE_DIGITS = range(7, 16)  # E.164 allows 15; below 7 a number would match too many people
PHONE_KEY_DIGITS = 9  # long enough to be unique, short enough to leave out +34, 8 and 0

# single character classes without repetition inside repetition: linear in the length of the input
_REF = re.compile(r"\w[\w\-./]*")
_EMAIL = re.compile(r"[\w.!#$&+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"[+0-9()\-./\s]+")
_CURRENCY = re.compile(r"[A-Z]{3}")


def fulfilment(lines: Sequence[OrderLine], shipments: Sequence[Shipment]) -> Fulfilment:
    """From what was really shipped; headers lie (a return re-opens them, a cancelled picking closes them)."""
    outgoing = [parcel for parcel in shipments if not parcel.is_return]
    if any(parcel.status is ShipmentStatus.EXCEPTION for parcel in outgoing):
        return Fulfilment.EXCEPTION
    by_lines = _fulfilment_of_lines([line for line in lines if line.ordered > 0 and not line.is_service])
    if by_lines is Fulfilment.SHIPPED and _all_arrived(outgoing):
        return Fulfilment.DELIVERED
    handled = {ShipmentStatus.PICKING, ShipmentStatus.READY}
    if by_lines is Fulfilment.NOT_STARTED and any(parcel.status in handled for parcel in outgoing):
        return Fulfilment.IN_PROGRESS
    return by_lines


def _fulfilment_of_lines(goods: Sequence[OrderLine]) -> Fulfilment:
    if not goods:
        return Fulfilment.NOT_APPLICABLE
    if all(line.shipped > 0 and line.returned >= line.shipped for line in goods):
        return Fulfilment.RETURNED
    if all(line.shipped >= line.ordered for line in goods):
        return Fulfilment.SHIPPED
    return Fulfilment.PARTIAL if any(line.shipped > 0 for line in goods) else Fulfilment.NOT_STARTED


def _all_arrived(parcels: Sequence[Shipment]) -> bool:
    states = {parcel.status for parcel in parcels} - {ShipmentStatus.CANCELLED}
    return states == {ShipmentStatus.DELIVERED}


def payment(invoices: Sequence[Invoice]) -> Payment:
    """Of the whole order; credit notes and invoices in an unknown state do not count."""
    states = [invoice.status for invoice in invoices if not invoice.is_credit]
    known = [state for state in states if state is not Payment.UNKNOWN]
    if not known:
        return Payment.UNKNOWN if states else Payment.NOT_INVOICED
    alive = [state for state in known if state is not Payment.REFUNDED]
    if not alive:
        return Payment.REFUNDED
    if all(state is Payment.PAID for state in alive):
        return Payment.PAID
    return Payment.PARTIAL if {Payment.PAID, Payment.PARTIAL} & set(alive) else Payment.UNPAID


def invoice_status(total: Decimal, open_amount: Decimal, *, refunded: bool = False) -> Payment:
    if refunded:
        return Payment.REFUNDED
    if open_amount <= 0:
        return Payment.PAID
    return Payment.UNPAID if open_amount >= total else Payment.PARTIAL


def money(amount: Decimal | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)


def parse_decimal(text: str) -> Decimal | None:
    """`1234.50`, `1 234,50` and `1.234,50` alike; None when it is no plain number."""
    compact = re.sub(r"[\s'’]", "", text)
    if "," in compact and "." in compact:
        thousands = "," if compact.rfind(",") < compact.rfind(".") else "."
        compact = compact.replace(thousands, "")
    try:
        value = Decimal(compact.replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def is_currency(text: str) -> bool:
    return _CURRENCY.fullmatch(text) is not None


def clean_ref(ref: str) -> str | None:
    """What a person may call an order or an article; None for anything else, which never reaches the ERP."""
    bare = ref[: 4 * REF_LIMIT].strip().lstrip("#№").strip()
    return bare if len(bare) <= REF_LIMIT and _REF.fullmatch(bare) else None


def clean_email(email: str) -> str | None:
    """In small letters; None for what is no plain address (quotes, wildcards and spaces included)."""
    bare = email[: 2 * EMAIL_LIMIT].strip().lower()
    return bare if len(bare) <= EMAIL_LIMIT and _EMAIL.fullmatch(bare) else None


def clean_text(text: str) -> str:
    """Free text for the ERP: without control characters, cut to a length every ERP takes."""
    return "".join(c for c in text[:TEXT_LIMIT] if c.isprintable() or c in "\n\t").strip()


def phone_digits(phone: str) -> str | None:
    """Digits only, an international prefix 00 left out; None for what is no telephone number."""
    bare = phone[:60].strip()
    if not _PHONE.fullmatch(bare):
        return None
    digits = "".join(c for c in bare if c.isdigit()).removeprefix("00")
    return digits if len(digits) in PHONE_DIGITS else None


def phone_key(phone: str) -> str | None:
    """The end of the national number: what all spellings of it have in common."""
    digits = phone_digits(phone)
    if digits is None:
        return None
    national = _national(digits) if _is_international(phone) else digits.lstrip("0")
    return national[-PHONE_KEY_DIGITS:]


def same_phone(one: str, other: str) -> bool:
    """Whether two spellings may be one number; two full international numbers must agree in every digit."""
    first, second = phone_digits(one), phone_digits(other)
    if first is None or second is None:
        return False
    if _is_international(one) and _is_international(other):
        return same_text(first, second)
    return same_text(phone_key(one) or "", phone_key(other) or "-")


def _national(digits: str) -> str:
    try:
        return str(phonenumbers.parse(f"+{digits}").national_number)
    except phonenumbers.NumberParseException:
        return digits


def _is_international(phone: str) -> bool:
    return phone.strip().startswith(("+", "00"))


def same_text(one: str, other: str) -> bool:
    """In constant time for equal lengths."""
    return hmac.compare_digest(one.encode(), other.encode())


def masked_email(email: str) -> str:
    """`m•••@example.com`: enough to recognise one's own address, too little to learn it."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
