"""Texts are cut where a reader would, and every end of a send becomes a result."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.protocol import ChannelRequest
from channels.sender import deliver, downgrade, split_text
from crm_core.contracts import (
    Address,
    AddressKind,
    Attachment,
    Capabilities,
    Card,
    Choice,
    ConversationId,
    DeliveryReceipt,
    DeliveryState,
    Inbound,
    InDoubtPolicy,
    MessageId,
    Outbound,
)

SENT = DeliveryReceipt(DeliveryState.SENT, external_id="x")
OUTBOUND = Outbound(
    MessageId(1), ConversationId(1), "sms", Address(AddressKind.TEL, "+34600000000"), "Which order? Please choose.",
    "en", choices=(Choice("100234", "a"), Choice("100240", "b")), card=Card("Order"),
    attachments=(Attachment("a", "b/c", b"d"),),
)  # fmt: skip


class Scripted:
    """Answers each send with the next of `ends`; a number sleeps that long, an exception is raised."""

    name = "scripted"

    def __init__(self, capabilities: Capabilities, *ends: DeliveryReceipt | Exception | float) -> None:
        self.capabilities, self._ends = capabilities, list(ends)
        self.sent: list[Outbound] = []

    def verify(self, request: ChannelRequest) -> bool:
        raise NotImplementedError

    def parse(self, request: ChannelRequest) -> list[Inbound]:
        raise NotImplementedError

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        self.sent.append(outbound)
        end = self._ends.pop(0)
        if isinstance(end, Exception):
            raise end
        if isinstance(end, float):
            await asyncio.sleep(end)
            return SENT
        return end


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("short", 10, ["short"]),
        ("", 10, [""]),
        ("any length", 0, ["any length"]),
        ("One two. Three four.", 12, ["One two.", "Three four."]),
        ("Первое. Второе предложение", 19, ["Первое. Второе", "предложение"]),
        ("One.\n\nTwo two. Three", 14, ["One.\n\nTwo two.", "Three"]),
        ("abcdefghij klm", 6, ["abcdef", "ghij", "klm"]),
        ("¿Dónde está? Aquí.", 13, ["¿Dónde está?", "Aquí."]),
    ],
)
def test_text_is_cut_at_the_best_border(text: str, limit: int, parts: list[str]) -> None:
    assert split_text(text, limit) == parts


@given(st.text(st.sampled_from("ab .,!?\nяñ🦊"), max_size=200), st.integers(1, 30))
def test_no_part_is_too_long_and_no_word_is_lost(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_what_a_channel_cannot_draw_is_said_in_words() -> None:
    plain = downgrade(OUTBOUND, Capabilities())
    assert plain.text == "Which order? Please choose.\n\n1. 100234\n2. 100240"
    assert (plain.choices, plain.card, plain.attachments) == ((), None, ())


def test_what_a_channel_can_draw_is_left_alone() -> None:
    assert downgrade(OUTBOUND, Capabilities(choices=2, cards=True, attachments=True)) == OUTBOUND


async def test_buttons_come_with_the_last_part_only() -> None:
    channel = Scripted(Capabilities(text_limit=15, choices=3), SENT, SENT)
    assert await deliver(channel, OUTBOUND) == SENT
    assert [(part.text, len(part.choices)) for part in channel.sent] == [("Which order?", 0), ("Please choose.", 2)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (InDoubtPolicy.REPEAT, DeliveryReceipt(DeliveryState.FAILED, code="timeout", retryable=True)),
        (InDoubtPolicy.PARK, DeliveryReceipt(DeliveryState.IN_DOUBT, code="timeout")),
        (InDoubtPolicy.ASK_PROVIDER, DeliveryReceipt(DeliveryState.IN_DOUBT, code="timeout")),
    ],
)
async def test_a_send_without_an_end_follows_the_policy(policy: InDoubtPolicy, expected: DeliveryReceipt) -> None:
    assert await deliver(Scripted(Capabilities(in_doubt=policy), 5.0), OUTBOUND, timeout_s=0.01) == expected


async def test_an_adapters_fault_becomes_a_result() -> None:
    receipt = await deliver(Scripted(Capabilities(), RuntimeError("boom")), OUTBOUND)
    assert receipt == DeliveryReceipt(DeliveryState.IN_DOUBT, code="adapter_error")


async def test_a_refusal_is_passed_on() -> None:
    refused = DeliveryReceipt(DeliveryState.FAILED, code="blocked")
    assert await deliver(Scripted(Capabilities(), refused), OUTBOUND) == refused


async def test_after_a_part_arrived_a_retry_would_repeat_it_so_it_is_parked() -> None:
    busy = DeliveryReceipt(DeliveryState.FAILED, code="429", retryable=True)
    channel = Scripted(Capabilities(text_limit=15), SENT, busy)
    assert await deliver(channel, OUTBOUND) == DeliveryReceipt(DeliveryState.IN_DOUBT, code="partly_429")
    assert len(channel.sent) == 2
