"""Proving whose order it is: what the channel shows, then a contact on file, or a code sent to the address on file."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from bot.dialogue.context import Context, VerifiedCustomer
from bot.dialogue.memory import Code
from crm_core.contracts import AddressKind
from crm_core.erp.ownership import Proof, customers_with, order_contact, prove_ownership
from crm_core.erp.port import Customer
from crm_core.events import EventKind

MOST_WRONG_PROOFS, MOST_CODE_TRIES = 3, 5
CODE_VALID = timedelta(minutes=10)
PROVEN, WRONG, EXHAUSTED, SENT = "proven", "wrong", "exhausted", "sent"


async def identify(context: Context) -> None:
    """The one ERP customer behind what the channel proved: a signed-in e-mail, a caller's number. Several are none."""
    if context.customer is not None:
        return
    found = {customer.id: customer for uri in context.proven for customer in await _customers_at(context, uri)}
    if len(found) == 1:
        (customer,) = found.values()
        context.verify(VerifiedCustomer(customer.id, "channel", customer.name))


async def _customers_at(context: Context, uri: str) -> list[Customer]:
    kind, _, value = uri.partition(":")
    if kind == AddressKind.MAILTO:
        return await customers_with(context.services.erp, Proof(email=value))
    return await customers_with(context.services.erp, Proof(phone=value)) if kind == AddressKind.TEL else []


async def prove(context: Context) -> str:
    """Try the `proof` slot on the `order_number` slot. One answer for “no such order” and “not yours”."""
    memory = context.memory
    ref, given = memory.slots["order_number"], memory.slots.pop("proof")
    if given == "send_code":
        await _send_code(context, ref)
        return SENT
    if await _limited(context, ref, given):
        return EXHAUSTED
    proven = await prove_ownership(context.services.erp, ref, _proof(given))
    if proven is None:
        return _refuse(context, ref, given)
    how = f"order_{given.partition(':')[0]}"
    context.verify(VerifiedCustomer(proven.customer.id, how, proven.customer.name))
    context.order = proven.order
    return PROVEN


def _proof(given: str) -> Proof:
    kind, _, value = given.partition(":")
    if kind == "email":
        return Proof(email=value)
    return Proof(phone=value) if kind == "phone" else Proof(phone_last4=value)


def _counted(context: Context, ref: str, given: str) -> list[tuple[str, str]]:
    """What tries are counted by: the order, who asks, and an address that is tried on one order after the other."""
    subjects = [("order", ref), ("contact", str(context.contact_id))]
    # four digits are many people's: to count them would lock out those who have them by chance
    return subjects if given.startswith("digits4:") else [*subjects, ("address", given)]


async def _limited(context: Context, ref: str, given: str) -> bool:
    if context.memory.wrong_proofs >= MOST_WRONG_PROOFS:
        return True
    return any([await context.too_many(*subject) for subject in _counted(context, ref, given)])


def _refuse(context: Context, ref: str, given: str) -> str:
    memory = context.memory
    memory.wrong_proofs += 1
    for subject in _counted(context, ref, given):
        context.note_attempt(*subject)
    context.happened(EventKind.IDENTITY_REFUSED, tries=memory.wrong_proofs)
    if memory.wrong_proofs >= MOST_WRONG_PROOFS:
        return EXHAUSTED
    context.say("proof_wrong", number=ref)
    return WRONG


async def _send_code(context: Context, ref: str) -> None:
    """The same words whether or not there is such an order, and a code to check either way."""
    contact = await order_contact(context.services.erp, ref)
    code = f"{secrets.randbelow(1_000_000):06d}"
    expires = context.now + CODE_VALID
    customer_id = contact.customer_id if contact else None
    context.memory.code = Code(_digest(context, code), customer_id, expires.timestamp())
    context.memory.slots.pop("code", None)
    if contact is not None:
        spaced = f"{code[:3]} {code[3:]}"
        company = context.services.business.company.name
        context.caused.letters.append({
            "to": contact.email, "language": context.language,
            "subject": context.text("code_subject", company=company, code=spaced),
            "text": context.text("code_letter", company=company, code=spaced),
        })  # fmt: skip


def _digest(context: Context, code: str) -> str:
    content = f"{context.conversation_id}:{code}".encode()
    return hmac.digest(context.services.key, content, hashlib.sha256).hex()


async def check_code(context: Context) -> str:
    """Compare the `code` slot; five tries, ten minutes."""
    memory = context.memory
    given, code = memory.slots.pop("code"), memory.code
    if code is None or context.now.timestamp() > code.expires_at or code.tries >= MOST_CODE_TRIES:
        memory.code = None
        return EXHAUSTED
    code.tries += 1
    if not hmac.compare_digest(code.digest, _digest(context, given)) or code.customer_id is None:
        context.happened(EventKind.IDENTITY_REFUSED, tries=code.tries, how="code")
        context.say("code_wrong")
        return EXHAUSTED if code.tries >= MOST_CODE_TRIES else WRONG
    memory.code = None
    context.verify(VerifiedCustomer(code.customer_id, "email_code"))
    return PROVEN
