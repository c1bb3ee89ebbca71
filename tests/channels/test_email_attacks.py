"""What people do to mail: forged senders, ids, headers, names, loops. Numbers are those of our list of attacks."""

import re
from dataclasses import replace
from email.message import EmailMessage

import pytest

from channels.email_compose import MailStyle, compose
from channels.email_html import clean_html
from channels.email_ids import LetterIds
from channels.email_inbound import incoming_of
from channels.email_reading import read_letter
from channels.email_rules import Envelope, MailboxRules
from channels.email_trust import verified_sender
from crm_core.contracts import (
    Address,
    AddressKind,
    DeliveryState,
    DeliveryUpdate,
    Inbound,
    Incoming,
    Mark,
    MessageId,
    Reachability,
)
from tests.channels.kit import an_outbound, payload
from tests.channels.test_email import AT

DESK = "support@oslo.example"
IDS = LetterIds(b"key", "mail")
RULES = MailboxRules(DESK, IDS, authserv_id="mx.oslo.example")
PASS = "Authentication-Results: mx.oslo.example; dmarc=pass header.from=example.com"


def mail(*headers: str, body: str = "Where is my order?", sender: str | None = "anna@example.com") -> bytes:
    own = [f"From: {sender}"] if sender else []
    lines = [*headers, *own, f"To: {DESK}", "Subject: Order", "Message-ID: <1@example.com>"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8", errors="surrogateescape")


def taken(raw: bytes, envelope: Envelope | None = None) -> list[Incoming]:
    return incoming_of(raw, read_letter(raw), RULES, envelope or Envelope())


def message(raw: bytes, envelope: Envelope | None = None) -> Inbound:
    (first, *_) = taken(raw, envelope)
    assert isinstance(first, Inbound)
    return first


def answering(message_id: str) -> str:
    return f"In-Reply-To: {message_id}"


@pytest.mark.parametrize(
    "forged",
    [
        "<sb.77.0000000000000000@oslo.example>", "<sb.77@oslo.example>", "<77@oslo.example>",
        "<sb.78.{mac}@oslo.example>", "<sb.77.{mac}0@oslo.example>", "<xsb.77.{mac}@oslo.example>",
        "sb.77.{mac}@oslo.example",
    ],
)  # fmt: skip
def test_e1_e3_an_id_that_we_did_not_sign_links_nothing(forged: str) -> None:
    mac = IDS.message_id(77, "oslo.example").split(".")[2].partition("@")[0]
    assert message(mail(answering(forged.format(mac=mac)))).in_reply_to is None


def test_our_own_id_links_whatever_the_domain_became() -> None:
    assert message(mail(answering(IDS.message_id(77, "other.example")))).in_reply_to == 77


def test_an_id_of_another_inbox_or_key_links_nothing() -> None:
    for stranger in (LetterIds(b"other", "mail"), LetterIds(b"key", "other")):
        assert message(mail(answering(stranger.message_id(77, "oslo.example")))).in_reply_to is None


def test_the_signed_reply_address_links_and_the_bounce_address_does_not() -> None:
    for address, expected in ((IDS.reply_address(77, DESK), 77), (IDS.bounce_address(77, DESK), None)):
        assert message(mail(), Envelope("anna@example.com", (address,))).in_reply_to == expected


@pytest.mark.parametrize(
    "results",
    [
        "Authentication-Results: mx.oslo.example; dmarc=fail header.from=example.com",
        "Authentication-Results: mx.oslo.example; spf=pass smtp.mailfrom=example.com",
        "Authentication-Results: mx.oslo.example; dmarc=pass header.from=evil.example",
        "Authentication-Results: mx.oslo.example; dmarc=pass",
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=example.com",
        "Authentication-Results: mx.oslo.example.evil; dmarc=pass header.from=example.com",
        "Authentication-Results: evil (mx.oslo.example); dmarc=pass header.from=example.com",
        f"{PASS}\r\nAuthentication-Results: mx.oslo.example; dmarc=fail header.from=example.com",
        f"Received: by mx.oslo.example\r\nReceived: from evil\r\n{PASS}",
        f"Date: Mon, 23 Nov 2026 14:02:00 +0000\r\n{PASS}",
        "X-Authentication-Results: mx.oslo.example; dmarc=pass header.from=example.com",
        "",
    ],
)
def test_e5_e6_only_our_own_server_vouches_for_a_sender(results: str) -> None:
    found = message(mail(*filter(None, [results])))
    assert Mark.UNVERIFIED_SENDER in found.marks
    assert found.identity is None


@pytest.mark.parametrize(
    "results", [PASS, f"Received: by mx.oslo.example\r\n{PASS}", PASS.replace("pass", "pass (p=none)")]
)
def test_e5_what_our_server_vouches_for_is_verified(results: str) -> None:
    found = message(mail(results))
    assert found.identity is not None
    assert (found.identity.email, found.marks) == ("anna@example.com", frozenset())


def test_e6_a_result_below_the_sender_s_own_lines_is_theirs() -> None:
    raw = mail().replace(b"To: ", PASS.encode() + b"\r\nTo: ")
    assert verified_sender(read_letter(raw), "mx.oslo.example", 5) is None


@pytest.mark.parametrize(
    ("header", "stored"),
    [
        ("From: anna@example.com\r\nFrom: boris@example.com", "anna@example.com"),
        ("From: anna@example.com, boris@example.com", "anna@example.com"),
        ("From: undisclosed: anna@example.com, boris@example.com;", "anna@example.com"),
        ('From: "support@shop.example" <evil@example.com>', "evil@example.com"),
        ("From: =?utf-8?q?support=40shop=2Eexample?= <Evil@Example.COM>", "evil@example.com"),
        ("From: a\x00nna@example.com", None),
        ("From: Anna", None),
        ("From: ", None),
        ("Sender: anna@example.com", None),
    ],
)
def test_e7_a_tricky_from_is_one_canonical_sender_or_nobody(header: str, stored: str | None) -> None:
    results = [PASS] if stored and header.count("@example") > 1 else []
    found = message(mail(*results, header, sender=None))
    assert Mark.UNVERIFIED_SENDER in found.marks
    assert found.sender.value == stored or (stored is None and found.sender.value.endswith((".invalid", "example.com")))
    assert "\x00" not in found.sender.value
    assert "@" not in str(found.extra.get("sender_name", ""))


def test_e8_a_subject_cannot_add_a_header_to_the_answer() -> None:
    raw = mail().replace(b"Subject: Order", b"Subject: =?utf-8?q?a=0d=0aBcc:_evil@example.com=0d=0a=0d=0ax?=")
    found = message(raw)
    assert found.subject is not None
    assert "\n" not in found.subject
    outbound = replace(an_outbound(found.sender), subject=found.subject, in_reply_to=found.external_id)
    letter = compose(outbound, MailStyle(DESK, "Oslo"), AT)
    assert "Bcc" not in letter
    assert letter["To"] == "anna@example.com"


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated; x=y", "List-Id: <a.example>",
        "Precedence: bulk",
        "Precedence: junk", "Return-Path: <>", "X-Autoreply: yes", "List-Unsubscribe: <mailto:a@example.com>",
        "Feedback-ID: 1:2:3",
    ],
)  # fmt: skip
def test_e9_what_a_machine_sent_gets_no_answer(header: str) -> None:
    assert message(mail(header)).is_automatic


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@example.com", "no-reply@example.com", "noreply@example.com", "bounce+1@example.com",
        "postmaster@example.com", DESK, "support+1@oslo.example",
    ],
)  # fmt: skip
def test_e9_robots_and_ourselves_get_no_answer(sender: str) -> None:
    assert message(mail(sender=sender)).is_automatic


