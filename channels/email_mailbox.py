"""One IMAP mailbox, in blocking calls: log in, list what is new, fetch without marking it read, wait for more."""

import imaplib
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from imap_tools.errors import ImapToolsError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted

from channels.email_login import Login
from channels.email_reader import MOST_BYTES

IDLE_STEP_S = 1.0
HEADER_BYTES = 100_000
LOST = (OSError, imaplib.IMAP4.error, ImapToolsError)
Told = TypeVar("Told")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxLost(OSError):
    """The server ended the connection or does not do as it should."""


class LoginRefused(OSError):
    """Wrong name, password or token."""


class NoSuchFolder(OSError):
    """There is no folder of this name."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """`is_whole` is False for a mail over MOST_BYTES: only its head was fetched, the mail stays where it is."""

    uid: int
    raw: bytes
    is_whole: bool = True


class Mailbox:
    """A connection; not for several threads at once, but `stop` may come from any."""

    def __init__(self, login: Login, folder: str) -> None:
        self._login, self._folder = login, folder
        self._stopping = threading.Event()
        self._box: BaseMailBox | None = None

    def open(self, token: str | None = None) -> int:
        """Connect and log in; the folder's UIDVALIDITY. Raises LoginRefused, NoSuchFolder, OSError."""
        try:
            self._box = self._connect()
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            raise MailboxLost(type(error).__name__) from error
        self._log_in(self._box, token)
        try:
            self._box.folder.set(self._folder, readonly=True)
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            raise NoSuchFolder(self._folder) from error
        (said,) = self._box.client.response("UIDVALIDITY")[1][:1] or (None,)
        return int(said or 0)

    def _connect(self) -> BaseMailBox:
        login = self._login
        if login.security == "none":
            return MailBoxUnencrypted(login.host, login.port, timeout=login.timeout_s)
        if login.security == "starttls":
            return MailBoxStartTls(login.host, login.port, timeout=login.timeout_s, ssl_context=login.context)
        return MailBox(login.host, login.port, timeout=login.timeout_s, ssl_context=login.context)

    def _log_in(self, box: BaseMailBox, token: str | None) -> None:
        login = self._login
        try:
            if token is not None:
                box.xoauth2(login.username or "", token, initial_folder=None)
            elif (login.username or "").isascii() and (login.password or "").isascii():
                box.login(login.username or "", login.password or "", initial_folder=None)
            else:
                box.login_utf8(login.username or "", login.password or "", initial_folder=None)
        except imaplib.IMAP4.abort as error:
            raise MailboxLost("closed while logging in") from error
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            raise LoginRefused("the log-in is refused") from error

    def uids(self, criteria: str) -> list[int]:
        """In order. A search for UIDs beyond the last one gives the last one (RFC 9051 section 6.4.4)."""
        self._told(lambda box: box.client.response("EXISTS"))  # what is told from here on may not be in the result
        return sorted(int(uid) for uid in self._told(lambda box: box.uids(criteria, charset=None)))

    def fetch(self, uid: int) -> Fetched | None:
        """None when it is gone: somebody deleted or moved it."""
        told = self._told(lambda box: box.client.uid("fetch", str(uid), "(RFC822.SIZE)"))[1]
        line = next((part for part in told if isinstance(part, bytes)), b"")
        found = _SIZE.search(line)
        if found is None:
            return None
        is_whole = int(found[1]) <= MOST_BYTES
        what = "(BODY.PEEK[])" if is_whole else f"(BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)"
        parts = self._told(lambda box: box.client.uid("fetch", str(uid), what))[1]
        raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
        return None if raw is None else Fetched(uid, raw, is_whole)

    def wait(self, longest_s: float) -> None:
        """Until the server tells of something, `stop` is called or the time is over (RFC 2177).

        What it told at the end of another command it does not tell again.
        """
        if self._told(_was_told):
            return
        self._told(_start_idle)
        until = time.monotonic() + longest_s
        while not self._stopping.is_set() and time.monotonic() < until and not self._told(_has_unread):
            started = time.monotonic()
            step_s = min(IDLE_STEP_S, max(0.01, until - started))
            if self._told(partial(_poll, step_s)):
                break
            if time.monotonic() - started < step_s / 2:  # nothing, and at once: the other side has hung up
                break
        self._told(lambda box: box.idle.stop())  # type: ignore[no-untyped-call]

    def can_idle(self) -> bool:
        return self._box is not None and "IDLE" in self._box.client.capabilities

    def stop(self) -> None:
        self._stopping.set()

    def close(self) -> None:
        box, self._box = self._box, None
        if box is not None:
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                box.client.sock.shutdown(socket.SHUT_RDWR)
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                box.client.shutdown()

    def _told(self, ask: Callable[[BaseMailBox], Told]) -> Told:
        if self._box is None:
            raise MailboxLost("not open")
        try:
            return ask(self._box)
        except LOST as error:
            raise MailboxLost(type(error).__name__) from error


def _poll(step_s: float, box: BaseMailBox) -> bool:
    return bool(box.idle.poll(step_s))


def _has_unread(box: BaseMailBox) -> bool:
    """What came in one piece with an earlier answer lies in a buffer, where waiting for the socket does not see it."""
    client = box.client
    before = client.sock.gettimeout()
    client.sock.settimeout(0)
    try:
        return bool(client.file.peek(1))  # type: ignore[union-attr]
    except OSError:
        return False
    finally:
        client.sock.settimeout(before)


def _was_told(box: BaseMailBox) -> bool:
    return "EXISTS" in box.client.untagged_responses


def _start_idle(box: BaseMailBox) -> None:
    """imap-tools takes a notice before the server's “+” for a refusal."""
    client = box.client
    box.idle._idle_tag = client._command("IDLE")  # noqa: SLF001
    while client._get_response() is not None:  # noqa: SLF001
        continue
