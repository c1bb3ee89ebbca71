"""XOAUTH2 at a real Dovecot and Postfix, which ask a provider whose the token is."""

from collections.abc import Iterator

import pytest

from channels.email import EmailChannel
from channels.email_compose import MailStyle
from channels.email_login import Login, RefreshedToken, TokenRequest
from channels.email_mailbox import Mailbox
from channels.email_probe import probe_imap, probe_smtp
from crm_core.contracts import Address, AddressKind, DeliveryState
from tests.channels.kit import an_outbound
from tests.support.mail_stack import ANNA, DESK, MailStack, missing, running_mail_stack, trusting
from tests.support.token_provider import TokenProvider, running_token_provider

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]


@pytest.fixture(scope="module")
def mail() -> Iterator[MailStack]:
    with running_mail_stack() as stack:
        yield stack


@pytest.fixture
def provider(mail: MailStack) -> Iterator[TokenProvider]:
    with running_token_provider(mail.introspection) as provider:
        yield provider


def logins(mail: MailStack, provider: TokenProvider, account: str = DESK) -> tuple[Login, Login]:
    """IMAP and submission of one mailbox, with tokens fetched when they are needed."""
    token = RefreshedToken(TokenRequest(provider.token_url, "switchboard", provider.consent(account)))
    servers = ((mail.imaps, "tls"), (mail.submission, "starttls"))
    imap, smtp = (
        Login("localhost", port, security, DESK, token=token, tls=trusting(mail)) for port, security in servers
    )
    return imap, smtp


async def test_a_mailbox_is_read_and_written_with_one_token(mail: MailStack, provider: TokenProvider) -> None:
    imap, smtp = logins(mail, provider)
    mail.send(b"From: anna@customer.test\r\nTo: support@desk.test\r\nSubject: Hello\r\n\r\nWhere is it?\r\n")
    mail.wait_for_letters(DESK, 1)
    mailbox = Mailbox(imap, "INBOX")
    assert imap.token is not None
    mailbox.open(await imap.token())
    try:
        fetched = mailbox.fetch(mailbox.uids("ALL")[0])
        assert fetched is not None
        assert b"Where is it?" in fetched.raw
    finally:
        mailbox.close()
    channel = EmailChannel(smtp, MailStyle(DESK), b"key")
    receipt = await channel.send(an_outbound(Address(AddressKind.MAILTO, ANNA), "On its way."))
    assert receipt.state is DeliveryState.SENT
    assert b"On its way." in mail.wait_for_letters(ANNA, 1)[0]
    assert provider.given == 1


async def test_the_check_says_that_both_servers_let_us_in(mail: MailStack, provider: TokenProvider) -> None:
    imap, smtp = logins(mail, provider)
    assert (await probe_imap(imap, "INBOX")).remedy is None
    assert (await probe_smtp(smtp)).remedy is None


async def test_a_token_of_somebody_else_opens_nothing(mail: MailStack, provider: TokenProvider) -> None:
    imap, smtp = logins(mail, provider, account=ANNA)
    for told in (await probe_imap(imap, "INBOX"), await probe_smtp(smtp)):
        assert "refuses the log-in" in told.state
        assert told.remedy is not None


async def test_withdrawn_consent_is_said_in_words(mail: MailStack, provider: TokenProvider) -> None:
    imap, smtp = logins(mail, provider)
    provider.withdraw()
    for told in (await probe_imap(imap, "INBOX"), await probe_smtp(smtp)):
        assert "no token is given out" in told.state
        assert told.remedy is not None
