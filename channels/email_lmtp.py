"""Takes mail from a mail server of yours by LMTP or SMTP: 250 only when it is stored for good, 451 otherwise."""

import asyncio
from typing import Literal

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.email_address import without_tag
from channels.email_inbound import incoming_of
from channels.email_reader import MOST_BYTES, MailReader
from channels.email_rules import Envelope as Sent
from channels.email_rules import MailboxRules
from channels.email_taking import take
from channels.protocol import Receive
from crm_core.errors import SwitchboardError

log = structlog.get_logger(__name__)

STORED = "250 2.0.0 Stored"
LATER = "451 4.3.0 It cannot be stored just now, send it again"
NOT_HERE = "550 5.1.1 There is no such mailbox here"
STORE_TIMEOUT_S = 60.0
IDLE_TIMEOUT_S = 300.0


class _Handler:
    """aiosmtpd calls these by name."""

    def __init__(self, rules: MailboxRules, reader: MailReader, receive: Receive) -> None:
        self._rules, self._reader, self._receive = rules, reader, receive

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and parameters
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if without_tag(address.lower()) != self._rules.address:
            return NOT_HERE
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.original_content or b""
        sent = Sent(envelope.mail_from or "", tuple(envelope.rcpt_tos))
        try:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                letter = await self._reader.read(raw)
                await take(raw, incoming_of(raw, letter, self._rules, sent), self._receive)
        except (SwitchboardError, TimeoutError, OSError) as error:
            log.warning("mail.not_stored", error=type(error).__name__)
            return LATER
        return STORED

    async def handle_exception(self, error: Exception) -> str:
        """Nothing of an error goes out, and the sender tries again."""
        log.warning("mail.not_stored", error=type(error).__name__)
        return LATER


class MailServerPuller:
    """The server of one inbox: `lmtp` behind Postfix, `smtp` behind anything else."""

    def __init__(self, host: str, port: int, rules: MailboxRules, speaks: Literal["lmtp", "smtp"] = "lmtp") -> None:
        self._host, self._port, self._rules, self._speaks = host, port, rules, speaks

    async def run(self, receive: Receive) -> None:
        reader = MailReader()
        handler = _Handler(self._rules, reader, receive)
        protocol = LMTP if self._speaks == "lmtp" else SMTP

        def session() -> SMTP:
            return protocol(
                handler, data_size_limit=MOST_BYTES, enable_SMTPUTF8=True, timeout=IDLE_TIMEOUT_S,
                hostname="switchboard", ident="Switchboard",
            )  # fmt: skip

        server = await asyncio.get_running_loop().create_server(session, self._host, self._port)
        try:
            async with server:
                await server.serve_forever()
        finally:
            await reader.aclose()
