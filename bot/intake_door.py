"""The one door through which everything that channels bring comes into the core."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.faxes import job_of
from bot.inline import InlineTurns
from bot.services import Services
from channels.fax import fax_inbound
from crm_core.contracts import DeliveryUpdate, Edit, Inbound, Incoming, Reachability
from crm_core.db import unit_of_work, utc_now
from crm_core.deliveries import note_delivery, note_edit, note_reachability
from crm_core.errors import Unavailable
from crm_core.intake import Received, receive
from crm_core.jobs import enqueue

log = structlog.get_logger(__name__)

LOST = (DBAPIError, PoolTimeoutError, OSError)
TRY_AGAIN = "The message store cannot be reached; try again in a moment."


@asynccontextmanager
async def transaction(services: Services) -> AsyncIterator[AsyncSession]:
    """A unit of work whose loss of the database is told as “try again”."""
    try:
        async with unit_of_work(services.sessions) as session:
            yield session
    except LOST as error:
        log.warning("intake.not_stored", error=type(error).__name__)
        raise Unavailable(TRY_AGAIN) from error


@dataclass(frozen=True, slots=True)
class IntakeDoor:
    """`inline` runs turns in this process; without it every turn is left to the workers."""

    services: Services
    inline: InlineTurns | None = None

    async def take(self, inbox_key: str, incoming: Incoming) -> None:
        """Stored for good when this returns, whatever it is."""
        if isinstance(incoming, Inbound):
            if not await self._takes_as_fax(inbox_key, incoming):
                await self.receive(inbox_key, incoming)
            return
        inbox_id, now = self.services.inbox_ids[inbox_key], utc_now()
        async with transaction(self.services) as session:
            match incoming:
                case DeliveryUpdate():
                    await note_delivery(session, now, inbox_id, incoming)
                case Edit():
                    await note_edit(session, now, inbox_id, incoming)
                case Reachability():
                    await note_reachability(session, now, incoming)

    async def _takes_as_fax(self, inbox_key: str, inbound: Inbound) -> bool:
        """A fax waits in a job until its pages are read: only then is it a message."""
        for key, inbox in self.services.inboxes.items():
            fax = fax_inbound(inbox.fax, inbox_key, inbound) if inbox.fax is not None else None
            if fax is not None:
                job = await job_of(key, fax, self.services.blobs)
                async with transaction(self.services) as session:
                    await enqueue(session, utc_now(), job)
                return True
        return False

    async def receive(self, inbox_key: str, inbound: Inbound) -> Received:
        """Stored for good when this returns; the turn runs after it, here or in a worker."""
        inbound = await self._with_files_stored(inbound)
        with self.inline.arrival() if self.inline is not None else nullcontext() as claim:
            async with transaction(self.services) as session:
                inbox_id = self.services.inbox_ids[inbox_key]
                received = await receive(session, utc_now(), inbox_id, inbound, inline=claim)
        if self.inline is not None and claim is not None:
            self.inline.forgo() if received.turn is None else self.inline.start(received.turn)
        self.services.metrics.received.labels(inbox_key, str(received.is_new).lower()).inc()
        return received

    async def _with_files_stored(self, inbound: Inbound) -> Inbound:
        """A redelivery stores its files once more: an orphan on the disk is the price of no lost file."""
        files = [
            file if file.stored_as else replace(file, stored_as=await self.services.blobs.put(file))
            for file in inbound.attachments
        ]
        return replace(inbound, attachments=tuple(files)) if files else inbound
