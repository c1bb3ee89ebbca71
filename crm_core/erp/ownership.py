"""Whose order is it: proof by a contact on file, with one answer for "not found" and "not yours"."""

from dataclasses import dataclass

from crm_core.erp.port import Customer, Erp, Order
from crm_core.erp.quantities import clean_email, clean_ref, masked_email, phone_digits, same_phone, same_text
from crm_core.erp.query import OrderQuery, ProofUnderWay, VerifiedBuyer

LAST_DIGITS = 4
NOBODY = "0"  # asked for in place of a customer we do not have, so that both ways cost the same


@dataclass(frozen=True, slots=True)
class Proof:
    """Exactly one of e-mail, telephone (any formatting) and the last four digits of the telephone."""

    email: str | None = None
    phone: str | None = None
    phone_last4: str | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.email, self.phone, self.phone_last4)) != 1:
            raise ValueError("a proof is exactly one of email, phone and phone_last4")


@dataclass(frozen=True, slots=True)
class Proven:
    """An order, and the customer who has shown that it is theirs."""

    customer: Customer
    order: Order


@dataclass(frozen=True, slots=True)
class OrderContact:
    """Where a code for an order may be sent; only `masked_email` may be shown."""

    customer_id: str
    email: str
    masked_email: str
    language: str | None


async def prove_ownership(erp: Erp, order_ref: str, proof: Proof) -> Proven | None:
    """None for an unknown order, another's order and a wrong proof alike: two calls of the ERP each time."""
    ref = clean_ref(order_ref)
    if ref is None:
        return None
    if proof.phone_last4 is not None:
        return await _proven_by_order(erp, ref, proof)
    return await _proven_by_customer(erp, ref, proof)


async def customers_with(erp: Erp, proof: Proof) -> list[Customer]:
    """Everybody with this e-mail or telephone; a connector may search loosely, so what it found is compared again."""
    found = await erp.find_customers(email=proof.email, phone=proof.phone)
    return [customer for customer in found if _matches(customer, proof)]


async def _proven_by_customer(erp: Erp, ref: str, proof: Proof) -> Proven | None:
    """The customer first, so that the owner guard of the ERP's own query holds as well."""
    owners = await customers_with(erp, proof)
    proven: Proven | None = None
    for customer in owners or [Customer(NOBODY, "")]:
        order = await erp.get_order(OrderQuery(ref, VerifiedBuyer(customer.id)))
        if owners and proven is None and order is not None and order.customer_id == customer.id:
            proven = Proven(customer, order)
    return proven


async def _proven_by_order(erp: Erp, ref: str, proof: Proof) -> Proven | None:
    order = await erp.get_order(OrderQuery(ref, ProofUnderWay()))
    customer = await erp.get_customer(order.customer_id if order else NOBODY)
    if order is None or customer is None or not _matches(customer, proof):
        return None
    return Proven(customer, order)


def _matches(customer: Customer, proof: Proof) -> bool:
    """Every contact is compared, whatever the first one says."""
    if proof.email is not None:
        email = clean_email(proof.email)
        return email is not None and sum(same_text(email, known.strip().lower()) for known in customer.emails) > 0
    if proof.phone is not None:
        return sum(same_phone(proof.phone, known) for known in customer.phones) > 0
    wanted = (proof.phone_last4 or "").strip()
    if len(wanted) != LAST_DIGITS or not wanted.isdecimal():
        return False
    return sum(same_text(wanted, (phone_digits(known) or "")[-LAST_DIGITS:]) for known in customer.phones) > 0


async def order_contact(erp: Erp, order_ref: str) -> OrderContact | None:
    """The address on file for an order; None when there is no such order, or no address."""
    ref = clean_ref(order_ref)
    if ref is None:
        return None
    order = await erp.get_order(OrderQuery(ref, ProofUnderWay()))
    customer = await erp.get_customer(order.customer_id if order else NOBODY)
    email = next((known for known in map(clean_email, customer.emails) if known), None) if customer else None
    if customer is None or email is None:
        return None
    return OrderContact(customer.id, email, masked_email(email), customer.language)
