"""Fax: what counts as one, what tesseract reads on it, and what goes back to the gateway."""

import io
import re
import sys
import time
from dataclasses import replace

import pytest
from PIL import Image

from channels import fax_reading
from channels.email import letters
from channels.fax import FaxChannel, FaxRules, documents_of, fax_inbound, number_in
from channels.fax_reading import read_fax, tidied
from channels.protocol import STORED, ChannelRequest
from config.settings import SmtpSettings
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Capabilities,
    DeliveryReceipt,
    DeliveryState,
    Inbound,
    Incoming,
    Mark,
    Outbound,
)
from tests.channels.kit import an_outbound
from tests.support.fax import PRINTER, a_tiff, needs_tesseract

RULES = FaxRules("mail", "fax@gateway.example", "ES", "{digits}@out.gateway.example")
GATEWAY = Address(AddressKind.MAILTO, "fax@gateway.example")
TIFF = Attachment("fax.tif", "image/tiff", b"II*\x00rest")
LANGUAGES = ("en", "ru", "es")
LETTERS = {
    "en": "Good morning,\nwhere is my order 100234? It should have come on Monday.",
    "ru": "Здравствуйте!\nГде мой заказ 100234? Он должен был прийти в понедельник.",
    "es": "Buenos días:\n¿Dónde está mi pedido 100234? Tenía que llegar el lunes.",
}
WORDS = {"en": "should have come", "ru": "должен был прийти", "es": "Tenía que llegar"}


def a_mail(**changes: object) -> Inbound:
    mail = Inbound("<1@gateway.example>", GATEWAY, "See the fax.", subject="Fax from +34 600 111 222 (2 pages)")
    return replace(mail, attachments=(TIFF,), **changes)


def test_the_gateways_mail_is_a_fax_of_the_number_in_its_subject() -> None:
    fax = fax_inbound(RULES, "mail", a_mail())
    assert fax is not None
    assert (fax.sender.uri, fax.external_id, fax.documents) == ("fax:+34600111222", "<1@gateway.example>", (TIFF,))


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": Address(AddressKind.MAILTO, "eve@example.com")},
        {"marks": frozenset({Mark.UNVERIFIED_SENDER})},
        {"marks": frozenset({Mark.DIFFERENT_SENDER})},
        {"attachments": ()},
        {"attachments": (Attachment("fax.tif", "image/tiff", b"MZ\x90"),)},
    ],
)
def test_what_is_not_the_gateways_beyond_doubt_stays_a_mail(changes: dict[str, object]) -> None:
    assert fax_inbound(RULES, "mail", replace(a_mail(), **changes)) is None


def test_only_the_named_inbox_brings_faxes() -> None:
    assert fax_inbound(RULES, "other", a_mail()) is None


def test_a_signed_message_says_itself_that_it_is_a_fax() -> None:
    sender = Address(AddressKind.FAX, "+34600111222")
    fax = fax_inbound(RULES, "mail", a_mail(sender=sender, subject=None))
    assert fax is not None
    assert fax.sender == sender


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Fax from 600 111 222", "+34600111222"), ("Fax from +7 (495) 123-45-67", "+74951234567"),
        ("Fax 2026-11 from +34600111222", "+34600111222"), ("Fax from anonymous", None), ("", None),
        ("Fax 99999999999999999999", None),
    ],
)  # fmt: skip
def test_the_number_is_read_as_dialled_from_the_companys_country(subject: str, number: str | None) -> None:
    assert number_in(subject, RULES) == number


def test_a_pattern_of_ones_own_finds_the_number() -> None:
    rules = replace(RULES, number_pattern=re.compile(r"CSID=(?P<number>\d+)"))
    assert number_in("Job 34911222333 CSID=600111222", rules) == "+34600111222"


def test_withheld_numbers_are_different_people() -> None:
    first, second = (fax_inbound(RULES, "mail", a_mail(subject="Fax", external_id=n)) for n in ("<1@g>", "<2@g>"))
    assert first is not None
    assert second is not None
    assert first.sender != second.sender


def test_documents_are_known_by_their_first_bytes() -> None:
    files = [Attachment("x.bin", "application/octet-stream", start) for start in (b"%PDF-1.4", b"MM\x00*", b"PK\x03")]
    assert [file.content_type for file in documents_of(files)] == ["application/pdf", "image/tiff"]


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_tiff_is_read(language: str) -> None:
    found = await read_fax([a_tiff(LETTERS[language])], LANGUAGES)
    assert (len(found.pages), found.is_whole, found.is_blank) == (1, True, False)
    assert "100234" in found.text
    assert WORDS[language] in found.text


