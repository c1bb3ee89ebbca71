"""Mail between customers and the whole product, over Postfix and Dovecot; customers use swaks, msmtp and mutt."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.printing import Printer
from bot.weekly_letters import FROM_HOUR, WeeklyLetters
from channels.email import EmailChannel
from channels.email_compose import MailStyle
from channels.email_login import Login
from config.business import read_business
from crm_core.blobs import FolderBlobStore
from crm_core.contracts import Address, AddressKind, DeliveryState
from crm_core.db import open_engine, open_sessions, unit_of_work, utc_now
from crm_core.models import User
from crm_core.report_letters import subscribe
from crm_core.staff import NewUser, viewer_of
from crm_core.states import Role
from tests.channels.kit import an_outbound
from tests.support.browser import chromium
from tests.support.mail_desk import INBOUND, answer_to, letter, mail_desk, read, text_of, verified
from tests.support.mail_stack import ANNA, DESK, GRACE, MailStack, free_ports, missing, running_mail_stack
from tests.support.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "mail servers are there")]
MARIA = "maria.lopez@example.com"  # a customer of the sample company; 100234 is hers
BORIS = "boris@customer.test"
FACT = "SEUR"


@dataclass
class Post:
    """The servers and the product behind them."""

    mail: MailStack
    stack: Stack

    def stored(self, message_id: str, patience_s: float = 20.0) -> tuple[object, ...] | None:
        """Conversation, text and content of the message with this Message-ID, once it is there."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            rows = self.stack.query(
                "select conversation_id, text, content from message where direction = 'in'"
                f" and external_id like '{message_id}#%'"
            )
            if rows:
                return rows[0]
            time.sleep(0.1)
        return None


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    with running_mail_stack() as mail:
        stack = mail_desk(tmp_path_factory.mktemp("mail") / "var", mail)
        stack.start("worker")
        try:
            post = Post(mail, stack)
            assert _told(post, "select folder from mailbox_position", 90.0) == "INBOX"
            yield post
        finally:
            stack.stop()


def test_order_data_wait_for_proof_and_come_in_the_same_thread(post: Post) -> None:
    asked = letter("Where is my order 100234?\n\n-- \nMaria", "My order", sender=MARIA)
    post.mail.send(asked.as_bytes(), sender=MARIA)
    first = read(post.mail.wait_for_letters(MARIA, 1)[0])
    assert first["In-Reply-To"] == asked["Message-ID"]
    assert first["Subject"] == "Re: My order"
    assert first["Auto-Submitted"] == "auto-replied"
    assert FACT not in text_of(first.as_bytes())
    post.mail.send(answer_to(first, f"It was {MARIA}", sender=MARIA).as_bytes(), sender=MARIA)
    second = post.mail.wait_for_letters(MARIA, 2)[1]
    assert FACT in text_of(second)
    assert first["Message-ID"] != read(second)["Message-ID"]
    conversations = post.stack.query(f"select count(distinct c.id) from conversation c join address a on"
                                     f" a.id = c.address_id where a.uri = 'mailto:{MARIA}'")  # fmt: skip
    assert conversations == [(1,)]
    _e4_a_stranger_answers(post, read(second))


def _e4_a_stranger_answers(post: Post, theirs: object) -> None:
    """Somebody else who has that letter learns nothing, and goes into a conversation of their own."""
    answer = answer_to(theirs, "Where is this order 100234 now?", sender=BORIS)  # type: ignore[arg-type]
    post.mail.send(answer.as_bytes(), sender=BORIS)
    (told,) = post.mail.wait_for_letters(BORIS, 1)
    assert FACT not in text_of(told)
    stored = post.stored(str(answer["Message-ID"]))
    assert stored is not None
    assert "different_sender" in stored[2]["marks"]  # type: ignore[index]
    assert len(post.mail.letters_of(MARIA)) == 2


