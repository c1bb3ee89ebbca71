"""Outgoing mail through a submission server (RFC 6409); what comes in is pulled by email_imap or email_lmtp."""

import ssl
from datetime import UTC, datetime

import aiosmtplib

from channels.email_address import BadAddress
from channels.email_compose import MailStyle, compose, envelope_sender
from channels.email_login import Login
from channels.protocol import STORED, ChannelRequest
from config.settings import SmtpSettings
from crm_core.contracts import Capabilities, DeliveryReceipt, DeliveryState, Incoming, InDoubtPolicy, Outbound

IMPLICIT_TLS_PORT = 465  # RFC 8314 section 7.3
CLIENT_ERROR, SERVER_ERROR = 400, 500


class EmailChannel:
    """`key` makes our Message-IDs unguessable."""

    name = "email"
    capabilities = Capabilities(attachments=True, in_doubt=InDoubtPolicy.REPEAT)
    acknowledgement = STORED

    def __init__(self, login: Login, style: MailStyle, key: bytes = b"") -> None:
        self._login, self._style, self._key = login, style, key

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
            letter = compose(outbound, self._style, datetime.now(UTC), self._key)
        except BadAddress:
            return DeliveryReceipt(DeliveryState.FAILED, code="bad_address")
        login = self._login
        try:
            await aiosmtplib.send(
                letter,
                sender=envelope_sender(outbound, self._style, self._key),
                recipients=[outbound.recipient.value],
                hostname=login.host,
                port=login.port,
                username=login.username,
                password=login.password,
                oauth_token_generator=login.token,
                timeout=login.timeout_s,
                use_tls=login.security == "tls",
                start_tls=login.security == "starttls",
                tls_context=login.context,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            return receipt_of(error)
        return DeliveryReceipt(DeliveryState.SENT, external_id=letter["Message-ID"])


def letters(settings: SmtpSettings, key: bytes = b"", tls: ssl.SSLContext | None = None) -> EmailChannel:
    """For codes and transcripts, as the settings say; `tls` replaces the system's trust store."""
    is_implicit = settings.port == IMPLICIT_TLS_PORT
    security = "tls" if is_implicit else "starttls" if settings.starttls else "none"
    password = settings.password.get_secret_value() if settings.password else None
    login = Login(
        settings.host or "", settings.port, security, settings.username, password,
        tls=tls or ssl.create_default_context(), timeout_s=settings.timeout_s,
    )  # fmt: skip
    return EmailChannel(login, MailStyle(settings.sender), key)


def receipt_of(error: Exception) -> DeliveryReceipt:
    """4xx and a lost connection may be tried again, 5xx not (RFC 5321 section 4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= CLIENT_ERROR:
        is_final = error.code >= SERVER_ERROR
        return DeliveryReceipt(DeliveryState.FAILED, code=f"smtp_{error.code}", retryable=not is_final)
    is_tls = isinstance(error.__cause__ or error, ssl.SSLError)
    return DeliveryReceipt(DeliveryState.FAILED, code="smtp_tls" if is_tls else "smtp_unreachable", retryable=True)
