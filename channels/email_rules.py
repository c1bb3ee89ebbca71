"""What an inbox knows of itself, and what the servers tell of a mail beyond its headers."""

from collections.abc import Iterator
from dataclasses import dataclass

from channels.email_address import addresses_in, tag_of
from channels.email_ids import LetterIds
from channels.email_letter import Letter


@dataclass(frozen=True, slots=True)
class MailboxRules:
    """What one inbox knows of itself. `own_hops`: how many of our servers add a Received line."""

    address: str
    ids: LetterIds
    authserv_id: str | None = None
    own_hops: int = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who it was really sent by and to, where SMTP or LMTP says so."""

    sender: str | None = None
    recipients: tuple[str, ...] = ()


NO_ENVELOPE = Envelope()


def tags_of(letter: Letter, envelope: Envelope) -> Iterator[str]:
    """What stands behind the plus in the addresses it was sent to."""
    delivered = [address for _, address in addresses_in(letter.values("delivered-to"))]
    for address in (*envelope.recipients, *delivered, *letter.recipients):
        if tag := tag_of(address.lower()):
            yield tag
