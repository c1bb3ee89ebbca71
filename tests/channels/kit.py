"""One kit for every channel: an adapter's test fills in what is its own and inherits the behaviours all must have."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.protocol import Channel, ChannelRequest
from channels.sender import deliver
from crm_core.contracts import (
    Address,
    ConversationId,
    DeliveryReceipt,
    DeliveryState,
    Inbound,
    InDoubtPolicy,
    MessageId,
    Outbound,
)

PAYLOADS = Path(__file__).parent / "payloads"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner))
fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


def payload(channel: str, name: str) -> bytes:
    """A captured body, to the byte."""
    return (PAYLOADS / channel / name).read_bytes()


def an_outbound(recipient: Address, text: str = "Your order is on its way.", number: int = 77) -> Outbound:
    return Outbound(MessageId(number), ConversationId(5), "inbox", recipient, text, "en", subject="Your order")


@dataclass(frozen=True)
class Case:
    """A genuine request and all that must be understood in it."""

    request: ChannelRequest
    expected: Sequence[Inbound]


class ReceivingKit:
    """Fill `make`, `cases`, `sign` and `forgeries`; `unknown` are genuine bodies that mean nothing to us."""

    unknown: ClassVar[Sequence[bytes]] = (b"", b"{}", b"[]", b"null", b'{"type":"from the future"}', b"\xff\xfe\x00")

    def make(self) -> Channel:
        raise NotImplementedError

    def cases(self) -> Sequence[Case]:
        raise NotImplementedError

    def sign(self, body: bytes) -> ChannelRequest:
        """`body` as the provider would send it."""
        raise NotImplementedError

    def forgeries(self) -> Sequence[ChannelRequest]:
        raise NotImplementedError

    def test_genuine_requests_verify(self) -> None:
        channel = self.make()
        assert [channel.verify(case.request) for case in self.cases()] == [True] * len(self.cases())

    def test_payloads_become_the_expected_messages(self) -> None:
        channel = self.make()
        for case in self.cases():
            assert channel.parse(case.request) == list(case.expected)

    def test_a_redelivery_has_the_same_external_ids(self) -> None:
        for case in self.cases():
            first, again = self.make().parse(case.request), self.make().parse(replace(case.request))
            assert [inbound.external_id for inbound in first] == [inbound.external_id for inbound in again]

    def test_the_raw_payload_is_kept_for_replay(self) -> None:
        for case in self.cases():
            assert all(inbound.raw == case.request.body for inbound in self.make().parse(case.request))

    def test_forged_requests_do_not_verify(self) -> None:
        channel = self.make()
        assert [channel.verify(request) for request in self.forgeries()] == [False] * len(self.forgeries())

    def test_unknown_payloads_give_nothing(self) -> None:
        channel = self.make()
        assert [channel.parse(self.sign(body)) for body in self.unknown] == [[]] * len(self.unknown)

    @fuzz
    @given(body=st.binary(max_size=300) | trees.map(lambda tree: json.dumps(tree).encode()))
    def test_parse_never_raises(self, body: bytes) -> None:
        channel, request = self.make(), self.sign(body)
        assert isinstance(channel.parse(request), list)
        assert isinstance(channel.parse(replace(request, headers={})), list)

    @fuzz
    @given(field=st.integers(0, 6), value=trees)
    def test_parse_never_raises_on_a_payload_with_one_thing_changed(self, field: int, value: object) -> None:
        for case in self.cases():
            try:
                content = json.loads(case.request.body)
            except ValueError:
                return
            names = sorted(content)
            content[names[field % len(names)]] = value
            assert isinstance(self.make().parse(self.sign(json.dumps(content).encode())), list)


class SendingKit:
    """Fill `make`, `recipient`, `wire` (what the counterpart saw last) with what it should be, and `answers`."""

    answers: ClassVar[Sequence[tuple[str, DeliveryReceipt]]] = ()

    def make(self) -> Channel:
        raise NotImplementedError

    def recipient(self) -> Address:
        raise NotImplementedError

    def wire(self) -> object:
        """None where nothing goes out: the customer's side fetches from our store."""
        return None

    def expected_wire(self, outbound: Outbound) -> object:
        del outbound
        return None

    def answer_with(self, answer: str) -> None:
        """Make the counterpart say `answer` to the next send."""
        raise NotImplementedError

    async def test_an_outbound_becomes_the_expected_request(self) -> None:
        outbound = an_outbound(self.recipient(), "¡Su pedido está en camino!\nВаш заказ в пути.")
        await self.make().send(outbound)
        assert self.wire() == self.expected_wire(outbound)

    async def test_each_answer_of_the_provider_becomes_its_result(self) -> None:
        for answer, expected in self.answers:
            self.answer_with(answer)
            assert await self.make().send(an_outbound(self.recipient())) == expected

    async def test_a_send_is_reported_as_sent(self) -> None:
        receipt = await deliver(self.make(), an_outbound(self.recipient()))
        assert receipt.state is DeliveryState.SENT
        assert receipt.external_id

    async def test_a_repeat_is_recognisable_where_the_policy_is_to_repeat(self) -> None:
        channel = self.make()
        if channel.capabilities.in_doubt is not InDoubtPolicy.REPEAT:
            pytest.skip("this channel does not repeat")
        outbound = an_outbound(self.recipient())
        first, again = await channel.send(outbound), await channel.send(outbound)
        other = await channel.send(an_outbound(self.recipient(), number=78))
        assert first.external_id == again.external_id != other.external_id
