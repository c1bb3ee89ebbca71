"""Foreign mail is read in processes that may die; whatever comes, the mail is kept and the next one is read."""

import sys
import time
from collections.abc import AsyncIterator

import pytest

from channels.email_ids import LetterIds
from channels.email_inbound import external_id_of, incoming_of, unreadable
from channels.email_quotes import split_reply
from channels.email_reader import MailReader
from channels.email_reading import read_letter
from channels.email_rules import MailboxRules
from crm_core.contracts import Inbound, Mark
from tests.channels.kit import PAYLOADS, payload

RULES = MailboxRules("support@oslo.example", LetterIds(b"key", "mail"))
PLAIN = b"From: Anna <anna@example.com>\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nWhere is it?\r\n"


def nested(kind: bytes, depth: int) -> bytes:
    if kind == b"rfc822":
        return b"Content-Type: message/rfc822\r\n\r\n" * depth
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))


HOSTILE = {
    "quotes in From": b"From: " + b'"' * 50_000 + b"\r\n\r\nx",
    "brackets in From": b"From: " + b"(" * 50_000 + b"\r\n\r\nx",
    "100,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
    "5,000 parameters": b"Content-Type: text/plain; " + b"; ".join(b"a*%d*=x" % n for n in range(5_000)) + b"\r\n\r\nx",
    "encoded words": b"Subject: " + b" ".join([b"=?utf-8?q?abc?="] * 12_000) + b"\r\n\r\nx",
    "multipart in multipart": nested(b"multipart", 2_000),
    "mail in mail": nested(b"rfc822", 1_500),
    "rot13": b"Content-Type: text/plain; charset=rot13\r\n\r\nabc",
    "zlib": b"Content-Type: text/plain; charset=zlib\r\n\r\nabc",
    "nothing": b"",
    "NUL": b"From: a\x00b@example.com\r\nSubject: \x00\r\n\r\n\x00\x00",
    "no text": bytes(range(256)) * 40,
    "a huge line": b"Subject: x\r\n\r\n" + b">" * 2_000_000,
    "blockquotes": b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 50_000,
    "wrote:": b"Subject: x\r\n\r\n" + b"On 1 wrote\r\n" * 50_000,
}  # fmt: skip


@pytest.fixture
async def reader() -> AsyncIterator[MailReader]:
    reader = MailReader(workers=1)
    yield reader
    await reader.aclose()


@pytest.mark.slow
async def test_e11_hostile_mail_costs_two_seconds_at_most_and_is_kept(reader: MailReader) -> None:
    assert await reader.read(PLAIN) is not None
    for name, raw in HOSTILE.items():
        started = time.perf_counter()
        letter = await reader.read(raw)
        took_s = time.perf_counter() - started
        (found, *_) = incoming_of(raw, letter, RULES)
        assert isinstance(found, Inbound), name
        assert took_s <= 2.2, (name, took_s)
        assert letter is not None or found.attachments[0].content == raw, name
    read = await reader.read(PLAIN)
    assert read is not None
    assert read.text == "Where is it?"


HANGING = """
import sys, struct, time
while True:
    size = struct.unpack("!I", sys.stdin.buffer.read(4))[0]
    sys.stdin.buffer.read(size)
    time.sleep(99 if size else 0)
    sys.stdout.buffer.write(bytes(4))
    sys.stdout.buffer.flush()
"""
DYING = """
import os, sys
sys.stdin.buffer.read(4)
sys.stdout.buffer.write(bytes(4))
sys.stdout.buffer.flush()
sys.stdin.buffer.read(5)
os._exit(1)
"""


@pytest.mark.parametrize("program", [HANGING, DYING])
async def test_a_reader_that_hangs_or_dies_loses_nothing(program: str) -> None:
    reader = MailReader(1, time_limit_s=0.3, command=(sys.executable, "-c", program))
    for _ in range(2):
        assert await reader.read(PLAIN) is None
    await reader.aclose()


async def test_what_the_process_tells_is_what_was_read(reader: MailReader) -> None:
    for path in sorted((PAYLOADS / "email").glob("talon-*.eml")):
        assert await reader.read(path.read_bytes()) == read_letter(path.read_bytes())


def test_a_mail_that_cannot_be_read_is_attached_and_marked() -> None:
    found = unreadable(PLAIN)
    assert found.marks == {Mark.UNREADABLE, Mark.UNVERIFIED_SENDER}
    assert (found.sender.value, found.attachments[0].content) == ("anna@example.com", PLAIN)


def test_two_mails_with_one_message_id_are_two() -> None:
    other = PLAIN.replace(b"Where is it?", b"Something else")
    assert external_id_of(PLAIN, "<1@example.com>") != external_id_of(other, "<1@example.com>")
    late = b"Received: by another way\r\n" + PLAIN
    assert external_id_of(PLAIN, "<1@example.com>") == external_id_of(late, "<1@example.com>")


@pytest.mark.parametrize("name", ["gmail", "android", "hotmail"])
def test_what_programs_quote_is_folded(name: str) -> None:
    letter = read_letter(payload("email", f"talon-{name}.eml"))
    assert letter.text == "Hello"
    assert letter.quoted


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("Thanks!", "On Mon, 23 Nov 2026 at 14:02, Oslo <a@b.example> wrote:\n> Hello"),
        ("Спасибо!", "23 ноября 2026 г. в 14:02, Осло <a@b.example> написал:\n> Здравствуйте"),
        ("Спасибо!", "Пн, 23 нояб. 2026, 14:02 Осло <a@b.example> пишет:\n> Здравствуйте"),
        ("¡Gracias!", "El lun, 23 nov 2026 a las 14:02, Oslo (<a@b.example>) escribió:\n> Hola"),
        ("Thanks!", "-----Original Message-----\nFrom: Oslo"),
        ("¡Gracias!", "De: Oslo <a@b.example>\nEnviado: lunes, 23 de noviembre\nPara: Ana\nAsunto: Pedido"),
        ("Спасибо!", "От: Осло\nДата: 23.11.2026\nКому: Анна\nТема: Заказ"),
        ("Thanks!", "On 23 November 2026 at 14:02 you wrote:\n> Hello"),
    ],
)
def test_quotes_of_three_languages_are_folded(said: str, quoted: str) -> None:
    assert split_reply(f"{said}\n\n{quoted}") == (said, quoted)


@pytest.mark.parametrize(
    "text", ["He wrote: hello", "From: Madrid\nI need a table", "On Monday I wrote to you.", "> only a quote"]
)
def test_words_that_look_like_a_quote_are_kept(text: str) -> None:
    assert split_reply(text) == (text, "")


def test_an_answer_below_the_quote_is_found() -> None:
    said, quoted = split_reply("On Mon, 23 Nov 2026, Oslo wrote:\n> Which order?\n\n100234")
    assert said == "100234"
    assert "Which order?" in quoted
