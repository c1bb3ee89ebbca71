"""Customers, orders and import reports as lines of text for the terminal."""

from collections.abc import Iterator, Sequence

from crm_core.erp.diagnosis import Tried
from crm_core.erp.extraction import Progress
from crm_core.erp.importer import FileReport
from crm_core.erp.port import Customer, Invoice, Order, OrderLine, Shipment


def report_text(report: FileReport) -> str:
    head = f"{report.file}: {report.new} new, {report.updated} updated, {report.refused} refused"
    if report.kind is None:
        head = f"{report.file}: not imported"
    return "\n".join([head, *(f"  {problem}" for problem in report.problems)])


def diagnosis_text(heading: str, tried: Sequence[Tried]) -> str:
    lines = [heading]
    for one in tried:
        lines.append(f"  {one.question:<48}{one.state}")
        lines += [f"    → {one.remedy}"] if one.remedy else []
    return "\n".join(lines)


def customer_text(customer: Customer) -> str:
    parts = (customer.id, customer.name, customer.language or "-", *customer.emails, *customer.phones)
    return "  ".join([*parts, *(["BLOCKED"] if customer.blocked else [])])


def progress_text(progress: Progress) -> str:
    return f"{progress.source}  {progress.kind:<10}{progress.items:>8}{'  done' if progress.is_finished else ''}"


def order_text(order: Order) -> str:
    return "\n".join(_order_lines(order))


def _order_lines(order: Order) -> Iterator[str]:
    yield f"{order.number}  {order.headline}  customer {order.customer_id}"
    yield f"  stage {order.stage}, goods {order.fulfilment}, money {order.payment}"
    total = f", total {order.total.amount} {order.total.currency}" if order.total else ""
    yield f"  ordered {order.ordered_on or '-'}, promised {order.promised_on or '-'}{total}"
    yield from map(_line_text, order.lines)
    yield from map(_shipment_text, order.shipments)
    yield from map(_invoice_text, order.invoices)


def _line_text(line: OrderLine) -> str:
    state = "" if line.is_service else f"  shipped {line.shipped:f}, returned {line.returned:f}"
    promised = f", the rest promised {line.promised_on}" if line.promised_on and line.remaining else ""
    return f"  {line.ordered:f} × {line.description}{state}{promised}"


def _shipment_text(shipment: Shipment) -> str:
    sort = "return" if shipment.is_return else "shipment"
    days = f"shipped {shipment.shipped_on or '-'}, expected {shipment.expected_on or '-'}"
    carrier = f", {shipment.carrier} {shipment.tracking or ''}".rstrip() if shipment.carrier else ""
    return f"  {sort} {shipment.number}  {shipment.status}  {days}{carrier}"


def _invoice_text(invoice: Invoice) -> str:
    sort = "credit note" if invoice.is_credit else "invoice"
    total = f"{invoice.total.amount} {invoice.total.currency}"
    return f"  {sort} {invoice.number}  {invoice.status}  {total}, open {invoice.open_amount.amount}"
