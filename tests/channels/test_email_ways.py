"""The ways in and out: 250 only after the commit, tokens fetched in time, letters in their thread."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime

import httpx
import pytest
from pydantic import ValidationError

from channels.email_compose import MailStyle, compose, envelope_sender
from channels.email_ids import LetterIds
from channels.email_lmtp import MailServerPuller
from channels.email_login import RefreshedToken, TokenRefused, TokenRequest
from channels.email_rules import MailboxRules
from channels.email_taking import take
from config.inboxes import EmailInbox
from crm_core.contracts import Address, AddressKind, Inbound, Incoming, Mark, Quote
from crm_core.errors import InvalidInput, Unavailable
from tests.channels.kit import an_outbound
from tests.channels.test_email import AT
from tests.support.mail_stack import free_ports

DESK = "support@oslo.example"
RULES = MailboxRules(DESK, LetterIds(b"key", "mail"))
RAW = b"From: anna@example.com\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nWhere is it?\r\n"
STYLE = MailStyle(
    f"Oslo & Co. <{DESK}>", "Oslo & Co.", "Oslo & Co.\noslo.example", "Europe/Madrid", plus_addresses=True
)
ANNA = Address(AddressKind.MAILTO, "anna@example.com")
Receive = Callable[[Incoming], Awaitable[None]]


@asynccontextmanager
async def lmtp(receive: Receive) -> AsyncIterator[int]:
    (port,) = free_ports(1)
    running = asyncio.create_task(MailServerPuller("127.0.0.1", port, RULES).run(receive))
    for _ in range(100):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            break
        await asyncio.sleep(0.02)
    yield port
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def hand_over(port: int, to: str = DESK) -> tuple[int, bytes]:
    """The answer to the mail itself, or to its recipient."""
    with smtplib.LMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("anna@example.com")
        code, said = client.rcpt(to)
        return (code, said) if code >= 400 else client.data(RAW)


async def answer_of(receive: Receive, to: str = DESK) -> int:
    async with lmtp(receive) as port:
        return (await asyncio.to_thread(hand_over, port, to))[0]


async def test_a_mail_that_is_stored_is_acknowledged() -> None:
    stored: list[Incoming] = []

    async def receive(incoming: Incoming) -> None:
        stored.append(incoming)

    assert await answer_of(receive, "support+tag@OSLO.example") == 250
    (found,) = stored
    assert isinstance(found, Inbound)
    assert (found.text, found.raw) == ("Where is it?", RAW)


@pytest.mark.parametrize("error", [Unavailable("down"), OSError("down"), TimeoutError()])
async def test_a_mail_that_is_not_stored_is_to_be_sent_again(error: Exception) -> None:
    async def receive(incoming: Incoming) -> None:
        raise error

    assert await answer_of(receive) == 451


async def test_a_server_that_acknowledges_first_would_be_found_out() -> None:
    """The broken variant: what it told before storing is gone when storing fails."""

    async def receive(incoming: Incoming) -> None:
        async def later() -> None:
            raise Unavailable("down")

        task = asyncio.create_task(later())
        task.add_done_callback(lambda done: done.exception())

    assert await answer_of(receive) != 451


async def test_other_recipients_are_refused() -> None:
    async def receive(incoming: Incoming) -> None:
        raise AssertionError

    assert await answer_of(receive, "sales@oslo.example") == 550


async def test_what_the_core_refuses_is_kept_as_its_original() -> None:
    kept: list[Incoming] = []

    async def receive(incoming: Incoming) -> None:
        if isinstance(incoming, Inbound) and Mark.UNREADABLE not in incoming.marks:
            raise InvalidInput("no")
        kept.append(incoming)

    await take(RAW, [Inbound("<1@example.com>#a", ANNA, "x")], receive)
    (found,) = kept
    assert isinstance(found, Inbound)
    assert found.attachments[0].content == RAW


def test_an_agent_s_letter_has_name_signature_and_what_it_answers() -> None:
    quote = Quote("Where is it?\nAnna", datetime.fromisoformat("2026-11-23T13:02:00+00:00"))
    outbound = replace(
        an_outbound(ANNA, "On its way."), subject="Hello", by_person=True, agent_name="Elena", quotes=quote,
        language="es", in_reply_to="<2@example.com>#b", references=("<1@example.com>#a", "#c", "<2@example.com>#b"),
    )  # fmt: skip
    letter = compose(outbound, STYLE, AT, b"key")
    assert letter["From"] == '"Elena (Oslo & Co.)" <support@oslo.example>'
    assert (letter["Subject"], letter["In-Reply-To"]) == ("Re: Hello", "<2@example.com>")
    assert letter["References"] == "<1@example.com> <2@example.com>"
    assert "Auto-Submitted" not in letter
    text = letter.get_content().replace("\r\n", "\n")
    assert text == (
        "On its way.\n\n-- \nElena\nOslo & Co.\noslo.example\n\n"
        "El 23 de noviembre de 2026 a las 14:02 usted escribió:\n> Where is it?\n> Anna\n"
    )


def test_answers_and_bounces_come_back_to_signed_addresses() -> None:
    outbound, ids = an_outbound(ANNA), LetterIds(b"key", "inbox")
    assert ids.reply_address(77, DESK) in str(compose(outbound, STYLE, AT, b"key")["Reply-To"])
    assert envelope_sender(outbound, STYLE, b"key") == ids.bounce_address(77, DESK)
    assert envelope_sender(outbound, replace(STYLE, plus_addresses=False), b"key") == DESK


def test_a_subject_gets_one_prefix() -> None:
    outbound = replace(an_outbound(ANNA), subject="RE: Hello", in_reply_to="<2@example.com>#b")
    assert compose(outbound, STYLE, AT)["Subject"] == "RE: Hello"


async def test_a_token_is_fetched_once_until_it_ends() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content.decode())
        return httpx.Response(200, json={"access_token": f"t{len(asked)}", "expires_in": 3600})

    token = RefreshedToken(TokenRequest("https://id.example/token", "me", "r"), httpx.MockTransport(answer))
    assert await asyncio.gather(token(), token(), token()) == ["t1", "t1", "t1"]
    assert asked == ["grant_type=refresh_token&client_id=me&refresh_token=r"]


@pytest.mark.parametrize(
    "answer", [httpx.Response(400, json={"error": "invalid_grant"}), httpx.Response(200, text="hello")]
)
async def test_a_provider_that_gives_no_token_is_told_apart(answer: httpx.Response) -> None:
    token = RefreshedToken(TokenRequest("https://id.example/token", "me", "r"), httpx.MockTransport(lambda _: answer))
    with pytest.raises(TokenRefused):
        await token()


SERVER = {"host": "mail.example.com", "port": 993}
ENTRY = {"key": "mail", "name": "Mail", "channel": "email", "address": DESK, "imap": SERVER, "smtp": SERVER}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"imap": None}, "say where mail comes from"),
        ({"address": "support"}, "pattern"),
        ({"smtp": {**SERVER, "security": "none", "username": "a"}}, "in the clear"),
        ({"imap": {**SERVER, "oauth": {"client_id": "x"}}}, "token_env"),
        ({"imap": {**SERVER, "password": "secret"}}, "extra"),
    ],
)
def test_a_wrong_entry_says_what_to_do(change: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        EmailInbox.model_validate(ENTRY | change)


def test_the_smallest_entry_is_enough() -> None:
    assert EmailInbox.model_validate(ENTRY).folder == "INBOX"
