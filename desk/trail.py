"""What the pages write into the audit trail."""

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.audit import AuditAction, Deed, append, note_reading
from crm_core.contracts import Json
from crm_core.events import Actor
from desk.reader import Reader


def source_of(request: Request) -> str | None:
    """The peer of the socket; a header could say anything."""
    return request.client.host if request.client else None


async def audit(
    session: AsyncSession, request: Request, reader: Reader, what: tuple[AuditAction, str | None], **detail: Json
) -> None:
    """Last in its transaction. `what` is the action and its object."""
    action, named = what
    deed = Deed(action, Actor.agent(reader.viewer.user_id), named, source_of(request), detail)
    await append(session, reader.now, deed)


async def audit_reading(session: AsyncSession, request: Request, reader: Reader, conversation_id: int) -> None:
    await note_reading(session, reader.now, reader.reach, conversation_id, source_of(request))
