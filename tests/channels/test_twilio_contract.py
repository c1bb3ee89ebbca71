"""Every call we make of Twilio, held against Twilio's own description of its interface."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from channels.phone.transfer import Legs
from channels.twilio_messages import TwilioLine, TwilioMessages
from channels.twilio_probe import probe_number
from channels.twilio_rest import TwilioRest
from crm_core.contracts import Address, AddressKind, Attachment, DeliveryState
from tests.channels.kit import an_outbound
from tests.support.prism import is_installed, running_prism
from tests.support.twilio import ACCOUNT, OUR_NUMBER, PUBLIC_URL, THEIR_NUMBER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="Prism is not installed: run bin/ensure-prism (needs npm)"),
]

CALL, ROOM, RECORDING = "CA" + "1" * 32, "CF" + "1" * 32, "RE" + "1" * 32
SMS, WHATSAPP = Address(AddressKind.TEL, THEIR_NUMBER), Address(AddressKind.WHATSAPP, THEIR_NUMBER)


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_prism(tmp_path_factory.mktemp("prism")) as url:
        yield url


class Wire(httpx.AsyncHTTPTransport):
    """The network, and what came back over it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        content = await answer.aread()
        self.seen.append((request.url.path, answer.status_code, content.decode()[:400]))
        return httpx.Response(answer.status_code, headers={"content-type": "application/json"}, content=content)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def rest(prism: str, wire: Wire) -> TwilioRest:
    return TwilioRest(replace(ACCOUNT, api_base_url=prism), lambda: httpx.AsyncClient(transport=wire))


@pytest.fixture
def accepted(wire: Wire) -> Callable[[], None]:
    def check() -> None:
        assert wire.seen, "nothing was asked"
        assert [seen for seen in wire.seen if seen[1] >= 300] == []

    return check


def messages(rest: TwilioRest, kind: AddressKind, service: str | None = None) -> TwilioMessages:
    line = TwilioLine(
        kind, OUR_NUMBER, f"{PUBLIC_URL}/webhooks/x", f"{PUBLIC_URL}/files", service, {"en": "HX" + "e" * 32}
    )
    return TwilioMessages(rest, line, lambda: datetime(2026, 11, 23, tzinfo=UTC))


async def test_messages_are_accepted(rest: TwilioRest, accepted: Callable[[], None]) -> None:
    file = Attachment("a.pdf", "application/pdf", b"", stored_as="A" * 43)
    outbound = replace(an_outbound(SMS, "Ваш заказ 1001 отправлен"), attachments=(file, file))
    assert (await messages(rest, AddressKind.TEL).send(outbound)).state is DeliveryState.SENT
    assert (await messages(rest, AddressKind.TEL, "MG" + "1" * 32).send(outbound)).state is DeliveryState.SENT
    template = await messages(rest, AddressKind.WHATSAPP).send(an_outbound(WHATSAPP))
    assert template.state is DeliveryState.SENT
    accepted()


async def test_the_question_what_was_sent_is_accepted(rest: TwilioRest, accepted: Callable[[], None]) -> None:
    await messages(rest, AddressKind.TEL).sent_before(an_outbound(SMS), datetime(2026, 11, 23, tzinfo=UTC))
    accepted()


async def test_calls_and_rooms_are_accepted(rest: TwilioRest, accepted: Callable[[], None]) -> None:
    legs = Legs(rest, OUR_NUMBER, f"{PUBLIC_URL}/phone/line")
    assert await legs.ring(THEIR_NUMBER, 7)
    assert await legs.join(CALL, "call-1-7")
    assert await legs.call_customer("call-1-7", THEIR_NUMBER)
    await legs.hang_up(CALL)
    accepted()


async def test_recordings_are_accepted(rest: TwilioRest, accepted: Callable[[], None]) -> None:
    legs = Legs(rest, OUR_NUMBER, f"{PUBLIC_URL}/phone/line")
    assert await legs.start_recording(CALL)
    await legs.pause_recording(CALL, RECORDING)
    await legs.stop_recording(CALL, RECORDING)
    accepted()


async def test_the_probe_is_accepted(rest: TwilioRest, accepted: Callable[[], None]) -> None:
    probe = await probe_number(rest, OUR_NUMBER, {"sms_url": f"{PUBLIC_URL}/webhooks/x"})
    assert probe.remedy is not None
    accepted()


async def test_what_twilio_would_refuse_is_refused_here(rest: TwilioRest, wire: Wire) -> None:
    """Or the checks above would prove nothing."""
    assert not (await rest.post("/Messages.json", [("Body", "to nobody")])).is_ok
    assert not (await rest.post(f"/Calls/{CALL}.json", [("Status", "asleep")])).is_ok
    assert not (await rest.post("/Calls/nonsense.json", [("Status", "completed")])).is_ok
    assert {seen[1] for seen in wire.seen} <= {400, 404, 422}
