"""Reports that one of our letters did not arrive (RFC 3464)."""

import re
from collections.abc import Iterator

from channels.email_address import canonical
from channels.email_letter import Letter, Report
from channels.email_rules import Envelope, MailboxRules, tags_of
from crm_core.contracts import Address, AddressKind, DeliveryState, DeliveryUpdate, Incoming, MessageId, Reachability

ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463
PASSING = ("5.2.2", "5.2.3", "5.3.4", "5.7.")  # full, too large, refused for its content: the address is good


def bounced_message(letter: Letter, rules: MailboxRules, envelope: Envelope) -> MessageId | None:
    """Ours that came back: by the address it came back to, else by its Message-ID among the returned headers."""
    by_address = next((found for tag in tags_of(letter, envelope) if (found := rules.ids.in_bounce_tag(tag))), None)
    return by_address or rules.ids.in_message_ids([*letter.report.about] if letter.report else [])


def is_final(report: Report) -> bool:
    return report.action == "failed"


def failure_of(message_id: MessageId, report: Report) -> Iterator[Incoming]:
    """Of a lasting failure (5.x.x) the address is to be told as well: nothing more is sent there."""
    status = report.status if ENHANCED.fullmatch(report.status) else ""
    yield DeliveryUpdate(DeliveryState.FAILED, message_id=message_id, code=f"bounced_{status}" if status else "bounced")
    address = canonical(report.recipient)
    if status.startswith("5.") and not status.startswith(PASSING) and address:
        bad = Address(AddressKind.MAILTO, address)
        yield Reachability(bad, is_reachable=False, reason=f"bounced_{status}", message_id=message_id)
