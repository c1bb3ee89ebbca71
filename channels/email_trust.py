"""Whether the sender is who they say: only what our own border server noted counts (RFC 8601 section 5)."""

import re

from channels.email_address import domain_of
from channels.email_letter import Letter

# what the sender's side writes; our server puts its results above all of these
THEIRS = frozenset({"from", "to", "subject", "date", "message-id", "mime-version", "content-type"})
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\bdmarc\s*=\s*([a-z]+)", re.IGNORECASE)
_DOMAIN = re.compile(r"\bheader\.from\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


def verified_sender(letter: Letter, authserv_id: str | None, own_hops: int) -> str | None:
    """The one address in From, when DMARC passed for its domain in the eyes of `authserv_id`; None otherwise.

    `own_hops` of our servers add a Received line. Two results that differ prove nothing.
    """
    sender = only_sender(letter)
    if authserv_id is None or sender is None:
        return None
    verdicts = {_verdict(value) for value in _ours(letter, authserv_id, own_hops)} - {None}
    return sender if verdicts == {("pass", domain_of(sender))} else None


def only_sender(letter: Letter) -> str | None:
    """None for two From lines, two addresses or none: which of them is shown depends on the program."""
    addresses = {address for _, address in letter.senders}
    return addresses.pop() if letter.from_fields == 1 and len(letter.senders) == 1 and addresses else None


def _ours(letter: Letter, authserv_id: str, own_hops: int) -> list[str]:
    """The results of our own server. Below its Received line, or among the sender's, anybody may have written them."""
    found, hops = list[str](), 0
    for name, value in letter.headers:
        hops += name == "received"
        if hops > own_hops or name in THEIRS:
            break
        if name == "authentication-results" and _server(value) == authserv_id.lower():
            found.append(value)
    return found


def _server(value: str) -> str:
    return _COMMENT.sub(" ", value).partition(";")[0].split(" ")[0].strip().lower()


def _verdict(value: str) -> tuple[str, str] | None:
    """Result and domain of DMARC; None when this line does not speak of it."""
    plain = _COMMENT.sub(" ", value)
    result, domain = _RESULT.search(plain), _DOMAIN.search(plain)
    if result is None:
        return None
    return result[1].lower(), domain[1].lower().lstrip("@") if domain else ""
