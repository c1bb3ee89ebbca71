"""A mailbox as an inbox: mail comes by IMAP or LMTP and goes by SMTP."""

import asyncio
from dataclasses import dataclass

from bot.inboxes.parts import InboxOff, InboxTools, OpenInbox
from channels.email import EmailChannel
from channels.email_compose import MailStyle
from channels.email_ids import LetterIds
from channels.email_imap import ImapPuller
from channels.email_lmtp import MailServerPuller
from channels.email_login import Login, RefreshedToken, TokenRequest, TokenSource, fixed_token, trust_of
from channels.email_probe import probe_imap, probe_smtp
from channels.email_rules import MailboxRules
from channels.protocol import Probe, Puller, Receive
from config.inboxes import EmailInbox, MailServer, OAuth
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.intake import inbox_ids
from crm_core.mailboxes import Position, keep_position, read_position


def open_email(inbox: EmailInbox, tools: InboxTools) -> OpenInbox:
    channel, sending = mail_sender(inbox, tools), _login(inbox.smtp, inbox.key, tools)
    ids = LetterIds(tools.derived_key(inbox.key, "message-id"), inbox.key)
    rules = MailboxRules(inbox.address.lower(), ids, inbox.authserv_id, inbox.own_hops)
    reading = _login(inbox.imap, inbox.key, tools) if inbox.imap else None
    pullers: list[Puller] = []
    if reading is not None:
        pullers.append(ImapPuller(reading, inbox.folder, rules, StoredPositions(tools.sessions, inbox)))
    if inbox.lmtp is not None:
        pullers.append(MailServerPuller(inbox.lmtp.host, inbox.lmtp.port, rules))

    async def probe() -> Probe:
        looks = [probe_smtp(sending)] + ([probe_imap(reading, inbox.folder)] if reading else [])
        found = await asyncio.gather(*looks)
        remedies = [look.remedy for look in found if look.remedy is not None]
        return Probe("; ".join(look.state for look in found), "; ".join(remedies) or None)

    return OpenInbox(inbox.key, channel, _Together(tuple(pullers)), probe=probe)


def mail_sender(inbox: EmailInbox, tools: InboxTools) -> EmailChannel:
    """The half of a mailbox that sends. Raises InboxOff for a secret that is not in the environment."""
    company, signature = tools.business.company, inbox.signature or tools.business.company.name
    sender = f'"{_quotable(company.name)}" <{inbox.address.lower()}>'
    style = MailStyle(sender, company.name, signature, company.time_zone, inbox.plus_addresses)
    return EmailChannel(_login(inbox.smtp, inbox.key, tools), style, tools.derived_key(inbox.key, "message-id"))


def _quotable(name: str) -> str:
    return name.replace("\\", "").replace('"', "")


@dataclass(frozen=True, slots=True)
class _Together:
    """Both ways in at once; the end of one ends the other, and both are started again."""

    pullers: tuple[Puller, ...]

    async def run(self, receive: Receive) -> None:
        async with asyncio.TaskGroup() as group:
            for puller in self.pullers:
                group.create_task(puller.run(receive))


@dataclass(frozen=True, slots=True)
class StoredPositions:
    """How far the mailbox is read, in the database."""

    sessions: Sessions | None
    inbox: EmailInbox

    async def load(self) -> tuple[int, int] | None:
        async with unit_of_work(self._open()) as session:
            ids = await inbox_ids(session)
            found = await read_position(session, ids[self.inbox.key], self.inbox.folder)
        return (found.uid_validity, found.last_uid) if found is not None else None

    async def keep(self, uid_validity: int, last_uid: int) -> None:
        async with unit_of_work(self._open()) as session:
            ids = await inbox_ids(session)
            mailbox = (ids[self.inbox.key], self.inbox.folder)
            await keep_position(session, utc_now(), mailbox, Position(uid_validity, last_uid))

    def _open(self) -> Sessions:
        if self.sessions is None:
            raise InboxOff("This process has no database: the mailbox is read by the worker.")
        return self.sessions


def _login(server: MailServer, inbox_key: str, tools: InboxTools) -> Login:
    """Raises InboxOff for a secret that is not in the environment."""
    password = tools.secret(inbox_key, server.password_env) if server.password_env else None
    token = _token(server.oauth, inbox_key, tools) if server.oauth else None
    return Login(server.host, server.port, server.security, server.username, password, token, trust_of(server.ca_file))


def _token(oauth: OAuth, inbox_key: str, tools: InboxTools) -> TokenSource:
    if oauth.token_env is not None:
        return fixed_token(tools.secret(inbox_key, oauth.token_env))
    secret = tools.secret(inbox_key, oauth.client_secret_env) if oauth.client_secret_env else None
    refresh = tools.secret(inbox_key, oauth.refresh_token_env or "")
    request = TokenRequest(str(oauth.token_url), oauth.client_id or "", refresh, secret, oauth.scope)
    return RefreshedToken(request)
