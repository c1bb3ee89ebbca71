"""Invoices and payment of an order in words; only for a customer who has proven that it is theirs."""

from collections.abc import Iterator

from bot.dialogue.context import Context, VerifiedCustomer
from bot.dialogue.moments import money
from bot.dialogue.orders import as_of, called, day_of, require_owner
from crm_core.erp.port import Invoice, Money, Order, Payment

PAPERS = "invoice_copy"


def show_payment(context: Context, customer: VerifiedCustomer, order: Order) -> None:
    """Raises Forbidden for an order of somebody else."""
    require_owner(customer, order)
    context.memory.found = list(_sentences(context, order))
    context.say("joined", text=" ".join(context.memory.found))


def _sentences(context: Context, order: Order) -> Iterator[str]:
    yield context.text(f"payment_{order.payment}", number=called(context, order))
    if order.payment is not Payment.REFUNDED:
        yield from (_owed(context, bill) for bill in order.invoices if not bill.is_credit and bill.open_amount.amount)
    yield from (_credited(context, note) for note in order.invoices if note.is_credit)
    if context.memory.wants == PAPERS and order.invoices:
        yield context.text("invoice_paper")
    if order.stale:
        yield as_of(context, order)


def _owed(context: Context, bill: Invoice) -> str:
    amount = money(bill.open_amount, context.language)
    if bill.due_on is None:
        return context.text("payment_open", invoice=bill.number, amount=amount)
    return context.text("payment_due", invoice=bill.number, amount=amount, day=day_of(context, bill.due_on))


def _credited(context: Context, note: Invoice) -> str:
    """ERPs write what they give back with either sign."""
    amount = money(Money(abs(note.total.amount), note.total.currency), context.language)
    return context.text("payment_credit", invoice=note.number, amount=amount)
