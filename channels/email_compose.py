"""A message of ours as a letter: plain text that every program shows, threaded, signed, and marked when automatic."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from channels.email_address import mailbox, one_line
from channels.email_ids import LetterIds
from channels.email_inbound import message_id_of
from crm_core.contracts import Attachment, Outbound, Quote

LONGEST_SUBJECT, LONGEST_QUOTE = 200, 4_000
ANSWERS = ("re:", "ответ:", "rv:", "aw:")
WROTE = {
    "en": "On {day} at {time} you wrote:",
    "ru": "{day} в {time} вы писали:",
    "es": "El {day} a las {time} usted escribió:",
}


class _WholeField(UnstructuredHeader, BaseHeader):
    """Never folded: the library would cut a long address into encoded words, which no mail program reads as one."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_FIELDS = HeaderRegistry()
_FIELDS.map_to_type("list-unsubscribe", _WholeField)
LETTER = SMTP.clone(header_factory=_FIELDS)


@dataclass(frozen=True, slots=True)
class MailStyle:
    """How one account writes. `sender` is its From; without a `company` nothing is signed or quoted."""

    sender: str
    company: str = ""
    signature: str = ""
    time_zone: str = "UTC"
    plus_addresses: bool = False

    @property
    def address(self) -> str:
        return parseaddr(self.sender)[1]

    @property
    def name(self) -> str:
        return parseaddr(self.sender)[0]


def compose(outbound: Outbound, style: MailStyle, at: datetime, key: bytes = b"") -> EmailMessage:
    """The letter. Raises BadAddress. What no person wrote says so, so that no machine answers (RFC 3834)."""
    letter, ids = EmailMessage(policy=LETTER), LetterIds(key, outbound.inbox_key)
    letter["From"] = mailbox(style.address, _writer(outbound, style))
    letter["To"] = mailbox(outbound.recipient.value)
    letter["Subject"] = _subject(outbound)
    letter["Message-ID"] = ids.message_id(outbound.message_id, style.address.rpartition("@")[2])
    letter["Date"] = format_datetime(at)
    letter["Content-Language"] = one_line(outbound.language)
    if style.plus_addresses and outbound.message_id > 0:
        letter["Reply-To"] = mailbox(ids.reply_address(outbound.message_id, style.address), style.company)
    _mark_automatic(letter, outbound)
    _mark_for_unsubscribing(letter, outbound)
    _thread(letter, outbound)
    text = _text(outbound, style).replace("\x00", "").encode(errors="replace").decode()
    letter.set_content(text, cte="quoted-printable")
    for attachment in outbound.attachments:
        _attach(letter, attachment)
    return letter


def envelope_sender(outbound: Outbound, style: MailStyle, key: bytes) -> str:
    """Where bounces go: an address that names the letter, where the server delivers such; else our own."""
    if not style.plus_addresses or outbound.message_id <= 0:
        return style.address
    return LetterIds(key, outbound.inbox_key).bounce_address(outbound.message_id, style.address)


def _writer(outbound: Outbound, style: MailStyle) -> str:
    company = style.company or style.name
    return f"{outbound.agent_name} ({company})" if outbound.agent_name and style.company else company


def _subject(outbound: Outbound) -> str:
    subject = one_line(outbound.subject or outbound.text)[:LONGEST_SUBJECT]
    is_answer = bool(outbound.in_reply_to and outbound.subject) and not subject.lower().startswith(ANSWERS)
    return f"Re: {subject}" if is_answer else subject


def _mark_automatic(letter: EmailMessage, outbound: Outbound) -> None:
    if not outbound.by_person:
        letter["Auto-Submitted"] = "auto-replied" if outbound.in_reply_to else "auto-generated"
        letter["X-Auto-Response-Suppress"] = "All"


def _mark_for_unsubscribing(letter: EmailMessage, outbound: Outbound) -> None:
    """The button that mail programs show beside the sender (RFC 8058); the server's DKIM must sign both fields."""
    if outbound.unsubscribe:
        letter["List-Unsubscribe"] = f"<{one_line(outbound.unsubscribe)}>"
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _thread(letter: EmailMessage, outbound: Outbound) -> None:
    """RFC 5322 section 3.6.4; a customer's letter without an id cannot be named."""
    answered = one_line(message_id_of(outbound.in_reply_to or ""))
    named = [one_line(message_id_of(reference)) for reference in outbound.references]
    if answered:
        letter["In-Reply-To"] = answered
        letter["References"] = " ".join(dict.fromkeys([*(name for name in named if name), answered]))


def _text(outbound: Outbound, style: MailStyle) -> str:
    if not style.company:
        return outbound.text
    signed = "\n".join(line for line in (outbound.agent_name, style.signature or style.company) if line)
    quoted = [_quoted(outbound.quotes, outbound.language, style.time_zone)] if outbound.quotes else []
    return "\n\n".join([outbound.text, f"-- \n{signed}", *quoted])


def _quoted(quote: Quote, language: str, time_zone: str) -> str:
    """What is answered, below, as mail has it."""
    local = quote.at.astimezone(ZoneInfo(time_zone))
    known = language if language in WROTE else "en"
    day, time = format_date(local, "long", locale=known), format_time(local, "HH:mm", locale=known)
    lines = quote.text[:LONGEST_QUOTE].split("\n")
    return "\n".join([WROTE[known].format(day=day, time=time), *(f"> {line}".rstrip() for line in lines)])


def _attach(letter: EmailMessage, attachment: Attachment) -> None:
    maintype, _, subtype = attachment.content_type.partition("/")
    letter.add_attachment(
        attachment.content, maintype=one_line(maintype) or "application",
        subtype=one_line(subtype) or "octet-stream", filename=one_line(attachment.name),
    )  # fmt: skip
