"""A raw mail into a `Letter`, with caps on everything. Runs in a process that may be killed: see email_reader.py.

The compat32 policy and not the newer one, which raised on 57 of 1,447 public mails and takes minutes for some headers.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value

from channels.email_address import CONTROL, addresses_in, one_line
from channels.email_html import clean_html, text_of
from channels.email_letter import Letter, LetterFile, Report
from channels.email_quotes import split_reply

MOST_PARTS, MOST_FILES, DEEPEST = 500, 50, 40
MOST_FILE_BYTES, MOST_FILES_BYTES = 25_000_000, 30_000_000
MOST_TEXT, MOST_QUOTED, LONGEST_VALUE, LONGEST_SUBJECT = 19_000, 20_000, 8_000, 300
MOST_RECIPIENTS, MOST_REFERENCES, MOST_HEADERS = 100, 50, 1_000
KEPT = frozenset({
    "message-id", "in-reply-to", "references", "date", "auto-submitted", "precedence", "return-path", "reply-to",
    "list-id", "list-unsubscribe", "list-post", "list-help", "x-autoreply", "x-autorespond", "x-auto-response-suppress",
    "x-loop", "feedback-id", "authentication-results", "received", "content-type", "from", "to", "subject",
    "mime-version", "sender", "x-failed-recipients", "delivered-to",
})  # fmt: skip
MOST_WORDS = 1_000_000  # of a text part
DECODED = 8_000  # characters of a header that is decoded
MESSAGE_IDS = re.compile(r"<[^<>\s]{1,400}>")
SPACES = re.compile(r"\s+")


def read_letter(raw: bytes) -> Letter:
    """Everything that is looked at later. Raises what the parser raises."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    headers = tuple(_headers(message))
    senders = [value for name, value in headers if name == "from"]
    to = [_text(value)[:DECODED] for name in ("to", "cc") for value in message.get_all(name, [])[:10]]
    body = _Body()
    body.take(message)
    said, quoted = split_reply(body.text)
    return Letter(
        headers, tuple(addresses_in(senders[:5], decoded)[:5]), len(senders),
        tuple(address for _, address in addresses_in(to))[:MOST_RECIPIENTS],
        subject_of(message), said[:MOST_TEXT], quoted[:MOST_QUOTED], body.html, tuple(body.files),
        report_of(message), body.left_out, len(said) > MOST_TEXT,
    )  # fmt: skip


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.items()[:MOST_HEADERS]:
        if name.lower() in KEPT:
            yield name.lower(), SPACES.sub(" ", storable(_text(value)))[:LONGEST_VALUE]


def _text(value: object) -> str:
    """compat32 gives a Header object where bytes are not ASCII."""
    return str(value)


