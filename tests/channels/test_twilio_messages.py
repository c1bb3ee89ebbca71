"""SMS and WhatsApp through the kit of all channels, signed by Twilio's own package."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from channels.fetch import Guard
from channels.protocol import ChannelRequest
from channels.sender import deliver
from channels.twilio_messages import TwilioLine, TwilioMessages
from channels.twilio_rest import TwilioRest
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    DeliveryReceipt,
    DeliveryState,
    DeliveryUpdate,
    Inbound,
    Mark,
    MessageId,
    Outbound,
    Part,
    Reachability,
    RemoteFile,
)
from crm_core.errors import Forbidden, Unavailable
from tests.channels.kit import Case, ReceivingKit, SendingKit, an_outbound, payload
from tests.support.twilio import (
    ACCOUNT,
    ACCOUNT_SID,
    OTHER_SID,
    OUR_NUMBER,
    PUBLIC_URL,
    SECONDARY,
    STRANGERS_TOKEN,
    THEIR_NUMBER,
    FakeTwilio,
    a_form_request,
    form,
    signature,
)

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
SMS, WHATSAPP = Address(AddressKind.TEL, THEIR_NUMBER), Address(AddressKind.WHATSAPP, THEIR_NUMBER)
TEMPLATES = {"en": "HX" + "e" * 32, "ru": "HX" + "f" * 32}
SENT = {"sid": "SM" + "9" * 32, "status": "queued"}
MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM{4:032x}/Media/ME{1:032x}"


def a_line(kind: AddressKind, **changes: object) -> TwilioLine:
    path = "sms" if kind is AddressKind.TEL else "whatsapp"
    line = TwilioLine(kind, OUR_NUMBER, f"{PUBLIC_URL}/webhooks/{path}", f"{PUBLIC_URL}/files")
    return replace(line, **({"most_segments": 6} if kind is AddressKind.TEL else {"templates": TEMPLATES}) | changes)  # type: ignore[arg-type]


def a_channel(fake: FakeTwilio, kind: AddressKind = AddressKind.TEL, **changes: object) -> TwilioMessages:
    return TwilioMessages(fake.rest(), a_line(kind, **changes), lambda: NOW)


@pytest.fixture
def fake() -> FakeTwilio:
    fake = FakeTwilio()
    fake.answer(201, {**SENT})
    return fake


class TwilioKit(ReceivingKit, SendingKit):
    kind: ClassVar[AddressKind]
    folder: ClassVar[str]
    fake: ClassVar[FakeTwilio] = FakeTwilio()
    answers: ClassVar = [
        (status, DeliveryReceipt(DeliveryState.FAILED, code=code, retryable=retryable, retry_after_s=after,
                                 is_unreachable=code == "stopped"))
        for status, code, retryable, after in [
            ("400 21610", "stopped", False, None), ("400 21211", "twilio_21211", False, None),
            ("401 20003", "twilio_20003", False, None), ("429 20429", "twilio_busy", True, 7.0),
            ("refused 0", "twilio_busy", True, 5.0),
        ]
    ] + [
        ("503 20503", DeliveryReceipt(DeliveryState.IN_DOUBT, code="twilio_http_503")),
        ("cut 0", DeliveryReceipt(DeliveryState.IN_DOUBT, code="twilio_http_0")),
    ]  # fmt: skip

    @pytest.fixture(autouse=True)
    def _fresh(self) -> None:
        type(self).fake = FakeTwilio()
        self.fake.answer(201, {**SENT})

    def make(self) -> TwilioMessages:
        return a_channel(self.fake, self.kind)

    def recipient(self) -> Address:
        return Address(self.kind, THEIR_NUMBER)

    def sign(self, body: bytes) -> ChannelRequest:
        return a_form_request(f"/webhooks/{self.folder}", body)

    def forgeries(self) -> Sequence[ChannelRequest]:
        good = self.sign(payload(self.folder, "question.form"))
        tampered = good.body.replace(b"Body=", b"Body=x")
        elsewhere = good.body.replace(ACCOUNT_SID.encode(), OTHER_SID.encode())
        other_number = good.body.replace(OUR_NUMBER[1:].encode(), b"34900000000")
        signed = good.headers["x-twilio-signature"]
        return [
            *(replace(good, headers={**good.headers, "x-twilio-signature": each})
              for each in ("", "x", signed[:-2], signed.lower(), "\ud800", f"{signed}=")),
            replace(good, headers={"content-type": "application/x-www-form-urlencoded"}),
            replace(good, body=tampered), replace(good, path="/webhooks/other"), replace(good, query="a=1"),
            replace(good, body=good.body + b"&To=%2B34900000000"),
            replace(good, headers={**good.headers, "content-type": "application/json"}),
            replace(good, headers={**good.headers, "content-type": "multipart/form-data; boundary=x"}),
            self.signed_as(good.body, STRANGERS_TOKEN), self.signed_as(elsewhere), self.signed_as(other_number),
            a_form_request(good.path, good.body, signed_url=f"http://help.example{good.path}"),
            a_form_request(good.path, good.body, signed_url=f"https://help.example{good.path}/"),
            a_form_request(good.path, good.body, signed_url=f"https://evil.example{good.path}"),
        ]  # fmt: skip

    def test_parse_never_raises_on_a_payload_with_one_thing_changed(self) -> None:
        """The kit changes JSON; a form is changed here."""
        hostile = ("", "\x00", "9" * 400, "-1", "\ud7ff", "a=b&c", "{}", "x" * 20_000)
        for case in self.cases():
            fields = parse_qsl(case.request.body.decode(), keep_blank_values=True)
            for place, value in itertools.product(range(len(fields)), hostile):
                changed = [*fields[:place], (fields[place][0], value), *fields[place + 1 :]]
                assert isinstance(self.make().parse(self.sign(form(changed))), list)

    def signed_as(self, body: bytes, token: str = "t" * 32) -> ChannelRequest:
        return a_form_request(f"/webhooks/{self.folder}", body, token=token)

    def wire(self) -> object:
        [request] = self.fake.requests
        return request.method, request.url.path, request.headers["authorization"][:6], self.fake.forms[0]

    def expected_wire(self, outbound: Outbound) -> object:
        prefix = "whatsapp:" if self.kind is AddressKind.WHATSAPP else ""
        fields = [("To", prefix + THEIR_NUMBER), ("From", prefix + OUR_NUMBER),
                  ("StatusCallback", f"{PUBLIC_URL}/webhooks/{self.folder}?m=77")]  # fmt: skip
        return "POST", f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json", "Basic ", [*fields, *self.said(outbound)]

    def said(self, outbound: Outbound) -> list[tuple[str, str]]:
        return [("Body", outbound.text)]

    def answer_with(self, answer: str) -> None:
        status, _, code = answer.partition(" ")
        failures = {"refused": httpx.ConnectError("no"), "cut": httpx.ReadError("cut")}
        if status in failures:
            self.fake.answers = [failures[status]]
        else:
            self.fake.answer(
                int(status), {"code": int(code), "message": "no"}, **{"Retry-After": "7"} if status == "429" else {}
            )


class TestSms(TwilioKit):
    kind, folder = AddressKind.TEL, "sms"

    def cases(self) -> Sequence[Case]:
        def case(name: str, expected: list[object], query: str = "") -> Case:
            return Case(a_form_request("/webhooks/sms", payload("sms", name), query=query), expected)  # type: ignore[arg-type]

        def said(name: str, number: int, text: str, **more: object) -> Inbound:
            return Inbound(f"SM{number:032x}", SMS, text, raw=payload("sms", name), **more)  # type: ignore[arg-type]

        picture = replace(
            said("picture.form", 4, "", remote_files=(RemoteFile(MEDIA, f"ME{1:032x}", "image/jpeg"),)),
            external_id=f"MM{4:032x}",
        )
        return [
            case("question.form", [said("question.form", 1, "Где мой заказ 100234? ")]),
            case("stop.form", [said("stop.form", 2, "Stop", marks=frozenset({Mark.AUTOMATIC})),
                               Reachability(SMS, is_reachable=False, reason="stop")]),
            case("start.form", [Reachability(SMS, is_reachable=True, reason="start"),
                                said("start.form", 3, "старт", choice="greeting", language="ru")]),
            case("picture.form", [picture]),
        ]  # fmt: skip

    def test_a_redelivery_has_the_same_external_ids(self) -> None:
        for case in self.cases():
            assert self.make().parse(case.request) == self.make().parse(replace(case.request))

    def test_the_raw_payload_is_kept_for_replay(self) -> None:
        for case in self.cases():
            found = [each for each in self.make().parse(case.request) if isinstance(each, Inbound)]
            assert [each.raw for each in found] == [case.request.body]


class TestWhatsApp(TwilioKit):
    kind, folder = AddressKind.WHATSAPP, "whatsapp"

    def cases(self) -> Sequence[Case]:
        def case(name: str, number: int, text: str, **more: object) -> Case:
            body = payload("whatsapp", name)
            inbound = Inbound(f"SM{number:032x}", WHATSAPP, text, raw=body, **more)  # type: ignore[arg-type]
            return Case(a_form_request("/webhooks/whatsapp", body), [inbound])

        named = {"profile_name": "María"}
        return [
            case("question.form", 11, "¿Dónde está mi pedido?", extra={**named}),
            case("button.form", 12, "Talk to a person", choice="talk_to_person", extra={**named}),
            case("place.form", 13, "Oslo & Co., Serrano 14, 40.4229 -3.6885"),
        ]

    def said(self, outbound: Outbound) -> list[tuple[str, str]]:
        """Nobody has written within the day, so a template carries the text, on one line."""
        text = " ".join(outbound.text.split())
        return [("ContentSid", TEMPLATES["en"]), ("ContentVariables", f'{{"1": "{text}"}}')]


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("sms/delivered.form", "m=77", DeliveryUpdate(DeliveryState.DELIVERED, f"SM{9:032x}", MessageId(77))),
        ("sms/delivered.form", "m=77&p=2.3",
         DeliveryUpdate(DeliveryState.DELIVERED, f"SM{9:032x}", MessageId(77), part=Part(2, 3))),
        ("sms/delivered.form", "m=77&p=0.3", DeliveryUpdate(DeliveryState.DELIVERED, f"SM{9:032x}", MessageId(77))),
        ("sms/delivered.form", "", DeliveryUpdate(DeliveryState.DELIVERED, f"SM{9:032x}")),
        ("sms/delivered.form", "m=x", DeliveryUpdate(DeliveryState.DELIVERED, f"SM{9:032x}")),
        ("sms/undelivered.form", "m=7",
         DeliveryUpdate(DeliveryState.FAILED, f"SM{9:032x}", MessageId(7), "twilio_30003")),
        ("whatsapp/read.form", "m=7", DeliveryUpdate(DeliveryState.READ, f"SM{9:032x}", MessageId(7))),
        ("whatsapp/window.form", "m=7",
         DeliveryUpdate(DeliveryState.FAILED, f"SM{9:032x}", MessageId(7), "outside_window")),
    ],
)  # fmt: skip
def test_reports_become_updates(fake: FakeTwilio, name: str, query: str, expected: DeliveryUpdate) -> None:
    folder, _, file = name.partition("/")
    kind = AddressKind.TEL if folder == "sms" else AddressKind.WHATSAPP
    request = a_form_request(f"/webhooks/{folder}", payload(folder, file), query=query)
    channel = a_channel(fake, kind)
    assert channel.verify(request)
    assert channel.parse(request) == [expected]


async def test_each_part_of_a_long_text_asks_for_a_report_of_its_own(fake: FakeTwilio) -> None:
    fake.answer(201, {"sid": "SM1"})
    await deliver(a_channel(fake, AddressKind.TEL), an_outbound(SMS, "Where it is. " * 120))
    asked = [dict(fields)["StatusCallback"].partition("?")[2] for fields in fake.forms]
    assert asked == ["m=77&p=1.2", "m=77&p=2.2"]


FUTURE = [("Body", "hi "), ("SomethingNew", ""), ("AccountSid", ACCOUNT_SID), ("To", OUR_NUMBER),
          ("From", THEIR_NUMBER), ("MessageSid", "SM1"),
          ("MessagingServiceSid", "MG" + "1" * 32), ("Tags", "b"), ("Tags", "a"), ("Tags", "a"),
          ("Quoted", '+%&="«»'), ("Empty", ""), ("Lines", "a\r\nb")]  # fmt: skip


@pytest.mark.parametrize("token", ["t" * 32, SECONDARY])
@pytest.mark.parametrize("port", ["", ":443"])
@pytest.mark.parametrize("query", ["", "m=77", "a=&b=%20c"])
@pytest.mark.parametrize("count", range(3, len(FUTURE) + 1))
def test_whatever_twilio_signs_is_taken(fake: FakeTwilio, token: str, port: str, query: str, count: int) -> None:
    body = form([*FUTURE[2:5], *FUTURE[:2], *FUTURE[5:count]])
    path = "/webhooks/sms"
    url = f"https://help.example{port}{path}{'?' + query if query else ''}"
    request = a_form_request(path, body, token=token, signed_url=url, query=query)
    assert a_channel(fake).verify(request)


def test_a_host_or_a_proxy_of_somebody_else_changes_nothing(fake: FakeTwilio) -> None:
    request = a_form_request("/webhooks/sms", payload("sms", "question.form"))
    behind_proxy = {**request.headers, "host": "10.0.0.7:8080", "x-forwarded-host": "evil.example"}
    assert a_channel(fake).verify(replace(request, headers=behind_proxy))


def test_json_is_taken_by_its_hash_only(fake: FakeTwilio) -> None:
    body = b'{"a":1}'
    digest = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    url = f"{PUBLIC_URL}/webhooks/sms?bodySHA256={digest}"
    headers = {"content-type": "application/json", "x-twilio-signature": signature(url, b"")}
    request = ChannelRequest("POST", "/webhooks/sms", f"bodySHA256={digest}", headers, body)
    assert a_channel(fake).verify(request)
    assert a_channel(fake).parse(request) == []
    assert not a_channel(fake).verify(replace(request, body=b'{"a":2}'))
    assert not a_channel(fake).verify(replace(request, query="bodySHA256=й"))


def test_a_pool_may_receive_on_any_of_its_numbers(fake: FakeTwilio) -> None:
    service = "MG" + "1" * 32
    fields = dict(parse_qsl(payload("sms", "question.form").decode(), keep_blank_values=True))
    body = urlencode({**fields, "To": "+34900000000", "MessagingServiceSid": service}).encode()
    request = a_form_request("/webhooks/sms", body)
    assert a_channel(fake, service_sid=service).verify(request)
    assert not a_channel(fake, service_sid="MG" + "2" * 32).verify(request)


def test_an_account_without_a_token_is_refused() -> None:
    for tokens in ((), ("",), ("t", "")):
        with pytest.raises(ValueError, match="token"):
            replace(ACCOUNT, tokens=tokens)
    assert "t" * 32 not in repr(ACCOUNT)


async def test_a_long_text_goes_out_in_parts_of_six_sms(fake: FakeTwilio) -> None:
    russian = "Ваш заказ в пути. " * 60
    await deliver(a_channel(fake), an_outbound(SMS, russian))
    bodies = [dict(sent)["Body"] for sent in fake.forms]
    assert len(bodies) == 3
    assert all(len(body) <= 6 * 67 for body in bodies)
    assert " ".join(bodies) == russian.strip()


async def test_files_go_by_their_address_at_our_place(fake: FakeTwilio) -> None:
    file = Attachment("label 1.pdf", "application/pdf", b"1", stored_as="A" * 43)
    await a_channel(fake).send(replace(an_outbound(SMS), attachments=(file,)))
    assert ("MediaUrl", f"{PUBLIC_URL}/files/{'A' * 43}/label%201.pdf") in fake.forms[0]


@pytest.mark.parametrize(
    ("silent_for", "language", "sent"),
    [(timedelta(hours=1), "es", "Body"), (timedelta(hours=23, minutes=54), "en", "Body"),
     (timedelta(hours=23, minutes=56), "en", "ContentSid"), (timedelta(days=2), "ru", "ContentSid")],
)  # fmt: skip
async def test_whatsapp_asks_for_a_template_after_a_day(
    fake: FakeTwilio, silent_for: timedelta, language: str, sent: str
) -> None:
    outbound = replace(an_outbound(WHATSAPP), customer_wrote_at=NOW - silent_for, language=language)
    receipt = await a_channel(fake, AddressKind.WHATSAPP).send(outbound)
    assert receipt.state is DeliveryState.SENT
    assert sent in dict(fake.forms[0])


async def test_without_a_template_nothing_goes_out_after_a_day(fake: FakeTwilio) -> None:
    outbound = replace(an_outbound(WHATSAPP), language="es")
    receipt = await a_channel(fake, AddressKind.WHATSAPP).send(outbound)
    assert receipt == DeliveryReceipt(DeliveryState.FAILED, code="outside_window")
    assert fake.requests == []


def listed(sid: str, body: str, at: str, direction: str = "outbound-api") -> dict[str, object]:
    return {"sid": sid, "body": body, "date_created": at, "direction": direction}


async def test_the_provider_is_asked_what_it_has_taken(fake: FakeTwilio) -> None:
    later, earlier = "Mon, 23 Nov 2026 14:02:03 +0000", "Mon, 23 Nov 2026 13:59:59 +0000"
    text = an_outbound(SMS).text
    fake.answer(200, {"messages": [  # type: ignore[dict-item]
        listed("SM3", text, later), listed("SM2", text, later), listed("SM1", text, earlier),
        listed("SM0", "other", later),
        listed("SM4", text, later, "inbound"), {"sid": "SM5"}, "junk",
    ]})  # fmt: skip
    assert await a_channel(fake).sent_before(an_outbound(SMS), NOW.replace(microsecond=400)) == ["SM2", "SM3"]
    assert dict(fake.requests[0].url.params) == {"To": THEIR_NUMBER, "DateSent>": "2026-11-22", "PageSize": "50"}
    fake.answer(500)
    with pytest.raises(Unavailable):
        await a_channel(fake).sent_before(an_outbound(SMS), NOW)


async def test_a_file_is_fetched_from_the_account_with_its_login_which_goes_nowhere_else() -> None:
    seen: list[tuple[str, str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        login = next((line for line in head.splitlines() if line.lower().startswith("authorization")), "")
        seen.append((head.split()[1], login[:20]))
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://localhost:{port}/store\r\nContent-Length: 0\r\n\r\n"
        picture = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\njpeg"
        writer.write((picture if "/store" in head else moved).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    account = replace(ACCOUNT, api_base_url=f"http://127.0.0.1:{port}")
    here = Guard(schemes=frozenset({"http"}), may_connect=lambda _: True)
    channel = TwilioMessages(TwilioRest(account), a_line(AddressKind.TEL), lambda: NOW, here)
    file = RemoteFile(f"{account.api_base_url}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME1", "ME1")
    assert await channel.fetch_file(file) == Attachment("ME1.jpg", "image/jpeg", b"jpeg")
    server.close()
    await server.wait_closed()
    assert [(path.rpartition("/")[2], login) for path, login in seen] == [
        ("ME1", "Authorization: Basic"), ("store", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/2010-04-01/Accounts/x", "https://api.twilio.com.evil.example/2010-04-01/Accounts/",
     f"https://api.twilio.com@evil.example/2010-04-01/Accounts/{ACCOUNT_SID}/Messages", "file:///etc/passwd",
     f"http://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages", "http://169.254.169.254/",
     f"https://api.twilio.com/2010-04-01/Accounts/{OTHER_SID}/Messages/MM1/Media/ME1"],
)  # fmt: skip
async def test_a_foreign_address_is_never_asked(fake: FakeTwilio, url: str) -> None:
    with pytest.raises(Forbidden):
        await a_channel(fake).fetch_file(RemoteFile(url, "x"))
