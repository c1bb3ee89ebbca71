"""What we write into a letter to know its answers again: Message-ID, plus-address and bounce address, each signed."""

import hashlib
import hmac
import re

from crm_core.contracts import MessageId

_MESSAGE_ID = re.compile(r"<sb\.(-?\d{1,18})\.([0-9a-f]{16})@")
_TAG = re.compile(r"(b?)(\d{1,18})\.([0-9a-f]{16})")


class LetterIds:
    """The ids of one inbox. A stranger cannot make one, and one of another inbox is not ours."""

    def __init__(self, key: bytes, inbox_key: str) -> None:
        self._key, self._inbox_key = key, inbox_key

    def message_id(self, number: int, domain: str) -> str:
        """Fixed by the message alone, before the first try: a repeat carries the same."""
        return f"<sb.{number}.{self._mac(number)}@{domain}>"

    def reply_address(self, number: int, address: str) -> str:
        """Where an answer comes back to, whatever the customer's program does to the headers."""
        return _tagged(address, f"{number}.{self._mac(number, 'reply')}")

    def bounce_address(self, number: int, address: str) -> str:
        """The envelope's sender (VERP): what comes back to it is about this letter."""
        return _tagged(address, f"b{number}.{self._mac(number, 'bounce')}")

    def in_message_ids(self, ids: list[str]) -> MessageId | None:
        """Our message that the newest of these Message-IDs names, if its signature holds."""
        for written in reversed(ids):
            found = _MESSAGE_ID.match(written)
            if found is not None and self._holds(int(found[1]), found[2], ""):
                return MessageId(int(found[1]))
        return None

    def in_reply_tag(self, tag: str) -> MessageId | None:
        return self._in_tag(tag, "", "reply")

    def in_bounce_tag(self, tag: str) -> MessageId | None:
        return self._in_tag(tag, "b", "bounce")

    def _in_tag(self, tag: str, kind: str, purpose: str) -> MessageId | None:
        found = _TAG.fullmatch(tag)
        if found is None or found[1] != kind or not self._holds(int(found[2]), found[3], purpose):
            return None
        return MessageId(int(found[2]))

    def _holds(self, number: int, mac: str, purpose: str) -> bool:
        return hmac.compare_digest(self._mac(number, purpose), mac)

    def _mac(self, number: int, purpose: str = "") -> str:
        named = "\x1f".join([self._inbox_key, str(number), *([purpose] if purpose else [])])
        return hmac.digest(self._key, named.encode(), hashlib.sha256).hex()[:16]


def _tagged(address: str, tag: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{tag}@{domain}"