def test_e9_an_empty_envelope_sender_gets_no_answer() -> None:
    assert message(mail(), Envelope("", (DESK,))).is_automatic


@pytest.mark.parametrize("header", ["Auto-Submitted: no", "X-Auto-Response-Suppress: All", "Precedence: normal"])
def test_people_are_not_taken_for_machines(header: str) -> None:
    assert not message(mail(header)).is_automatic


def test_e9_two_of_us_do_not_talk_to_each_other() -> None:
    letter = compose(an_outbound(Address(AddressKind.MAILTO, DESK)), MailStyle("help@other.example", "Other"), AT)
    assert message(letter.as_bytes()).is_automatic


VECTORS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>",
    "<a href=' java&#x09;script:alert(1)'>x</a>", "<iframe src=https://evil.example></iframe>",
    "<form action=https://evil.example><button formaction=javascript:alert(1)>x</button></form>",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>", "<style>@import 'https://evil.example'</style>",
    "<div style='background:url(https://evil.example)'>x</div>", "<link rel=stylesheet href=https://evil.example>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<table background=https://evil.example><tr><td>x</table>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<<script>script>alert(1)</script>", "<object data=data:text/html,x></object>", "<embed src=https://evil.example>",
    "<video src=https://evil.example onerror=alert(1)></video>", "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>", "<x onclick=alert(1)>x</x>", "<body onload=alert(1)>",
]  # fmt: skip
FORBIDDEN = re.compile(
    "<(script|iframe|form|base|meta|style|link|object|embed|svg|math|video)"
    "|onerror|onload|onclick|javascript:|data:|formaction|style=|background="
)


