"""Tries the log-ins of an e-mail inbox and says in words what is wrong."""

import asyncio
import ssl

import aiosmtplib

from channels.email_login import Login, TokenRefused
from channels.email_mailbox import LoginRefused, Mailbox, NoSuchFolder
from channels.protocol import Probe

PROBE_TIMEOUT_S = 15.0


async def probe_imap(login: Login, folder: str) -> Probe:
    where, mailbox = f"IMAP {login.host}:{login.port}", Mailbox(login, folder)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            token = await login.token() if login.token is not None else None
            await asyncio.to_thread(mailbox.open, token)
    except NoSuchFolder:
        return Probe(f"{where}: logged in, but there is no folder “{folder}”", "write its name as the server has it")
    except (OSError, TimeoutError) as error:
        return _failure(where, error)
    finally:
        mailbox.close()
    return Probe(f"{where}: logged in, folder “{folder}” is there")


async def probe_smtp(login: Login) -> Probe:
    where = f"SMTP {login.host}:{login.port}"
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            client = smtp_client(login)
            async with client:
                pass
    except aiosmtplib.SMTPAuthenticationError as error:
        return _failure(where, LoginRefused(str(error.code)))
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return _failure(where, error)
    return Probe(f"{where}: takes letters")


def smtp_client(login: Login) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=login.host, port=login.port, username=login.username, password=login.password,
        oauth_token_generator=login.token, use_tls=login.security == "tls", start_tls=login.security == "starttls",
        tls_context=login.context if login.security != "none" else None, timeout=login.timeout_s,
    )  # fmt: skip


def _failure(where: str, error: BaseException) -> Probe:
    chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
    refused = "the server refuses the log-in"
    if any(isinstance(one, TokenRefused) for one in chain):
        return Probe(f"{where}: no token is given out", "give consent once more and put the new refresh token in")
    if isinstance(error, LoginRefused):
        return Probe(f"{where}: {refused}", "check username and password; Gmail and Microsoft 365 want oauth")
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return Probe(f"{where}: its certificate is not trusted", "use the name the certificate has, or set ca_file")
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return Probe(f"{where}: TLS does not work there", "check port and security: 993/465 tls, 143/587 starttls")
    if any(isinstance(one, ConnectionRefusedError) for one in chain):
        return Probe(f"{where}: nothing listens there", "check host and port")
    return Probe(f"{where}: no answer ({type(error).__name__})", "check host, port, security and the firewall")