def test_a_sender_whom_our_server_vouches_for_is_told_at_once(post: Post) -> None:
    tom = "tom.walsh@example.com"
    numbers = post.stack.query("select number from erp_order where customer_number = 'C1002' order by number limit 1")
    forged = letter(f"Where is my order {numbers[0][0]}?", "Hello", sender=tom)
    post.mail.send(verified(forged, "example.com"), sender=tom)
    told = text_of(post.mail.wait_for_letters(tom, 1)[0])
    assert str(numbers[0][0]) in told
    assert "Which e-mail" not in told


def test_swaks_msmtp_and_mutt_write_and_are_answered(post: Post, tmp_path: Path) -> None:
    before = len(post.mail.letters_of(ANNA))
    port, ids = post.mail.smtp, [f"<{program}.{time.time_ns()}@customer.test>" for program in ("s", "m", "u")]
    picture = tmp_path / "чек.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\nx")
    swaks = ["swaks", "--server", "127.0.0.1", "--port", str(port), "--from", ANNA, "--to", DESK, "--hide-all",
             "--header", f"Message-Id: {ids[0]}", "--header", "Subject: Horario",
             "--body", "¿Cuál es su horario?"]  # fmt: skip
    msmtp = ["msmtp", "--host=127.0.0.1", f"--port={port}", f"--from={ANNA}", "--tls=off", "--auth=off", DESK]
    mutt = ["mutt", "-F", "/dev/null", "-e", f"set smtp_url=smtp://localhost:{port}", "-e", f"set from={ANNA}", "-e",
            f"set ssl_ca_certificates_file={post.mail.ca}", "-e", "set copy=no", "-e", f"my_hdr Message-ID: {ids[2]}",
            "-s", "Чек",
            "-a", str(picture), "--", DESK]  # fmt: skip
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin:/usr/sbin", "LC_ALL": "C.UTF-8"}
    subprocess.run(swaks, check=True, env=home)
    raw = letter("When are you open?", "Hours")
    raw.replace_header("Message-ID", ids[1])
    subprocess.run(msmtp, check=True, input=raw.as_bytes(), env=home)
    subprocess.run(mutt, check=True, input="Вот чек".encode(), env=home)
    for number, said in ((ids[0], "¿Cuál es su horario?"), (ids[1], "When are you open?")):
        stored = post.stored(number)
        assert stored is not None
        assert stored[1] == said
    assert _told(post, "select name from attachment where content_type = 'image/png'") == "чек.png"
    assert len(post.mail.wait_for_letters(ANNA, before + 1)) > before


def test_lmtp_takes_nothing_it_cannot_store_and_loses_nothing(post: Post) -> None:
    """The worker away, then the database away: Postfix keeps the mail until it is stored for good."""
    post.stack.kill("worker")
    first = letter("The worker is away", "One", to=INBOUND)
    post.mail.send(first.as_bytes(), to=INBOUND)
    time.sleep(1.5)
    assert post.mail.queued() >= 1
    post.stack.start("worker")
    assert _delivered(post, str(first["Message-ID"]))
    post.stack.postgres.stop()
    second = letter("The database is away", "Two", to=INBOUND)
    post.mail.send(second.as_bytes(), to=INBOUND)
    time.sleep(2)
    assert post.mail.queued() >= 1
    post.stack.postgres.ensure_running()
    assert _delivered(post, str(second["Message-ID"]))
    stranger = letter("Nobody", to="nobody@inbound.test")
    post.mail.send(stranger.as_bytes(), to="nobody@inbound.test")


def _delivered(post: Post, message_id: str, patience_s: float = 45.0) -> bool:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        post.mail.flush()
        with suppress(Exception):
            if post.stored(message_id, 1.0) is not None:
                return True
    return False


def test_a_server_that_restarts_is_reached_again_and_nothing_is_read_twice(post: Post) -> None:
    post.mail.restart_imap()
    sent = letter("After the restart", "Restart", sender=BORIS)
    post.mail.send(sent.as_bytes(), sender=BORIS)
    assert post.stored(str(sent["Message-ID"]), 30.0) is not None
    doubled = post.stack.query("select external_id from message where direction = 'in' group by 1 having count(*) > 1")
    assert doubled == []
    assert not post.stack.query("select 1 from inbox where key = 'mail' and not active")


