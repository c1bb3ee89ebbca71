"""A letter as what the core understands: a message, or the report that one of ours did not arrive."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.email_address import addresses_in, canonical, without_tag
from channels.email_automatic import is_automatic
from channels.email_bounces import bounced_message, failure_of, is_final
from channels.email_files import attachments_of, inline_places
from channels.email_letter import Letter
from channels.email_rules import NO_ENVELOPE, Envelope, MailboxRules, tags_of
from channels.email_trust import only_sender, verified_sender
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Identity,
    Inbound,
    Incoming,
    JsonObject,
    Mark,
    MessageId,
    Reachability,
)

MESSAGE_ID = re.compile(r"<[^<>\s]{1,400}>")
MOST_RAW = 256_000  # bytes of the original kept beside a mail that could be read
MOST_REFERENCES = 50
HEADER_FROM = re.compile(rb"^From:([^\r\n]{1,400})", re.IGNORECASE | re.MULTILINE)
BARE_ADDRESS = re.compile(rb"[\w.+-]{1,64}@[\w.-]{1,190}\.[A-Za-z]{2,20}")
BODY = re.compile(rb"\r?\n\r?\n")
HEAD_BYTES = 65_536


def incoming_of(
    raw: bytes, letter: Letter | None, rules: MailboxRules, envelope: Envelope = NO_ENVELOPE
) -> list[Incoming]:
    """Never empty: every mail becomes something. `letter` is None for one that could not be read."""
    if letter is None:
        return [unreadable(raw)]
    bounced = bounced_message(letter, rules, envelope)
    if bounced is not None and letter.report is not None and is_final(letter.report):
        return list(failure_of(bounced, letter.report))
    inbound = inbound_of(raw, letter, rules, envelope)
    if inbound.is_automatic or not (inbound.identity or inbound.in_reply_to):
        return [inbound]
    return [inbound, Reachability(inbound.sender, is_reachable=True, reason="wrote_again")]


def inbound_of(raw: bytes, letter: Letter, rules: MailboxRules, envelope: Envelope = NO_ENVELOPE) -> Inbound:
    external_id = external_id_of(raw, letter.first("message-id"))
    verified = verified_sender(letter, rules.authserv_id, rules.own_hops)
    name = next((name for name, _ in letter.senders if name), None)
    return Inbound(
        external_id, Address(AddressKind.MAILTO, sender_of(letter, external_id)), letter.text,
        thread_key=root_of(letter) or external_id, subject=letter.subject or None, sent_at=sent_at(letter),
        identity=Identity(email=verified, name=name) if verified else None,
        attachments=attachments_of(raw, letter), raw=raw if len(raw) <= MOST_RAW else raw[:HEAD_BYTES],
        in_reply_to=answered(letter, rules, envelope), marks=frozenset(_marks(letter, rules, envelope, verified)),
        extra=_extra(letter, name),
    )  # fmt: skip


def unreadable(raw: bytes) -> Inbound:
    """Only the original could be kept; a person opens it."""
    external_id = external_id_of(raw, "")
    found = HEADER_FROM.search(raw[:HEAD_BYTES])
    written = BARE_ADDRESS.findall(found[1]) if found else []
    sender = canonical(written[-1].decode("ascii", errors="ignore")) if len(written) == 1 else ""
    original = Attachment("message.eml", "message/rfc822", raw)
    return Inbound(
        external_id, Address(AddressKind.MAILTO, sender or _nobody(external_id)), "", thread_key=external_id,
        attachments=(original,), raw=raw[:HEAD_BYTES],
        marks=frozenset({Mark.UNREADABLE, Mark.UNVERIFIED_SENDER}),
    )  # fmt: skip


def external_id_of(raw: bytes, message_id: str) -> str:
    """The Message-ID with a digest of the content: two mails that share an id are still two."""
    head, _, body = _split(raw)
    told = [line for line in head.splitlines() if line[:5].lower() in (b"from:", b"date:", b"subje")]
    digest = hashlib.sha256(b"\n".join([*told, body])).hexdigest()[:24]
    found = MESSAGE_ID.search(message_id)
    return f"{found[0]}#{digest}" if found else f"#{digest}"


def message_id_of(external_id: str) -> str:
    """The Message-ID in an external id; empty when the mail had none."""
    return external_id.rpartition("#")[0] if "#" in external_id else external_id


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    found = BODY.search(raw)
    return (raw[: found.start()], found[0], raw[found.end() :]) if found else (raw, b"", b"")


def sender_of(letter: Letter, external_id: str) -> str:
    """One canonical address; without any, one that nothing can be sent to."""
    return only_sender(letter) or next((address for _, address in letter.senders), _nobody(external_id))


def _nobody(external_id: str) -> str:
    return f"unknown.{external_id.rpartition('#')[2]}@sender.invalid"


def root_of(letter: Letter) -> str:
    """The first letter of the thread as this one names it."""
    return next(iter(references_of(letter)), "")


def references_of(letter: Letter) -> list[str]:
    """Root first, the one that is answered last (RFC 5322 section 3.6.4)."""
    named = [*letter.values("references"), *letter.values("in-reply-to")]
    return [found for value in named for found in MESSAGE_ID.findall(value)][-MOST_REFERENCES:]


def answered(letter: Letter, rules: MailboxRules, envelope: Envelope) -> MessageId | None:
    """Our message that this one answers: by a signed Message-ID, else by the signed address it was sent to."""
    by_id = rules.ids.in_message_ids(references_of(letter))
    return by_id or next((found for tag in tags_of(letter, envelope) if (found := rules.ids.in_reply_tag(tag))), None)


def _marks(letter: Letter, rules: MailboxRules, envelope: Envelope, verified: str | None) -> Iterator[Mark]:
    has_no_return = envelope.sender is not None and envelope.sender in ("", "<>")
    if has_no_return or is_automatic(letter, without_tag(rules.address)):
        yield Mark.AUTOMATIC
    if verified is None:
        yield Mark.UNVERIFIED_SENDER


def _extra(letter: Letter, name: str | None) -> JsonObject:
    extra: JsonObject = {}
    others = sorted({address for _, address in letter.senders})
    reply_to = next((address for _, address in addresses_in(letter.values("reply-to")[:1])), None)
    told: JsonObject = {
        "quoted": letter.quoted, "html": letter.html, "inline": inline_places(letter), "sender_name": name,
        "reply_to": reply_to, "senders": [*others] if len(others) > 1 else None, "left_out": letter.left_out,
    }  # fmt: skip
    extra.update({key: value for key, value in told.items() if value})
    return extra


def sent_at(letter: Letter) -> datetime | None:
    try:
        at = parsedate_to_datetime(letter.first("date"))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
