"""Outgoing mail through a submission server (RFC 6409); receiving is not part of this adapter yet."""

import hashlib
import hmac
import re
import ssl
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import aiosmtplib

from channels.protocol import STORED, ChannelRequest
from config.settings import SmtpSettings
from crm_core.contracts import Capabilities, DeliveryReceipt, DeliveryState, Incoming, InDoubtPolicy, Outbound

IMPLICIT_TLS_PORT = 465  # RFC 8314 section 7.3
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
LONGEST_SUBJECT = 200
CLIENT_ERROR, SERVER_ERROR = 400, 500


class BadAddress(ValueError):
    """Not one plain mailbox: nothing may be sent there."""


class EmailChannel:
    """`key` makes our Message-IDs unguessable; `tls` replaces the system's trust store (tests, own authorities)."""

    name = "email"
    capabilities = Capabilities(attachments=True, in_doubt=InDoubtPolicy.REPEAT)
    acknowledgement = STORED

    def __init__(self, settings: SmtpSettings, key: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        self._settings, self._key = settings, key
        self._tls = tls or ssl.create_default_context()

    def verify(self, request: ChannelRequest) -> bool:
        """Nothing is taken in by webhook."""
        del request
        return False

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        del request
        return []

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        """A repeat carries the same Message-ID, so that a mailbox shows it once."""
        try:
            letter = compose(outbound, self._settings.sender, datetime.now(UTC), self._key)
        except BadAddress:
            return DeliveryReceipt(DeliveryState.FAILED, code="bad_address")
        try:
            await self._submit(letter, outbound.recipient.value)
        except (aiosmtplib.SMTPException, OSError) as error:
            return receipt_of(error)
        return DeliveryReceipt(DeliveryState.SENT, external_id=letter["Message-ID"])

    async def _submit(self, letter: EmailMessage, recipient: str) -> None:
        settings = self._settings
        is_implicit = settings.port == IMPLICIT_TLS_PORT
        await aiosmtplib.send(
            letter,
            sender=parseaddr(settings.sender)[1],
            recipients=[recipient],
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            timeout=settings.timeout_s,
            use_tls=is_implicit,
            start_tls=settings.starttls and not is_implicit,
            tls_context=self._tls,
        )


def compose(outbound: Outbound, sender: str, at: datetime, key: bytes = b"") -> EmailMessage:
    """The letter. Raises BadAddress. Marked as automatic, so that nobody's autoresponder answers (RFC 3834)."""
    letter = EmailMessage(policy=SMTP)
    name, address = parseaddr(sender)
    letter["From"] = mailbox(address, name)
    letter["To"] = mailbox(outbound.recipient.value)
    letter["Subject"] = one_line(outbound.subject or outbound.text)[:LONGEST_SUBJECT]
    letter["Message-ID"] = message_id(outbound, address.rpartition("@")[2], key)
    letter["Date"] = format_datetime(at)
    letter["Auto-Submitted"] = "auto-replied" if outbound.in_reply_to else "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    letter["Content-Language"] = one_line(outbound.language)
    if outbound.in_reply_to:
        letter["In-Reply-To"] = letter["References"] = one_line(outbound.in_reply_to)
    text = outbound.text.replace("\x00", "").encode(errors="replace").decode()
    letter.set_content(text, cte="quoted-printable")
    for attachment in outbound.attachments:
        maintype, _, subtype = attachment.content_type.partition("/")
        letter.add_attachment(
            attachment.content, maintype=one_line(maintype) or "application",
            subtype=one_line(subtype) or "octet-stream", filename=one_line(attachment.name),
        )  # fmt: skip
    return letter


def mailbox(address: str, name: str = "") -> MailAddress:
    """One plain ASCII mailbox. Raises BadAddress for anything a header or an envelope could misread."""
    if not ADDRESS.fullmatch(address):
        raise BadAddress
    try:
        return MailAddress(display_name=one_line(name), addr_spec=address)
    except (ValueError, HeaderParseError) as error:
        raise BadAddress from error


def message_id(outbound: Outbound, domain: str, key: bytes) -> str:
    """Fixed by the message alone, before the first try; the keyed part cannot be guessed by a stranger."""
    named = f"{outbound.inbox_key}\x1f{outbound.message_id}".encode()
    return f"<sb.{outbound.message_id}.{hmac.digest(key, named, hashlib.sha256).hex()[:16]}@{domain}>"


def one_line(text: str) -> str:
    """Without anything that could start another header."""
    return CONTROL.sub(" ", text).strip()


def receipt_of(error: Exception) -> DeliveryReceipt:
    """4xx and a lost connection may be tried again, 5xx not (RFC 5321 section 4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= CLIENT_ERROR:
        is_final = error.code >= SERVER_ERROR
        return DeliveryReceipt(DeliveryState.FAILED, code=f"smtp_{error.code}", retryable=not is_final)
    is_tls = isinstance(error.__cause__ or error, ssl.SSLError)
    return DeliveryReceipt(DeliveryState.FAILED, code="smtp_tls" if is_tls else "smtp_unreachable", retryable=True)
