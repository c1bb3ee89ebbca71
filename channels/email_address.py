"""Mailboxes as people write them, and the one canonical form that is stored."""

import re
from collections.abc import Callable
from email.errors import HeaderParseError
from email.headerregistry import Address as MailAddress
from email.utils import getaddresses

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
READABLE = re.compile(r"[^\s\x00-\x1f\x7f\ud800-\udfff\"()<>,:;\[\\\]@]{1,64}@([\w-]{1,63}\.){0,8}[\w-]{1,63}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
TURNED = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
LONGEST_HEADER = 4_000  # of an address header that is looked into: RFC 5322 section 2.1.1 allows lines of 998
LONGEST_NAME = 120


class BadAddress(ValueError):
    """Not one plain mailbox: nothing may be sent there."""


def mailbox(address: str, name: str = "") -> MailAddress:
    """One plain ASCII mailbox. Raises BadAddress for anything a header or an envelope could misread."""
    if not ADDRESS.fullmatch(address) or address.endswith(".invalid"):
        raise BadAddress
    try:
        return MailAddress(display_name=one_line(name), addr_spec=address)
    except (ValueError, HeaderParseError) as error:
        raise BadAddress from error


def one_line(text: str) -> str:
    """Without anything that could start another header."""
    return CONTROL.sub(" ", text).strip()


def shown_name(text: str) -> str:
    """A display name without what turns or hides its letters; one that looks like an address is none."""
    name = TURNED.sub("", one_line(text))[:LONGEST_NAME].strip(" \"'")
    return "" if "@" in name else name


def addresses_in(values: list[str], decode: Callable[[str], str] = str) -> list[tuple[str, str]]:
    """Display name and canonical address of each mailbox in these headers; what is none is left out.

    Names are decoded after the header is taken apart: an encoded name may hold what looks like an address.
    """
    short = [CONTROL.sub(" ", value)[:LONGEST_HEADER] for value in values]
    try:
        pairs = getaddresses(short)
    except RecursionError:  # comments within comments
        return []
    found = ((shown_name(decode(name)), canonical(address)) for name, address in pairs)
    return [(name, address) for name, address in found if address]


def canonical(address: str) -> str:
    """In lower case; empty for what is no address."""
    lowered = address.strip().strip("<>").lower()
    return lowered if READABLE.fullmatch(lowered) else ""


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def without_tag(address: str) -> str:
    """`support+x@oslo.example` as `support@oslo.example` (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def tag_of(address: str) -> str:
    return address.rpartition("@")[0].partition("+")[2]
