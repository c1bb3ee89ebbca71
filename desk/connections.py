"""What the desk asks of the application about channels, ERPs and flows: who is there, and whether it works."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """An inbox of `channels.yml`; `why_off` says how to turn it on. `snippet` is what a site embeds."""

    key: str
    channel: str
    name: str
    is_on: bool
    why_off: str = ""
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class ErpNow:
    name: str
    kind: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """One question that was tried; `remedy` is None when all is well. In English, as `python -m bot check` says it."""

    question: str
    state: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class FlowNow:
    name: str
    file: str
    intents: tuple[str, ...]
    steps: int


@dataclass(frozen=True, slots=True)
class DialogueNow:
    """`problem` names file, line and remedy of the first file that cannot be used."""

    flows: tuple[FlowNow, ...]
    replies: tuple[tuple[str, str, int], ...]  # language, file, sentences
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Connections:
    """Handed over by the composition root."""

    channels: Callable[[], Sequence[ChannelNow]]
    test_channel: Callable[[str], Awaitable[Sequence[Tried]]]
    erps: Callable[[], Sequence[ErpNow]]
    test_erp: Callable[[str], Awaitable[Sequence[Tried]]]
    dialogue: Callable[[], Awaitable[DialogueNow]]
    topics: Callable[[], Sequence[str]]  # the intents by which a conversation finds its queue


def _nothing() -> Sequence[ChannelNow]:
    return ()


def _no_erp() -> Sequence[ErpNow]:
    return ()


async def _not_there(key: str) -> Sequence[Tried]:
    return (Tried(key, "is not there"),)


async def _no_dialogue() -> DialogueNow:
    return DialogueNow((), ())


def _no_topics() -> Sequence[str]:
    return ()


NOT_CONNECTED = Connections(_nothing, _not_there, _no_erp, _not_there, _no_dialogue, _no_topics)