def storable(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode("utf-8").replace("\x00", "")


def decoded(value: str) -> str:
    """RFC 2047; a word that says it is in a charset nobody knows stays readable where it can."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value[:DECODED])
    except (ValueError, LookupError):
        return value
    return storable("".join(_word(piece, charset) for piece, charset in pieces))


def _word(piece: bytes | str, charset: str | None) -> str:
    return piece if isinstance(piece, str) else in_charset(piece, charset or "utf-8")


def in_charset(content: bytes, charset: str) -> str:
    """Codecs that are no charset (rot13, zlib) and unknown ones are read as UTF-8, then as Latin-1."""
    for name in (charset.strip("\"' ").lower(), "utf-8"):
        try:
            return str(content.decode(name))
        except (LookupError, UnicodeError, ValueError, TypeError, AttributeError):
            continue
    return content.decode("windows-1251" if "1251" in charset else "latin-1", errors="replace")


def subject_of(message: Message) -> str:
    """On one line, whatever its encoded words decode to."""
    return one_line(decoded(_text(message.get("Subject", ""))))[:LONGEST_SUBJECT]


class _Body:
    """Gathers text, formatted text and files, part by part."""

    def __init__(self) -> None:
        self.text, self.html = "", ""
        self.files: list[LetterFile] = []
        self.parts = self.bytes = self.left_out = 0

    def take(self, part: Message, depth: int = 0) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS or depth > DEEPEST:
            self.left_out += 1
        elif part.get_content_type() in ("message/rfc822", "message/global") and depth:
            self._file(part, part.as_bytes(policy=email.policy.compat32))
        elif part.is_multipart():
            self._several(part, depth)
        else:
            self._leaf(part)

    def _several(self, part: Message, depth: int) -> None:
        inner = [one for one in part.get_payload() if isinstance(one, Message)]
        if part.get_content_type() == "message/delivery-status":
            self._file(part, "\n".join(str(one) for one in inner).encode(errors="replace"))
            return
        for one in inner[: MOST_PARTS + 1]:
            self.take(one, depth + 1)
        self.left_out += max(0, len(inner) - MOST_PARTS - 1)

    def _leaf(self, part: Message) -> None:
        kind, named = part.get_content_type(), bool(file_name(part))
        content = _content(part)
        is_attached = str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")
        if kind == "text/plain" and not named and not is_attached:
            self._say(storable(in_charset(content, charset_of(part))).replace("\r\n", "\n"))
        elif kind == "text/html" and not named and not is_attached and not self.html:
            self.html = clean_html(storable(in_charset(content, charset_of(part))))
            self.text = self.text or text_of(self.html)
        elif content:
            self._file(part, content)

    def _say(self, said: str) -> None:
        said = said[:MOST_WORDS]
        self.text = f"{self.text}\n\n{said}".strip() if self.text and said.strip() else self.text or said.strip()

    def _file(self, part: Message, content: bytes) -> None:
        fits = len(content) <= MOST_FILE_BYTES and self.bytes + len(content) <= MOST_FILES_BYTES
        if len(self.files) >= MOST_FILES or not fits:
            self.left_out += 1
            return
        self.bytes += len(content)
        cid = _text(part.get("Content-ID", "")).strip("<> ")[:200]
        self.files.append(LetterFile(file_name(part), part.get_content_type(), content, cid))


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else _text(part.get_payload()).encode(errors="replace")


def charset_of(part: Message) -> str:
    try:
        return part.get_content_charset("utf-8") or "utf-8"
    except (LookupError, ValueError):
        return "utf-8"


def file_name(part: Message) -> str:
    """As the sender named it, decoded and capped; it is made safe where it is used."""
    try:
        given = part.get_param("filename", None, "content-disposition") or part.get_param("name", None)
        name = collapse_rfc2231_value(given) if given else ""
    except (LookupError, ValueError, TypeError):
        return ""
    return CONTROL.sub(" ", decoded(storable(name[:LONGEST_VALUE])))[:LONGEST_SUBJECT]


def report_of(message: Message) -> Report | None:
    """The first recipient of a delivery report (RFC 3464), however well it is made."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    fields, about = dict[str, str](), list[str]()
    for part in list(message.walk())[:MOST_PARTS]:
        for name, value in part.items():
            if name.lower() in ("action", "status", "final-recipient", "original-recipient"):
                fields.setdefault(name.lower(), _text(value).strip().lower()[:300])
        if part is not message:
            about += MESSAGE_IDS.findall(_text(part.get("Message-ID", ""))[:LONGEST_VALUE])
            if part.get_content_type() == "text/rfc822-headers":
                returned = email.message_from_bytes(_content(part)[:100_000], policy=email.policy.compat32)
                about += MESSAGE_IDS.findall(_text(returned.get("Message-ID", "")))
    if "action" not in fields and "status" not in fields:
        return None
    recipient = fields.get("final-recipient") or fields.get("original-recipient", "")
    return Report(
        fields.get("action", ""), fields.get("status", ""), recipient.partition(";")[2].strip() or recipient,
        tuple(about[:20]),
    )  # fmt: skip