def test_what_cannot_be_delivered_is_told_to_the_agent(post: Post) -> None:
    """No mail leaves the machine: Postfix sends the answer back, and the report finds its message."""
    nowhere = "lost@elsewhere.test"
    sent = letter("When are you open?", "Hours", sender=nowhere)
    post.mail.send(sent.as_bytes(), sender=nowhere)
    failed = _told(post, "select delivery_code from message where delivery = 'failed'")
    marked = _told(
        post, f"select unreachable_why from address where uri = 'mailto:{nowhere}' and unreachable_why <> ''"
    )
    assert failed.startswith("bounced_5")
    assert marked.startswith("bounced_5")


def _told(post: Post, statement: str, patience_s: float = 30.0) -> str:
    """The first value, once there is one."""
    until = time.monotonic() + patience_s
    while not (rows := post.stack.query(statement)) and time.monotonic() < until:
        time.sleep(0.3)
    return str(rows[0][0]) if rows else ""


def test_the_weekly_report_arrives_once_with_its_pdf(post: Post) -> None:
    """Written as the worker's clock does it, sent by the worker in service over Postfix."""
    post.stack.add_user(NewUser(GRACE, "Grace", Role.SUPERVISOR, (), "en", "correct horse battery staple"))
    for _ in range(2):
        asyncio.run(_write_weekly(post.stack))
    (raw,) = post.mail.wait_for_letters(GRACE, 1)
    received = read(raw)
    assert received["To"] == GRACE
    assert "week" in str(received["Subject"])
    assert "/desk/reports" in text_of(raw)
    (file,) = received.iter_attachments()
    assert (file.get_content_type(), file.get_content()[:5]) == ("application/pdf", b"%PDF-")
    assert str(file.get_filename()).startswith("switchboard-")
    assert post.stack.query("select 1 from job where kind = 'mail'") == []
    assert len(post.mail.letters_of(GRACE)) == 1


async def _write_weekly(stack: Stack) -> None:
    engine = open_engine(stack.url, pool_size=2)
    sessions, now = open_sessions(engine), utc_now()
    async with unit_of_work(sessions) as session:
        user = (await session.scalars(select(User).where(User.email == GRACE))).one()
        await subscribe(session, now, viewer_of(user), wanted=True)
    business, blobs = read_business(stack.directory / "config"), FolderBlobStore(stack.directory / "blobs")
    letters = WeeklyLetters(sessions, business, blobs, Printer(chromium()), "https://desk.test")
    local = now.astimezone(ZoneInfo(business.company.time_zone))
    is_too_early = local.weekday() == 0 and local.hour < FROM_HOUR  # then the letter of the week before
    await letters.write(now - timedelta(hours=12 * is_too_early))
    await engine.dispose()


def test_a_cut_in_the_middle_of_a_send_gives_one_letter(post: Post) -> None:
    """`smtp-sink -q DATA` hangs up after DATA; the repeat, to the real server, has the same Message-ID."""
    (port,) = free_ports(1)
    sink = subprocess.Popen(["smtp-sink", "-u", "postfix", "-q", "DATA", f"127.0.0.1:{port}", "10"])
    try:
        _wait(port)
        outbound = replace(an_outbound(Address(AddressKind.MAILTO, BORIS), number=990), subject="Cut")
        style = MailStyle(DESK)
        cut = asyncio.run(EmailChannel(Login("127.0.0.1", port, "none", timeout_s=3), style, b"k").send(outbound))
        assert (cut.state, cut.retryable) == (DeliveryState.FAILED, True)
        real = EmailChannel(Login("127.0.0.1", post.mail.smtp, "none", timeout_s=10), style, b"k")
        receipts = [asyncio.run(real.send(outbound)) for _ in range(2)]
    finally:
        sink.terminate()
        sink.wait()
    assert len({receipt.external_id for receipt in receipts}) == 1
    until = time.monotonic() + 10
    while time.monotonic() < until and not (found := [read(one) for one in post.mail.letters_of(BORIS)
                                                      if read(one)["Subject"] == "Cut"]):  # fmt: skip
        time.sleep(0.1)
    assert {str(one["Message-ID"]) for one in found} == {receipts[0].external_id}


def _wait(port: int) -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
