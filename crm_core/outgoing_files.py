"""Files that an agent sends along: stored first, then named by the message."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.cards import without_card_numbers
from crm_core.contracts import ConversationId, MessageId


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the blob store holds under `token`."""

    token: str
    name: str
    content_type: str
    size: int


async def attach_files(
    session: AsyncSession, conversation_id: ConversationId, message_id: MessageId, files: Sequence[StoredFile]
) -> None:
    """To a message that was written in the same transaction; who may write it was asked there."""
    rows = [
        {
            "conversation_id": conversation_id, "message_id": message_id, "token": file.token,
            "name": without_card_numbers(file.name), "content_type": file.content_type, "size": file.size,
        }
        for file in files
    ]  # fmt: skip
    if rows:
        await session.execute(insert(models.AttachmentRow), rows)
