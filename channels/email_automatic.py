"""Mail that nobody waits for an answer to: absence notes, lists, newsletters, bounces (RFC 3834 section 2)."""

import re

from channels.email_address import without_tag
from channels.email_letter import Letter

SILENT = frozenset({"bulk", "list", "junk", "auto_reply"})
ROBOTS = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|no[-_.]?reply|do[-_.]?not[-_.]?reply|bounces?(?:[-+=_.].*)?|.*[-_.]no[-_.]?reply)@"
)
LISTS = ("list-id", "list-post", "list-unsubscribe", "list-help", "feedback-id")
ANSWERS = ("x-autoreply", "x-autorespond")


def is_automatic(letter: Letter, own_address: str) -> bool:
    """X-Auto-Response-Suppress is no sign: it asks us not to answer by machine, and people's programs send it."""
    return is_answer_of_a_machine(letter) or is_for_many(letter) or is_from_a_robot(letter, own_address)


def is_answer_of_a_machine(letter: Letter) -> bool:
    submitted = letter.first("auto-submitted").partition(";")[0].strip().lower()
    return bool((submitted and submitted != "no") or any(letter.first(name) for name in ANSWERS) or letter.report)


def is_for_many(letter: Letter) -> bool:
    precedence = letter.first("precedence").strip().lower()
    return precedence in SILENT or any(letter.first(name) for name in LISTS)


def is_from_a_robot(letter: Letter, own_address: str) -> bool:
    senders = [address for _, address in letter.senders]
    is_own = any(without_tag(address) == own_address for address in senders)
    has_no_return = letter.first("return-path").strip() == "<>"
    return is_own or has_no_return or any(ROBOTS.match(address) for address in senders)