@pytest.mark.parametrize("markup", VECTORS)
def test_e10_nothing_in_formatted_mail_can_run(markup: str) -> None:
    cleaned = clean_html(markup).lower().replace("&lt;", "")
    tags = "".join(f"<{part.partition('>')[0]}" for part in cleaned.split("<")[1:])
    assert FORBIDDEN.search(tags) is None


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "C:\\windows\\x.exe",
        "a\u202egnp.exe",
        "x" * 10_000,
        "",
        "a/b",
        "con.txt",
        "..",
        "a\x00b.pdf",
        "same.pdf",
    ],
)
def test_e12_names_of_files_are_harmless_and_differ(name: str) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = "anna@example.com", DESK
    letter.set_content("x")
    for _ in range(2):
        letter.add_attachment(b"content", maintype="application", subtype="pdf", filename="replaced")
    raw = letter.as_bytes().replace(
        b'"replaced"', b'"' + name.encode().replace(b"\\", b"\\\\").replace(b'"', b"") + b'"'
    )
    names = [file.name for file in message(raw).attachments]
    assert len(set(names)) == 2
    assert all(name and len(name) <= 140 and not set(name) & set('/\\:\x00\u202e"') for name in names)
    assert all(not name.startswith(".") and not name.lower().startswith("con.") for name in names)


def test_e13_parts_beyond_the_caps_are_kept_in_the_original() -> None:
    parts = "".join(f"--b\r\nContent-Disposition: attachment; filename={n}.txt\r\n\r\nx\r\n" for n in range(800))
    found = message(mail("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", body=f"{parts}--b--\r\n"))
    assert len(found.attachments) <= 51
    assert found.attachments[-1].name == "message.eml"
    assert found.extra["left_out"]


@pytest.mark.parametrize("header", ["X-Switchboard-Agent: elena", "X-Switchboard-Queue: vip", "X-Verified: yes"])
def test_e14_headers_that_give_orders_are_only_text(header: str) -> None:
    plain, ordered = message(mail()), message(mail(header))
    assert replace(ordered, raw=b"") == replace(plain, raw=b"")


def test_a_bounce_by_its_address_fails_the_message_and_marks_the_mailbox() -> None:
    raw = payload("email", "flanker-office365.eml")
    report, reachable = taken(raw, Envelope("", (IDS.bounce_address(77, DESK),)))
    assert report == DeliveryUpdate(DeliveryState.FAILED, message_id=MessageId(77), code="bounced_5.1.10")
    bad = Address(AddressKind.MAILTO, "noname@example.com")
    assert reachable == Reachability(bad, is_reachable=False, reason="bounced_5.1.10", message_id=MessageId(77))


def test_a_full_mailbox_fails_the_message_and_stays_reachable() -> None:
    returned = IDS.message_id(77, "oslo.example").encode()
    raw = payload("email", "flanker-mailbox-full.eml").replace(b"<4E326A95.3010907@example.com>", returned)
    assert taken(raw) == [DeliveryUpdate(DeliveryState.FAILED, message_id=MessageId(77), code="bounced_5.2.2")]


@pytest.mark.parametrize("name", ["flanker-office365.eml", "flanker-mailbox-full.eml", "flanker-no-mx.eml"])
def test_a_bounce_of_something_that_is_not_ours_is_an_automatic_message(name: str) -> None:
    assert message(payload("email", name)).is_automatic


def test_a_delay_is_no_failure() -> None:
    raw = payload("email", "flanker-no-mx.eml")
    (found,) = taken(raw, Envelope("", (IDS.bounce_address(77, DESK),)))
    assert isinstance(found, Inbound)
