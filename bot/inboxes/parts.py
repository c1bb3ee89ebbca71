"""What an opened inbox consists of, and what its opener is handed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import APIRouter

from bot.secret import derived_key
from channels.fax import FaxRules
from channels.protocol import Channel, Probe, Puller
from config.business import Business
from config.settings import Settings
from crm_core.blobs import BlobStore
from crm_core.db import Sessions
from crm_core.errors import SetupRequired


class InboxOff(SetupRequired):
    """Raised by an opener whose credentials are missing; its sentence says how to turn the inbox on."""


@dataclass(frozen=True, slots=True)
class InboxTools:
    """What an opener may use; it does no I/O. Without `sessions` an inbox can be looked at but not run."""

    settings: Settings
    business: Business
    key: bytes
    blobs: BlobStore
    sessions: Sessions | None = None

    def derived_key(self, inbox_key: str, purpose: str) -> bytes:
        return derived_key(self.key, f"{inbox_key}/{purpose}")

    def secret(self, inbox_key: str, variable: str) -> str:
        """The value of the environment variable `variable`. Raises InboxOff when it is unset or empty."""
        value = self.settings.secret_named(variable)
        if value is None:
            raise InboxOff(f"The inbox “{inbox_key}” is off: put its secret into the environment as {variable}.")
        return value.decode()

    def webhook_url(self, inbox_key: str) -> str:
        """Where a provider reaches this inbox, as the customer-facing address says it (never the Host header)."""
        return f"{self.settings.base_url}/webhooks/{inbox_key}"


@dataclass(frozen=True, slots=True)
class OpenInbox:
    """One inbox at work. `routes` are what its provider needs beyond `POST /webhooks/{key}`; `probe` looks at the
    provider for `python -m bot check` and the desk's test button. `fax` tells which messages of another inbox are
    faxes of this one.
    """

    key: str
    channel: Channel
    puller: Puller | None = None
    routes: tuple[APIRouter, ...] = field(default=())
    probe: Callable[[], Awaitable[Probe]] | None = None
    close: Callable[[], Awaitable[None]] | None = None
    fax: FaxRules | None = None


@dataclass(frozen=True, slots=True)
class ClosedInbox:
    """One that cannot work, and why, in a sentence that says what to do."""

    key: str
    reason: str
