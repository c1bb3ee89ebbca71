"""Who wrote a message, as far as anything proves it: order data is told to nobody else."""

from sqlalchemy import RowMapping

from bot.dialogue.context import VerifiedCustomer
from crm_core.erp.port import Erp
from crm_core.errors import ErpError

SENDER = "sender"  # how it was proven: the mail server vouches for the address, and the ERP knows whose it is


async def known_customer(
    erp: Erp, head: RowMapping, *, is_unverified: bool, answers_us: bool
) -> VerifiedCustomer | None:
    """The customer behind a message of this conversation; None when they must prove it.

    What this conversation has proven holds for whoever answers our own letters, which went to the customer. A sender
    that nothing vouches for is nobody, whatever is known of the address they claim; and what was proven in an earlier
    conversation does not vouch for this one.
    """
    if is_unverified:
        return _proven_here(head) if answers_us else None
    if head["customer_ref"] or head["contact_ref"]:
        return _proven_here(head) or VerifiedCustomer(head["contact_ref"], "channel")
    is_proven = head["address_verified_at"] is not None and head["address_verified_at"] >= head["opened_at"]
    return await _by_address(erp, head["address_uri"]) if is_proven else None


def _proven_here(head: RowMapping) -> VerifiedCustomer | None:
    return VerifiedCustomer(head["customer_ref"], head["verified_how"] or "channel") if head["customer_ref"] else None


async def _by_address(erp: Erp, uri: str | None) -> VerifiedCustomer | None:
    """Only when it is the address of exactly one customer."""
    kind, _, address = (uri or "").partition(":")
    if kind != "mailto":
        return None
    try:
        found = await erp.find_customers(email=address, limit=2)
    except ErpError:
        return None
    return VerifiedCustomer(found[0].id, SENDER, found[0].name) if len(found) == 1 else None
