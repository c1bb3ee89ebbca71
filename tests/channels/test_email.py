"""Outgoing mail against a real SMTP server."""

import asyncio
import email
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import ClassVar

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from channels.email import EmailChannel, letters
from channels.email_address import BadAddress
from channels.email_compose import MailStyle, compose
from channels.protocol import ChannelRequest
from config.settings import SmtpSettings
from crm_core.contracts import Address, AddressKind, Attachment, DeliveryReceipt, DeliveryState, Outbound
from tests.channels.kit import Case, ReceivingKit, SendingKit, an_outbound

AT = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
ANNA = Address(AddressKind.MAILTO, "anna@example.com")
OUTBOUND = an_outbound(ANNA)


class Mailbox:
    """What the server took, and how it answers."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[tuple[str | None, list[str]]] = []
        self.answer = "250 OK"
        self.recipient_answer = "250 OK"
        self.cuts = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        letter = email.message_from_bytes(content, policy=default)
        if self.answer.startswith("250"):
            self.letters.append(letter)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.cuts:
            self.cuts -= 1
            assert server.transport is not None
            server.transport.abort()
        return self.answer


@asynccontextmanager
async def smtp_server(mailbox: Mailbox, **options: object) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, loop=loop, **options),  # type: ignore[arg-type]
        "127.0.0.1",
        0,
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.01)


def settings(port: int, **changes: object) -> SmtpSettings:
    sender = "Oslo & Co. <noreply@oslo.example>"
    return SmtpSettings(host="127.0.0.1", port=port, starttls=False, sender=sender, timeout_s=2).model_copy(
        update=changes
    )


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def channel(mailbox: Mailbox) -> AsyncIterator[EmailChannel]:
    async with smtp_server(mailbox) as port:
        yield letters(settings(port), b"key")


def a_failure(code: str, *, retryable: bool) -> DeliveryReceipt:
    return DeliveryReceipt(DeliveryState.FAILED, code=code, retryable=retryable)


class TestEmail(ReceivingKit, SendingKit):
    """Takes nothing in by webhook; the kit's fuzz must find it silent."""

    unknown: ClassVar = [b"", b"From: a@example.com\r\n\r\nhello"]
    answers: ClassVar = [
        ("451 Try later", a_failure("smtp_451", retryable=True)),
        ("452 Full", a_failure("smtp_452", retryable=True)),
        ("550 No", a_failure("smtp_550", retryable=False)),
        ("554 5.7.1 Spam", a_failure("smtp_554", retryable=False)),
    ]
    port: ClassVar[int] = 0
    mailbox: ClassVar[Mailbox]

    @pytest.fixture(autouse=True)
    async def _server(self, mailbox: Mailbox) -> AsyncIterator[None]:
        async with smtp_server(mailbox) as port:
            type(self).port, type(self).mailbox = port, mailbox
            yield

    def make(self) -> EmailChannel:
        return letters(settings(self.port), b"key")

    def recipient(self) -> Address:
        return ANNA

    def wire(self) -> object:
        [letter] = self.mailbox.letters
        body = letter.get_body()
        assert body is not None
        return self.mailbox.envelopes[0][1], letter["Subject"], body.get_content().replace("\r\n", "\n").strip()

    def expected_wire(self, outbound: Outbound) -> object:
        return [outbound.recipient.value], outbound.subject, outbound.text

    def answer_with(self, answer: str) -> None:
        self.mailbox.answer = answer

    def sign(self, body: bytes) -> ChannelRequest:
        return ChannelRequest("POST", "/webhooks/mail", body=body)

    def cases(self) -> list[Case]:
        return []

    def forgeries(self) -> list[ChannelRequest]:
        return [self.sign(b"anything")]


async def test_a_letter_arrives_whole(channel: EmailChannel, mailbox: Mailbox) -> None:
    attachment = Attachment("накладная.pdf", "application/pdf", b"%PDF-1.7")
    outbound = replace(OUTBOUND, text="Ваш код: 482913\n¡Gracias!", subject="Ваш код", attachments=(attachment,))
    assert (await channel.send(outbound)).state is DeliveryState.SENT
    [letter] = mailbox.letters
    body = letter.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").strip() == "Ваш код: 482913\n¡Gracias!"
    assert (letter["To"], letter["Subject"]) == ("anna@example.com", "Ваш код")
    assert letter["From"] == '"Oslo & Co." <noreply@oslo.example>'
    assert letter["Date"] is not None
    [file] = letter.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("накладная.pdf", b"%PDF-1.7")
    assert mailbox.envelopes == [("noreply@oslo.example", ["anna@example.com"])]


