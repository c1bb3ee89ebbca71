"""What was told of a conversation, as the reports read it."""

from datetime import datetime

from crm_core import models
from crm_core.events import Actor, Event, EventKind
from tests.support.factories import Centre


async def told(centre: Centre, conversation_id: int) -> list[tuple[datetime, Event]]:
    """Its events with their moments, in order."""
    rows = [row for row in await centre.rows(models.Event) if row.conversation_id == conversation_id]
    return [
        (row.at, Event(EventKind(row.kind), Actor(row.actor), row.conversation_id, row.contact_id, row.data))
        for row in rows
    ]
