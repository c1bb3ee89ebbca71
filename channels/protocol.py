"""What every channel is: a provider's payload in, `Inbound` out; `Outbound` in, a provider's call out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from crm_core.contracts import Capabilities, DeliveryReceipt, Inbound, Outbound


@dataclass(frozen=True, slots=True)
class ChannelRequest:
    """A request as it came, to the byte, apart from any server. Header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Channel(Protocol):
    """One adapter. The constructor takes secrets and clients and does no I/O."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def verify(self, request: ChannelRequest) -> bool:
        """True when the provider itself sent `request`; looks at the raw body, in constant time."""
        ...

    def parse(self, request: ChannelRequest) -> list[Inbound]:
        """The messages in a verified request. Pure and total: what it does not know gives an empty list."""
        ...

    async def send(self, outbound: Outbound) -> DeliveryReceipt:
        """One call of the provider. Errors come back as a receipt, never raised."""
        ...
