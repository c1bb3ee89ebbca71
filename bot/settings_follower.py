"""Keeps what a process knows of the business in step with what administrators set at the desk."""

from dataclasses import dataclass

import structlog

from config.business import Business
from config.documents import DocumentError
from crm_core.db import Sessions
from crm_core.settings_store import held_documents
from crm_core.signals import Signal, Topic

log = structlog.get_logger(__name__)


async def as_held(business: Business, readers: Sessions) -> Business:
    """With the desk's documents in the place of files. One that cannot be used leaves all files as they are."""
    async with readers() as session:
        held = await held_documents(session)
    try:
        return business.with_held(held)
    except DocumentError as error:
        log.error("settings.unusable", document=error.path.name, remedy="look at it at /desk/admin")  # noqa: TRY400
        return business


@dataclass(frozen=True, slots=True)
class SettingsFollower:
    """Subscribed to the signals of a process."""

    business: Business
    readers: Sessions

    async def on_signal(self, signal: Signal) -> None:
        if signal.topic in (Topic.SETTINGS, Topic.RESYNC):
            self.business.adopt(await as_held(self.business, self.readers))
