"""Fetches a mailbox by IMAP IDLE, with a look of our own now and then; never relies on what is marked as read."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from channels.email_inbound import incoming_of
from channels.email_login import Login
from channels.email_mailbox import Fetched, Mailbox
from channels.email_reader import MailReader
from channels.email_rules import NO_ENVELOPE, MailboxRules
from channels.email_taking import take
from channels.protocol import Receive

log = structlog.get_logger(__name__)

Result = TypeVar("Result")
LOOK_EVERY_S = 60.0
FIRST_LOOK_BACK = timedelta(days=1)
ANEW_LOOK_BACK = timedelta(days=7)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Positions(Protocol):
    """How far the mailbox has been read, kept for good: UIDVALIDITY and the last UID."""

    async def load(self) -> tuple[int, int] | None: ...

    async def keep(self, uid_validity: int, last_uid: int) -> None: ...


class ImapPuller:
    """One mailbox, one thread of its own for the blocking calls."""

    def __init__(self, login: Login, folder: str, rules: MailboxRules, positions: Positions) -> None:
        self._login, self._folder, self._rules, self._positions = login, folder, rules, positions
        self.look_every_s = LOOK_EVERY_S

    async def run(self, receive: Receive) -> None:
        mailbox, reader = Mailbox(self._login, self._folder), MailReader()
        with ThreadPoolExecutor(1, thread_name_prefix="imap") as threads:
            pulling = _Pulling(mailbox, threads, reader, self)
            try:
                await pulling.run(receive)
            finally:
                mailbox.stop()
                await asyncio.shield(pulling.aside(mailbox.close))
                await reader.aclose()

    @property
    def login(self) -> Login:
        return self._login

    @property
    def rules(self) -> MailboxRules:
        return self._rules

    @property
    def positions(self) -> Positions:
        return self._positions


class _Pulling:
    """One connection's life."""

    def __init__(self, mailbox: Mailbox, threads: ThreadPoolExecutor, reader: MailReader, puller: ImapPuller) -> None:
        self._mailbox, self._threads, self._reader, self._puller = mailbox, threads, reader, puller

    async def aside(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def _beyond(self, last: int) -> list[int]:
        uids = await self.aside(lambda: self._mailbox.uids(f"UID {last + 1}:*"))
        return [uid for uid in uids if uid > last]

    async def run(self, receive: Receive) -> None:
        source = self._puller.login.token
        token = await source() if source is not None else None
        validity = await self.aside(lambda: self._mailbox.open(token))
        last = await self._begin(validity)
        while True:
            new = await self._beyond(last)
            for uid in new:
                await self._take(uid, receive)
                last = uid
                await self._puller.positions.keep(validity, last)
            await self._wait(self._puller.look_every_s)

    async def _begin(self, validity: int) -> int:
        """The last UID that is stored. Of a mailbox we see for the first time, or that was made anew, the last days
        are read: what we have already is known by its Message-ID.
        """
        kept = await self._puller.positions.load()
        if kept is not None and kept[0] == validity:
            return kept[1]
        back = FIRST_LOOK_BACK if kept is None else ANEW_LOOK_BACK
        since = datetime.now(UTC) - back
        uids = await self.aside(lambda: self._mailbox.uids(f"SINCE {since.day}-{MONTHS[since.month - 1]}-{since.year}"))
        every = uids or await self.aside(lambda: self._mailbox.uids("UID *"))
        last = (uids[0] - 1) if uids else max(every, default=0)
        log.info("mailbox.begun", anew=kept is not None, waiting=len(uids))
        await self._puller.positions.keep(validity, last)
        return last

    async def _take(self, uid: int, receive: Receive) -> None:
        fetched: Fetched | None = await self.aside(lambda: self._mailbox.fetch(uid))
        if fetched is None:
            return
        letter = await self._reader.read(fetched.raw) if fetched.is_whole else None
        await take(fetched.raw, incoming_of(fetched.raw, letter, self._puller.rules, NO_ENVELOPE), receive)

    async def _wait(self, longest_s: float) -> None:
        if await self.aside(self._mailbox.can_idle):
            await self.aside(lambda: self._mailbox.wait(longest_s))
        else:
            await asyncio.sleep(min(longest_s, 5.0))
