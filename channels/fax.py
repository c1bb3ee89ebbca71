"""Fax by a gateway that mails: what is one, who sent it, and how an answer goes back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import phonenumbers

from channels.fax_writing import FaxPrinter
from channels.protocol import STORED, Channel, ChannelRequest
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Capabilities,
    DeliveryReceipt,
    DeliveryState,
    Inbound,
    Incoming,
    InDoubtPolicy,
    Mark,
    Outbound,
)

MAGIC = {b"%PDF": "application/pdf", b"II*\x00": "image/tiff", b"MM\x00*": "image/tiff", b"\x89PNG": "image/png",
         b"\xff\xd8\xff": "image/jpeg"}  # fmt: skip
NUMBER = r"(?P<number>\+?[0-9]+(?:[ ./-]{0,2}\([0-9]{1,5}\)|[ ./-]?[0-9]+){0,12})"


@dataclass(frozen=True, slots=True)
class FaxRules:
    """One fax inbox: whose mail is a fax (`gateway`, through the inbox `via`), where its subject tells the number.

    `answer_to` is the gateway's address for one number: `{number}` is E.164, `{digits}` the same without the plus.
    """

    via: str
    gateway: str
    country: str
    answer_to: str
    answer_subject: str = "Fax to {number}"
    answer_as_pdf: bool = True
    number_pattern: re.Pattern[str] = field(default_factory=lambda: re.compile(NUMBER))


@dataclass(frozen=True, slots=True)
class ReceivedFax:
    external_id: str
    sender: Address
    documents: tuple[Attachment, ...]
    language: str | None = None


def fax_inbound(rules: FaxRules, inbox_key: str, inbound: Inbound) -> ReceivedFax | None:
    """The fax in a mail of the gateway or in a signed message; None for what is none, which goes its usual way."""
    documents = documents_of(inbound.attachments)
    if inbox_key != rules.via or not documents or not _is_by_gateway(rules, inbound):
        return None
    told = inbound.sender.value if inbound.sender.kind is AddressKind.FAX else inbound.subject or ""
    sender = Address(AddressKind.FAX, number_in(told, rules) or f"withheld-{inbound.external_id}"[:200])
    return ReceivedFax(inbound.external_id, sender, documents, inbound.language)


def _is_by_gateway(rules: FaxRules, inbound: Inbound) -> bool:
    """A signed message says itself that it is a fax; a mail must be the gateway's beyond doubt."""
    if inbound.sender.kind is AddressKind.FAX:
        return True
    is_proven = Mark.UNVERIFIED_SENDER not in inbound.marks and Mark.DIFFERENT_SENDER not in inbound.marks
    return inbound.sender == Address(AddressKind.MAILTO, rules.gateway.lower()) and is_proven


def documents_of(attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """What looks like a page by its first bytes, whatever it is called."""
    typed = ((file, next((kind for magic, kind in MAGIC.items() if file.content.startswith(magic)), None))
             for file in attachments)  # fmt: skip
    return tuple(replace(file, content_type=kind) for file, kind in typed if kind is not None)


def number_in(text: str, rules: FaxRules) -> str | None:
    """The first number in E.164, read as dialled from the company's country."""
    for found in rules.number_pattern.finditer(text):
        try:
            number = phonenumbers.parse(found["number"], rules.country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


class FaxChannel:
    """Answers by the gateway's mail address, carried by the mail channel; faxes come in through another inbox."""

    name = "fax"
    capabilities = Capabilities(attachments=True, in_doubt=InDoubtPolicy.REPEAT)
    acknowledgement = STORED

    def __init__(self, rules: FaxRules, carrier: Channel, printer: FaxPrinter | None, company: str) -> None:
        self._rules, self._carrier, self._printer, self._company = rules, carrier, printer, company

    def verify(self, request: ChannelRequest) -> bool:
        del request
        return False

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        del request
        return []

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        number = outbound.recipient.value
        if outbound.recipient.kind is not AddressKind.FAX or not number.startswith("+"):
            return DeliveryReceipt(DeliveryState.FAILED, code="fax_number_withheld")
        names = {"number": number, "digits": number.removeprefix("+")}
        recipient = Address(AddressKind.MAILTO, self._rules.answer_to.format(**names))
        subject = self._rules.answer_subject.format(**names)
        letter = replace(outbound, recipient=recipient, subject=subject, in_reply_to=None, references=(), card=None)
        return await self._carrier.send(self._as_pages(letter))

    def _as_pages(self, letter: Outbound) -> Outbound:
        if self._printer is None:
            return letter
        pages = Attachment("fax.pdf", "application/pdf", self._printer.pdf(self._company, letter.text))
        return replace(letter, text="", attachments=(pages, *letter.attachments))
