"""Makes an Outbound fit its channel and hands it over, with a time limit and without ever raising."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

import structlog

from channels.gsm7 import room
from channels.protocol import Channel
from crm_core.contracts import Capabilities, DeliveryReceipt, DeliveryState, InDoubtPolicy, Outbound, Part

log = structlog.get_logger(__name__)

SEND_TIMEOUT_S = 20.0
# Where a long text may be cut, best first: paragraph, sentence, clause, word.
BORDERS = tuple(re.compile(pattern) for pattern in (r"\n\s*\n", r"(?<=[.!?…])\s+|\n", r"(?<=[,;:])\s+", r"\s+"))
LEAST_PART = 0.5  # a part shorter than this share of the limit is not worth a better border


def split_text(text: str, limit: int | Callable[[str], int], *, in_utf16: bool = False) -> list[str]:
    """Parts of at most `limit` characters (0: no limit), cut at the best border; nothing but white space is lost.

    As a function `limit` says how many characters of what is left fit: what a text costs may depend on its alphabet.
    `in_utf16` counts a character beyond U+FFFF twice, as those do who keep text in UTF-16.
    """
    parts: list[str] = []
    rest = text.strip()
    while (most := limit(rest) if callable(limit) else limit) and len(rest) > (
        fitting := _characters_within(rest, most) if in_utf16 else most
    ):
        end, start = _cut(rest, fitting)
        parts.append(rest[:end])
        rest = rest[start:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _characters_within(text: str, units: int) -> int:
    """How many characters of `text` take at most `units` in UTF-16."""
    return len(text[:units].encode("utf-16-le")[: units * 2].decode("utf-16-le", errors="ignore"))


def _cut(text: str, limit: int) -> tuple[int, int]:
    """Where the first part ends and where the next begins."""
    for border in BORDERS:
        fitting = [found for found in border.finditer(text, 0, limit + 1) if found.start() <= limit]
        if fitting and fitting[-1].start() >= limit * LEAST_PART:
            return fitting[-1].start(), fitting[-1].end()
    return limit, limit


def downgrade(outbound: Outbound, capabilities: Capabilities) -> Outbound:
    """What the channel cannot draw is said in words; a card's text is complete without it."""
    text, choices = outbound.text, outbound.choices
    if len(choices) > capabilities.choices:
        lines = [f"{number}. {choice.label}" for number, choice in enumerate(choices, start=1)]
        text, choices = "\n".join([text, "", *lines]), ()
    return replace(
        outbound,
        text=text,
        choices=choices,
        card=outbound.card if capabilities.cards else None,
        attachments=outbound.attachments if capabilities.attachments else (),
    )


def parts_of(outbound: Outbound, capabilities: Capabilities) -> list[Outbound]:
    """`outbound` as the messages the channel will carry; buttons and card stay with the last one."""
    fitting = downgrade(outbound, capabilities)
    *first, last = split_text(fitting.text, _limit(capabilities), in_utf16=capabilities.counts_utf16)
    bare = replace(fitting, choices=(), card=None, attachments=())
    parts = [*(replace(bare, text=text) for text in first), replace(fitting, text=last)]
    count = len(parts)
    return [replace(each, part=Part(number, count)) for number, each in enumerate(parts, 1)] if first else parts


def _limit(capabilities: Capabilities) -> int | Callable[[str], int]:
    limit, segments = capabilities.text_limit, capabilities.segments
    return (lambda text: min(limit or len(text), room(text, segments))) if segments else limit


async def deliver(channel: Channel, outbound: Outbound, timeout_s: float = SEND_TIMEOUT_S) -> DeliveryReceipt:
    """Send all parts in order; stops at the first that fails.

    A repeat sends every part again, so a channel with a text limit whose policy is REPEAT must know its parts.
    """
    receipt = DeliveryReceipt(DeliveryState.SENT)
    sent_any = False
    for part in parts_of(outbound, channel.capabilities):
        receipt = await _send(channel, part, timeout_s)
        if receipt.state in (DeliveryState.FAILED, DeliveryState.IN_DOUBT):
            return _after_some(receipt, channel) if sent_any else receipt
        sent_any = True
    return receipt


async def _send(channel: Channel, part: Outbound, timeout_s: float) -> DeliveryReceipt:
    try:
        async with asyncio.timeout(timeout_s):
            return await channel.send(part)
    except TimeoutError:
        code = "timeout"
    except Exception as error:  # noqa: BLE001 - outermost: an adapter's fault must become a recorded result
        log.warning("channel.send_raised", channel=channel.name, error=type(error).__name__)
        code = "adapter_error"
    return in_doubt(channel, code)


def in_doubt(channel: Channel, code: str) -> DeliveryReceipt:
    """The result of a call whose end we did not see: tried again only where a repeat does no harm."""
    if channel.capabilities.in_doubt is InDoubtPolicy.REPEAT:
        return DeliveryReceipt(DeliveryState.FAILED, code=code, retryable=True)
    return DeliveryReceipt(DeliveryState.IN_DOUBT, code=code)


def _after_some(receipt: DeliveryReceipt, channel: Channel) -> DeliveryReceipt:
    """A failure after parts that arrived: repeating all of it would say those twice."""
    if receipt.state is DeliveryState.FAILED and not receipt.retryable:
        return receipt
    if channel.capabilities.in_doubt is InDoubtPolicy.REPEAT:
        return receipt
    return DeliveryReceipt(DeliveryState.IN_DOUBT, code=f"partly_{receipt.code or 'failed'}")
