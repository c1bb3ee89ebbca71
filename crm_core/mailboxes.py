"""How far each mailbox has been read, kept where a restart finds it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.contracts import InboxId
from crm_core.models_email import MailboxPosition


@dataclass(frozen=True, slots=True)
class Position:
    """Everything up to `last_uid` is stored for good, as long as the mailbox keeps its `uid_validity`."""

    uid_validity: int
    last_uid: int


async def read_position(session: AsyncSession, inbox_id: InboxId, folder: str) -> Position | None:
    row = MailboxPosition
    statement = select(row.uid_validity, row.last_uid).where(row.inbox_id == inbox_id, row.folder == folder)
    found = (await session.execute(statement)).one_or_none()
    return Position(found.uid_validity, found.last_uid) if found is not None else None


async def keep_position(session: AsyncSession, now: datetime, mailbox: tuple[InboxId, str], at: Position) -> None:
    """`mailbox`: the inbox and its folder."""
    inbox_id, folder = mailbox
    values = {"uid_validity": at.uid_validity, "last_uid": at.last_uid, "at": now}
    statement = insert(MailboxPosition).values(inbox_id=inbox_id, folder=folder, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["inbox_id", "folder"], set_=values))