def test_a_letter_says_that_it_is_automatic() -> None:
    notice = compose(OUTBOUND, MailStyle("noreply@oslo.example"), AT)
    reply = compose(replace(OUTBOUND, in_reply_to="<1@example.com>"), MailStyle("noreply@oslo.example"), AT)
    assert (notice["Auto-Submitted"], notice["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert (reply["Auto-Submitted"], reply["In-Reply-To"], reply["References"]) == (
        "auto-replied", "<1@example.com>", "<1@example.com>",
    )  # fmt: skip


async def test_a_cut_in_the_middle_of_data_is_repeated_with_the_same_message_id(
    channel: EmailChannel, mailbox: Mailbox
) -> None:
    mailbox.cuts = 1
    first = await channel.send(OUTBOUND)
    again = await channel.send(OUTBOUND)
    assert (first.state, first.code, first.retryable) == (DeliveryState.FAILED, "smtp_unreachable", True)
    assert again.state is DeliveryState.SENT
    assert len({letter["Message-ID"] for letter in mailbox.letters}) == 1
    assert len(mailbox.letters) == 2


@pytest.mark.parametrize("place", ["answer", "recipient_answer"])
async def test_a_refusal_may_come_for_the_recipient_or_for_the_letter(
    channel: EmailChannel, mailbox: Mailbox, place: str
) -> None:
    setattr(mailbox, place, "550 No")
    assert await channel.send(OUTBOUND) == a_failure("smtp_550", retryable=False)
    assert mailbox.letters == []


async def test_a_server_that_is_down_is_tried_again() -> None:
    receipt = await letters(settings(1)).send(OUTBOUND)
    assert receipt == DeliveryReceipt(DeliveryState.FAILED, code="smtp_unreachable", retryable=True)


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    channel = letters(settings(server.sockets[0].getsockname()[1], timeout_s=0.2))
    receipt = await asyncio.wait_for(channel.send(OUTBOUND), 1)
    assert (receipt.code, receipt.retryable) == ("smtp_unreachable", True)
    server.close()
    await asyncio.sleep(1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    subprocess.run(
        [*command, "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True
    )
    return key, cert


@pytest.fixture
async def tls_port(mailbox: Mailbox, certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    async with smtp_server(mailbox, tls_context=context, require_starttls=True) as port:
        yield port


async def test_starttls_with_a_trusted_certificate_delivers(
    tls_port: int, mailbox: Mailbox, certificate: tuple[Path, Path]
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[1]))
    receipt = await letters(settings(tls_port, starttls=True), tls=trusted).send(OUTBOUND)
    assert (receipt.state, len(mailbox.letters)) == (DeliveryState.SENT, 1)


async def test_a_certificate_nobody_vouches_for_stops_the_letter(tls_port: int, mailbox: Mailbox) -> None:
    receipt = await letters(settings(tls_port, starttls=True)).send(OUTBOUND)
    assert (receipt, mailbox.letters) == (DeliveryReceipt(DeliveryState.FAILED, code="smtp_tls", retryable=True), [])


async def test_a_server_without_starttls_gets_no_letter_and_no_password(
    channel: EmailChannel, mailbox: Mailbox
) -> None:
    port = channel._login.port
    for account in ({}, {"username": "u", "password": SecretStr("p")}):
        receipt = await letters(settings(port, starttls=True, **account)).send(OUTBOUND)
        assert (receipt.state, mailbox.letters) == (DeliveryState.FAILED, [])


@pytest.mark.parametrize(
    "address",
    ["", "anna", "a@b@c", "a b@example.com", "a@example.com\r\nBcc: e@example.com", "a@example.com, b@example.com",
     "<a@example.com>", '"a"@example.com', "a@exa\x00mple.com", "ä@example.com", "a..b@example.com", ".a@example.com"],
)  # fmt: skip
async def test_an_address_that_is_not_one_mailbox_is_refused(channel: EmailChannel, address: str) -> None:
    receipt = await channel.send(an_outbound(Address(AddressKind.MAILTO, address)))
    assert receipt == DeliveryReceipt(DeliveryState.FAILED, code="bad_address")


NASTY = st.text(st.sampled_from('a\r\n\x00\x0b\x0c\x85\u2028:;<>@,"\\ =?_éя🦊\ud800') | st.characters(), max_size=60)


@given(subject=NASTY, text=NASTY, name=NASTY, reply_to=NASTY)
def test_no_text_can_add_a_header_or_a_recipient(subject: str, text: str, name: str, reply_to: str) -> None:
    evil = f"{subject}\r\nBcc: evil@example.com"
    attachment = Attachment(f"{name}\r\nX-Evil: 1", "text/\r\nX-Evil: 1", b"x")
    outbound = replace(OUTBOUND, subject=evil, text=text, attachments=(attachment,), in_reply_to=reply_to or None)
    try:
        letter = compose(outbound, MailStyle(f"{one_word(name)} <noreply@oslo.example>"), AT)
    except BadAddress:
        return
    read = email.message_from_bytes(letter.as_bytes(), policy=default)
    assert "Bcc" not in read
    assert "X-Evil" not in read
    assert read.get_all("To") == ["anna@example.com"]
    assert all("X-Evil" not in part for part in read.walk())


def one_word(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum())


def test_message_ids_need_the_key() -> None:
    ours, theirs = (compose(OUTBOUND, MailStyle("n@oslo.example"), AT, key)["Message-ID"] for key in (b"a", b"b"))
    assert ours != theirs
    assert ours.startswith("<sb.77.")