@needs_tesseract
@pytest.mark.slow
async def test_pages_of_tiff_and_pdf_come_in_order_and_in_their_true_shape() -> None:
    found = await read_fax(
        [a_tiff("Page one of two", "Page two", dense=False), PRINTER.pdf("Third", "100235")], LANGUAGES
    )
    shapes = [Image.open(io.BytesIO(page)).size for page in found.pages]
    assert len(shapes) == 3
    assert all(1.3 < height / width < 1.5 for width, height in shapes)
    assert re.search(r"one.*two.*Third.*100235", found.text, re.DOTALL)


@needs_tesseract
async def test_an_empty_page_says_nothing() -> None:
    found = await read_fax([a_tiff("")], LANGUAGES)
    assert (len(found.pages), found.is_blank) == (1, True)


@pytest.mark.parametrize("document", [b"%PDF-1.4 broken", b"II*\x00broken", b"", b"%PDF" + b"\xff" * 100_000])
async def test_a_broken_document_is_left_to_a_person(document: bytes) -> None:
    found = await read_fax([document], LANGUAGES)
    assert (found.pages, found.is_whole, found.is_blank) == ((), False, True)


async def test_a_picture_that_unfolds_to_gigabytes_is_not_unfolded() -> None:
    bomb = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(bomb, "TIFF", compression="group4")
    started = time.monotonic()
    found = await read_fax([bomb.getvalue()], LANGUAGES)
    assert (found.pages, found.is_whole) == ((), False)
    assert time.monotonic() - started < 10


async def test_a_program_that_hangs_is_killed() -> None:
    started = time.monotonic()
    told = await fax_reading._run((sys.executable, "-c", "import time; time.sleep(60)"), b"", 0.5)
    assert told == (b"", False)
    assert time.monotonic() - started < 5


async def test_without_tesseract_the_pages_are_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fax_reading.shutil, "which", lambda _: None)
    found = await read_fax([a_tiff("Order 100234")], LANGUAGES)
    assert (len(found.pages), found.is_whole, found.is_blank) == (1, False, True)


def test_text_is_tidied() -> None:
    assert tidied("  a \t b\n\n\n\n\nc\x0c\x00 ") == "a b\n\nc"


class Carrier:
    """Keeps what the mail channel would carry."""

    name = "email"
    capabilities = Capabilities(attachments=True)
    acknowledgement = STORED

    def __init__(self) -> None:
        self.letters: list[Outbound] = []

    def verify(self, request: ChannelRequest) -> bool:
        return False

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        return []

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        self.letters.append(outbound)
        return DeliveryReceipt(DeliveryState.SENT, external_id="<1@oslo.example>")


CALLER = Address(AddressKind.FAX, "+34600111222")


@needs_tesseract
@pytest.mark.slow
async def test_an_answer_goes_to_the_gateway_as_a_page_that_can_be_read() -> None:
    carrier = Carrier()
    await FaxChannel(RULES, carrier, PRINTER, "Oslo").send(an_outbound(CALLER, "Заказ 100234 в пути. ¡Gracias!"))
    [letter] = carrier.letters
    assert (letter.recipient.uri, letter.subject) == ("mailto:34600111222@out.gateway.example", "Fax to +34600111222")
    [page] = letter.attachments
    read = await read_fax([page.content], LANGUAGES)
    assert "Заказ 100234 в пути" in read.text
    assert "Oslo" in read.text


async def test_an_answer_as_text_is_a_plain_letter() -> None:
    carrier = Carrier()
    await FaxChannel(RULES, carrier, None, "Oslo").send(an_outbound(CALLER, "Your order is on its way."))
    assert (carrier.letters[0].text, carrier.letters[0].attachments) == ("Your order is on its way.", ())


async def test_a_withheld_number_cannot_be_answered() -> None:
    carrier = Carrier()
    receipt = await FaxChannel(RULES, carrier, None, "Oslo").send(an_outbound(Address(AddressKind.FAX, "withheld-1")))
    assert (receipt.state, receipt.code, carrier.letters) == (DeliveryState.FAILED, "fax_number_withheld", [])


async def test_a_mail_server_that_is_away_is_tried_again() -> None:
    carrier = letters(SmtpSettings(host="127.0.0.1", port=9, starttls=False, sender="shop@oslo.example"))
    receipt = await FaxChannel(RULES, carrier, None, "Oslo").send(an_outbound(CALLER))
    assert (receipt.code, receipt.retryable) == ("smtp_unreachable", True)


def test_a_long_answer_takes_several_pages() -> None:
    pdf = PRINTER.pdf("Oslo", "word " * 3000)
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 20


def test_nothing_comes_in_by_webhook() -> None:
    channel = FaxChannel(RULES, Carrier(), None, "Oslo")
    assert (channel.verify(ChannelRequest("POST", "/")), channel.parse(ChannelRequest("POST", "/"))) == (False, [])
