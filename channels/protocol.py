"""What every channel is: a provider's payload in, `Inbound` out; `Outbound` in, a provider's call out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from crm_core.contracts import Address, Attachment, Capabilities, DeliveryReceipt, Incoming, Outbound, RemoteFile


@dataclass(frozen=True, slots=True)
class ChannelRequest:
    """A request as it came, to the byte, apart from any server. Header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The body a provider expects with 200."""

    body: str
    media_type: str = "application/json"


STORED = Acknowledgement('{"status":"stored"}')
Receive = Callable[[Incoming], Awaitable[None]]


class Channel(Protocol):
    """One adapter. The constructor takes secrets and clients and does no I/O."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def acknowledgement(self) -> Acknowledgement: ...

    def verify(self, request: ChannelRequest) -> bool:
        """True when the provider itself sent `request`; looks at the raw body, in constant time."""
        ...

    def parse(self, request: ChannelRequest) -> list[Incoming]:
        """The messages and reports in a verified request. Pure and total: what it does not know gives an empty list."""
        ...

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        """One call of the provider. Errors come back as a receipt, never raised."""
        ...


@runtime_checkable
class AsksProvider(Protocol):
    """The part of a channel whose provider tells what it has taken; goes with InDoubtPolicy.ASK_PROVIDER."""

    async def sent_before(self, outbound: Outbound, since: datetime) -> list[str]:
        """The provider's ids of what says the same to the same recipient since then, oldest first.

        Raises Unavailable when it cannot be asked: then nobody knows yet.
        """
        ...


@runtime_checkable
class Exacting(Protocol):
    """A channel whose other side is written by people like us, who want to be told what is wrong."""

    def check(self, request: ChannelRequest) -> None:
        """Raises InvalidInput for a verified request that `parse` would leave out."""
        ...


@runtime_checkable
class Courteous(Protocol):
    """A channel whose provider wants something done once a request is stored: a pressed button's wait ended."""

    async def after(self, request: ChannelRequest) -> None:
        """Never raises; nobody waits for it, and a crash may leave it out."""
        ...


@runtime_checkable
class FileSource(Protocol):
    """A channel that keeps the files of a message until they are asked for."""

    async def fetch_file(self, file: RemoteFile) -> Attachment:
        """Raises SwitchboardError: a retryable one is tried again."""
        ...


@runtime_checkable
class TypingSign(Protocol):
    """A channel that can show its customer that somebody is at work on an answer."""

    async def show_typing(self, address: Address) -> None:
        """Never raises."""
        ...


class Puller(Protocol):
    """The part of a channel that fetches by itself: IMAP, long polling."""

    async def run(self, receive: Receive) -> None:
        """Fetch for ever. `receive` returns once a message is stored for good; only then is it taken for fetched.

        Raises what the network raises: the caller waits and starts it again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at the provider showed, in words; `remedy` is None when all is well."""

    state: str
    remedy: str | None = None
