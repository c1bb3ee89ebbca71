"""The whole product with a mailbox at the real mail servers, for tests and benchmarks."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from tests.support.mail_stack import ANNA, DESK, PASSWORD, MailStack
from tests.support.stack import Stack

SECRET = "SWITCHBOARD_MAIL_PASSWORD"
AUTHSERV = "desk.test"
INBOUND = "support@inbound.test"


def inboxes_of(mail: MailStack) -> str:
    """Two inboxes: one that is fetched from Dovecot, one that Postfix hands over by LMTP."""
    smtp = (
        f"smtp: {{host: localhost, port: {mail.submission}, security: starttls, username: {DESK},"
        f" password_env: {SECRET}, ca_file: {mail.ca}}}"
    )
    return f"""
  - key: mail
    channel: email
    name: Support
    address: {DESK}
    plus_addresses: true
    authserv_id: {AUTHSERV}
    own_hops: 2
    imap: {{host: localhost, port: {mail.imaps}, username: {DESK}, password_env: {SECRET}, ca_file: {mail.ca}}}
    {smtp}
  - key: post
    channel: email
    name: Post
    address: {INBOUND}
    lmtp: {{port: {mail.lmtp}}}
    {smtp}
"""


def mail_desk(directory: Path, mail: MailStack) -> Stack:
    """Prepared, not started."""
    stack = Stack(directory, extra={SECRET: PASSWORD})
    stack.prepare()
    channels = directory / "config" / "channels.yml"
    channels.write_text(channels.read_text().rstrip() + "\n" + inboxes_of(mail))
    return stack


def letter(text: str, subject: str = "Hello", *, sender: str = ANNA, to: str = DESK, **headers: str) -> EmailMessage:
    """A customer's mail; `headers` with underscores for hyphens."""
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = make_msgid(domain="customer.test")
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def answer_to(reply: EmailMessage, text: str, *, sender: str = ANNA) -> EmailMessage:
    """As a mail program answers `reply`."""
    to = str(reply["Reply-To"] or reply["From"])
    return letter(text, f"Re: {reply['Subject']}", sender=sender, to=to, In_Reply_To=reply["Message-ID"],
                  References=f"{reply['References'] or ''} {reply['Message-ID']}".strip())  # fmt: skip


def verified(made: EmailMessage, domain: str = "example.com") -> bytes:
    """With what our own border server found out, above everything that the sender wrote."""
    note = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from={domain}\r\n"
    return note.encode() + made.as_bytes()


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(raw: bytes) -> str:
    body = read(raw).get_body(("plain",))
    return str(body.get_content()) if body is not None else ""
